package attack

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/starkillersystems/imgsvc/scenarios"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// A service that takes a request and dies over it has failed it: asking again would hide that, and repeat a DELETE.
func TestServiceThatDiesOverARequestIsNotAskedAgain(t *testing.T) {
	for _, method := range []string{"GET", "DELETE"} {
		var received atomic.Int64
		url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
			for i := range 2 {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				received.Add(1)
				if i == 1 {
					time.Sleep(300 * time.Millisecond) // at work on it: far longer than two round trips here
					return
				}
				io.WriteString(c, okAnswer)
			}
		})
		request := get(url)
		request.Method = method
		n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 4}, request)})
		n.wantCodes(t, map[string]int{"200": 2, "ECONNRESET": 2})
		if received.Load() != 4 {
			t.Errorf("%s: the service received %d requests, want the 4 that were reported", method, received.Load())
		}
	}
}

// Time to think longer than the timeout does not cost a healthy connection.
func TestThinkingKeepsTheConnection(t *testing.T) {
	s := newSite(t, fine)
	post := get(s.URL)
	post.Method, post.Body = "POST", scenarios.Literal("12345")
	n, summary := mustRun(t, Options{
		Script:  plan(scenarios.Phase{Users: 1, Requests: 3}, post, &scenarios.Think{Duration: 800 * time.Millisecond}),
		Timeout: 500 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 3})
	if summary.Reconnects != 0 || s.conns.Load() != 1 {
		t.Errorf("%d reconnects over %d connections, want 0 over 1", summary.Reconnects, s.conns.Load())
	}
	for _, r := range n.results {
		if r.BytesOut != 5 || r.BytesIn != 5 {
			t.Errorf("bytes out %d, in %d; want the 5 of each body", r.BytesOut, r.BytesIn)
		}
	}
}

// Bytes that nobody asked for are not the answer to the next request.
func TestUnsolicitedAnswerIsNotTaken(t *testing.T) {
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			io.WriteString(c, okAnswer)
			time.Sleep(20 * time.Millisecond)
			io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		}
	})
	n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 5}, get(url),
		&scenarios.Think{Duration: 200 * time.Millisecond})})
	n.wantCodes(t, map[string]int{"200": 5})
}

// A service may refuse a body before all of it was sent.
func TestEarlyRefusalIsHeard(t *testing.T) {
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		c.(*net.TCPConn).CloseWrite()
		io.CopyN(io.Discard, in, 1<<20) // of 16 MiB; what comes then is reset
	})
	put := get(url)
	put.Method, put.Body = "PUT", scenarios.Literal(strings.Repeat("x", 16<<20))
	n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 3}, put)})
	for _, r := range n.results {
		// The reset may overtake the answer on its way through the kernel: then there was none to hear.
		if r.Code != 413 && r.Error != "ECONNRESET" && r.Error != "EPIPE" {
			t.Errorf("status %d, error %q; want 413, or the reset", r.Code, r.Error)
		}
	}
}

// Vegeta judges by the status alone: an answer that broke off has none.
func TestIncompleteAnswerIsNoSuccessForVegeta(t *testing.T) {
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
		}
	})
	var stream bytes.Buffer
	w := NewResultWriter(&stream)
	n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 5}, get(url)), Results: w.Write})
	n.wantCodes(t, map[string]int{"ECONNRESET": 5})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var metrics vegeta.Metrics
	decode := vegeta.NewDecoder(&stream)
	for range 5 {
		var r vegeta.Result
		if err := decode(&r); err != nil {
			t.Fatal(err)
		}
		metrics.Add(&r)
	}
	metrics.Close()
	if metrics.Success != 0 {
		t.Errorf("vegeta counts success %v, want 0", metrics.Success)
	}
}

// The host a script asks for is the one that is sent, once, and kept on a redirect to the same place.
func TestOwnHostHeader(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	})
	var names scenarios.Names
	address, err := scenarios.Compile("{{ base }}/", &names)
	if err != nil {
		t.Fatal(err)
	}
	host := []scenarios.Header{{Name: "Host", Value: scenarios.Literal("shop.example")}}
	bp, err := compile(&scenarios.Request{Method: "GET", URL: address, Headers: host})
	if err != nil {
		t.Fatal(err)
	}
	text, _, _, err := bp.render(nil, &scenarios.Vars{Slots: []scenarios.Value{scenarios.Any(s.URL)}})
	if err != nil || strings.Count(string(text), "Host:") != 1 {
		t.Errorf("a templated host renders %q, %v; want one Host header", text, err)
	}
	request := get(s.URL + "/")
	request.Headers = host
	mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 1}, request)})
	for _, r := range s.asked() {
		if r.Host != "shop.example" {
			t.Errorf("%s was asked of host %s, want shop.example", r.URL, r.Host)
		}
	}
	if len(s.asked()) != 2 {
		t.Errorf("%d requests, want 2", len(s.asked()))
	}
}

func TestWhatIsAskedAgain(t *testing.T) {
	near := time.Now()
	long := near.Add(-time.Second)
	tests := []struct {
		name    string
		method  string
		conn    conn
		written int
		at      time.Time
		err     error
		want    bool
	}{
		{"closed while idle", "GET", conn{used: true}, 50, near, io.EOF, true},
		{"closed before a byte of a POST", "POST", conn{used: true}, 0, long, io.EOF, true},
		{"closed when a POST was sent", "POST", conn{used: true}, 50, near, io.EOF, false},
		{"closed later than the way takes", "GET", conn{used: true}, 50, long, io.EOF, false},
		{"on a long way", "GET", conn{used: true, roundTrip: time.Second}, 50, long, io.EOF, true},
		{"on a new connection", "GET", conn{}, 50, near, io.EOF, false},
		{"in the answer", "GET", conn{used: true, answered: true}, 50, near, io.EOF, false},
		{"not closed at all", "GET", conn{used: true}, 50, near, errHeader, false},
	}
	for _, test := range tests {
		c := &client{written: test.at}
		if got := c.stale(&test.conn, test.method, test.written, test.err); got != test.want {
			t.Errorf("%s: asked again: %v, want %v", test.name, got, test.want)
		}
	}
}
