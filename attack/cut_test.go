package attack

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// cut is a way to end a connection in the middle of an answer.
type cut struct {
	name  string
	reset bool // instead of a FIN
	kept  bool // on a connection that has answered before
	tls   bool
}

// answersToCut are samples of how answers say where they end. openEnd is from which byte on a FIN ends them well.
func answersToCut() map[string]struct {
	text    string
	openEnd int
} {
	const head = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
	length := head + "Content-Length: 5\r\n\r\nhello"
	chunks := "HTTP/1.1 103 Early Hints\r\n\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-A: b\r\n\r\n"
	return map[string]struct {
		text    string
		openEnd int
	}{
		"Content-Length": {length, len(length)},
		"chunked":        {chunks, len(chunks)},
		"until close":    {head + "\r\nhello", len(head) + 2},
	}
}

// An answer that is cut off is an error, and none that is whole: at every byte of it, by FIN and by reset, on new and on
// kept connections. A body without a length is whole wherever a FIN ends it, since nothing else says so.
func TestCutAtEveryByte(t *testing.T) {
	ways := []cut{
		{name: "FIN"}, {name: "RST", reset: true}, {name: "FIN, kept connection", kept: true},
		{name: "RST, kept connection", reset: true, kept: true}, {name: "FIN below TLS", tls: true},
	}
	certificate := newAuthority(t).issue(forHost(-1<<40, 1<<40))
	for framing, answer := range answersToCut() {
		for _, way := range ways {
			t.Run(framing+"/"+way.name, func(t *testing.T) {
				at := make(chan int, 1)
				url := way.serve(t, answer.text, at, &tls.Config{Certificates: []tls.Certificate{certificate}})
				for n := range len(answer.text) + 1 {
					want, body := "ECONNRESET", max(0, n-answer.openEnd)
					if whole := n == len(answer.text) && framing != "until close"; whole || n >= answer.openEnd && !way.reset {
						want = "200"
					}
					at <- n
					if got := way.ask(t, url); outcomeOf(got) != want || framing == "until close" && want == "200" && got.BytesIn != uint64(body) {
						t.Errorf("cut behind byte %d of %d: %s with %d bytes, want %s with %d",
							n, len(answer.text), outcomeOf(got), got.BytesIn, want, body)
					}
				}
			})
		}
	}
}

// serve answers requests of /cut with as many bytes as at says, and ends the connection in its way; others it answers.
func (way cut) serve(t *testing.T, answer string, at <-chan int, config *tls.Config) string {
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		raw := c.(*net.TCPConn)
		if way.tls {
			c = tls.Server(raw, config)
			in = bufio.NewReader(c)
		}
		for {
			r, err := http.ReadRequest(in)
			switch {
			case err != nil:
				return
			case r.URL.Path == "/cut":
				io.WriteString(c, answer[:<-at])
				if way.reset {
					raw.SetLinger(0)
				}
				return
			}
			io.WriteString(c, okAnswer)
		}
	})
	if way.tls {
		url = strings.Replace(url, "http:", "https:", 1)
	}
	return url
}

// ask has a new user ask for what will be cut off. What was sent on a kept connection and came to nothing is asked again
// where that is safe, so there the request is one that is not repeated.
func (way cut) ask(t *testing.T, url string) Result {
	t.Helper()
	first, asked := get(url), get(url+"/cut")
	asked.Method = "POST"
	u, n := hostileUser(t, Options{Remote: true, Timeout: ampleLimit, TLS: anyCertificate()}, asked, first)
	defer u.close()
	if way.kept {
		if err := u.send(1); err != nil {
			t.Fatal(err)
		}
	}
	u.send(0)
	if all := fmt.Sprint(n.codes()); len(n.results) != 1 && !way.kept || len(n.results) > 2 {
		t.Fatalf("results %s", all)
	}
	return n.results[len(n.results)-1]
}

// A GET on a kept connection that ends before the first byte was crossed by the close, and is asked again at once.
func TestCutBeforeTheFirstByteIsAskedAgain(t *testing.T) {
	var way cut
	at := make(chan int, 1)
	url := way.serve(t, "", at, nil)
	u, n := hostileUser(t, Options{Remote: true, Timeout: ampleLimit}, get(url+"/cut"), get(url))
	if err := u.send(1); err != nil {
		t.Fatal(err)
	}
	at <- 0
	u.conns[0].roundTrip = ampleLimit // however late the close is on a busy machine
	close(at)                         // the second time it ends likewise, on a connection that is new
	if u.send(0); u.reconnects != 1 || outcomeOf(n.results[1]) != "ECONNRESET" || len(n.results) != 2 {
		t.Errorf("%d reconnects, results %v; want 1 and, of two requests, one ECONNRESET", u.reconnects, n.codes())
	}
}

// A user who is sent from origin to origin keeps connections to so many, and no more.
func TestOriginsAreBounded(t *testing.T) {
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		for _, err := http.ReadRequest(in); err == nil; _, err = http.ReadRequest(in) {
			io.WriteString(c, okAnswer)
		}
	})
	u, _ := hostileUser(t, Options{Remote: true, Timeout: ampleLimit}, get(url), get(url))
	closed := 0
	for i := range maxOrigins {
		other := conn{Conn: &closing{closed: &closed}, origin: origin{addr: fmt.Sprint(i)}, unwatch: func() bool { return true }}
		u.conns = append(u.conns, &other)
	}
	if err := u.send(0); err != nil || len(u.conns) != maxOrigins || closed != 1 || u.conns[0].origin.addr != "1" {
		t.Errorf("error %v, %d connections, %d closed, the oldest to %s; want %d, 1 and 1",
			err, len(u.conns), closed, u.conns[0].origin.addr, maxOrigins)
	}
}

// closing is a connection that can be closed, and nothing else.
type closing struct {
	net.Conn
	closed *int
}

func (c *closing) Close() error { *c.closed++; return nil }
