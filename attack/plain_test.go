package attack

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// parrot is a server that gives every request without a body the same answer and allocates nothing for it, so that
// what a process allocates while it is asked is the client's doing.
func parrot(t testing.TB, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		repeat(c, []byte(answer))
	}()
	t.Cleanup(func() { listener.Close(); <-served })
	return "http://" + listener.Addr().String()
}

// repeat answers each blank line, until the other side closes.
func repeat(c net.Conn, answer []byte) {
	buf, end := make([]byte, 4096), 0
	for {
		n, err := c.Read(buf[end:])
		if err != nil {
			return
		}
		end += n
		for {
			at := bytes.Index(buf[:end], []byte("\r\n\r\n"))
			if at < 0 {
				break
			}
			end = copy(buf, buf[at+4:end])
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// oneUser returns a user who sends the request again and again, on one connection, and records nothing.
func oneUser(t testing.TB, request *scenarios.Request, o Options) (u *virtualUser, send func()) {
	t.Helper()
	o.Script = plan(scenarios.Phase{Users: 1}, request)
	r := &run{opts: o.withDefaults(), shards: []Shard{Deaf{}}, userErrors: map[string]int64{}}
	if err := r.compile(); err != nil {
		t.Fatal(err)
	}
	r.gate = newGate(context.Background(), 0, nil)
	u = r.newUser(0, time.Now(), r.gate)
	t.Cleanup(func() { u.close(); r.gate.close() })
	return u, func() {
		var err error
		if u.due, err = u.do(context.Background(), r.blueprints[0], u.vars, u.due); err != nil {
			t.Fatal(err)
		}
	}
}

const listingAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n"

// A plain GET that is sent again and again allocates nothing, whatever the answer looks like.
func TestPlainGetAllocatesNothing(t *testing.T) {
	body := string(bytes.Repeat([]byte("x"), 470))
	answers := map[string]string{
		"content length": listingAnswer + "Content-Length: 470\r\n\r\n" + body,
		"chunked":        listingAnswer + "Transfer-Encoding: chunked\r\n\r\n1d6\r\n" + body + "\r\n0\r\n\r\n",
		"compressed":     listingAnswer + "Content-Encoding: gzip\r\nContent-Length: 470\r\n\r\n" + body,
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			_, send := oneUser(t, get(parrot(t, answer)+"/listings/7"), Options{})
			send()
			if allocs := testing.AllocsPerRun(500, send); allocs != 0 {
				t.Errorf("a request costs %v allocations, want 0", allocs)
			}
		})
	}
}

// BenchmarkPlainGet is one user's closed loop over loopback, and what a server takes that only compares and writes.
func BenchmarkPlainGet(b *testing.B) {
	answer := listingAnswer + "Content-Length: 470\r\n\r\n" + string(bytes.Repeat([]byte("x"), 470))
	_, send := oneUser(b, get(parrot(b, answer)+"/listings/7"), Options{})
	b.ReportAllocs()
	for b.Loop() {
		send()
	}
}

// BenchmarkPlainGetClient is the client's own share of it, without a network.
func BenchmarkPlainGetClient(b *testing.B) {
	answer := listingAnswer + "Content-Length: 470\r\n\r\n" + string(bytes.Repeat([]byte("x"), 470))
	u, send := oneUser(b, get("http://127.0.0.1:1/listings/7"), Options{})
	to := u.run.blueprints[0].origin
	u.conns = []*conn{{Conn: mirror(answer), origin: to, buf: make([]byte, readBuffer), unwatch: func() bool { return true }}}
	b.ReportAllocs()
	for b.Loop() {
		send()
	}
}

// mirror is a connection on which every request has the same answer.
type mirror string

func (m mirror) Read(into []byte) (int, error)    { return copy(into, m), nil }
func (m mirror) Write(from []byte) (int, error)   { return len(from), nil }
func (m mirror) Close() error                     { return nil }
func (m mirror) LocalAddr() net.Addr              { return nil }
func (m mirror) RemoteAddr() net.Addr             { return nil }
func (m mirror) SetDeadline(time.Time) error      { return nil }
func (m mirror) SetReadDeadline(time.Time) error  { return nil }
func (m mirror) SetWriteDeadline(time.Time) error { return nil }
