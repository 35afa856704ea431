//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// crowd has many clients ask for what only the store has, each without a pause, while it takes its time for every answer.
// What it cannot do is refused.
func (s *scene) crowd() (end func()) {
	done := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 16 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if status := s.status(s.uncached, fmt.Sprint("/reviews/", 50+n%10)); status != 200 && status != 503 {
						s.t.Errorf("status %d", status)
					}
				}
			}
		})
	}
	s.await("something is refused", func() bool { return s.metric(s.uncached, `imgsvc_shed_total{reason="overload"}`) > 5 })
	return func() {
		close(done)
		clients.Wait()
	}
}

// flood opens connections on which nothing is said.
func (s *scene) flood() (end func()) {
	var conns []net.Conn
	for range 500 {
		conns = append(conns, s.dial())
	}
	return func() {
		for _, conn := range conns {
			conn.Close()
		}
	}
}

// rabble has clients send what no client should, over and over.
func (s *scene) rabble() (end func()) {
	const line = "GET /reviews/1 HTTP/1.1\r\nHost: test\r\n"
	done := make(chan struct{})
	var clients sync.WaitGroup
	for name, send := range map[string]func(io.Writer){
		"byte by byte": func(w io.Writer) { sendSlowly(w, line, done) },
		"half a body": func(w io.Writer) {
			fmt.Fprint(w, line, "Content-Length: 100\r\n\r\nhalf")
			sendSlowly(w, "of it", done)
		},
		"huge head":    func(w io.Writer) { fmt.Fprint(w, line, "X-Bomb: ", strings.Repeat("x", 1<<20)) },
		"many headers": func(w io.Writer) { fmt.Fprint(w, line, strings.Repeat("X-Bomb: x\r\n", 50_000)) },
		"huge body":    func(w io.Writer) { fmt.Fprint(w, line, "Content-Length: 9999999\r\n\r\n", strings.Repeat("x", 1<<20)) },
		"endless path": func(w io.Writer) { fmt.Fprint(w, "GET /", strings.Repeat("x", 1<<20)) },
		"not HTTP":     func(w io.Writer) { fmt.Fprint(w, "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 hello\r\n\r\n") },
		"two lengths":  func(w io.Writer) { fmt.Fprint(w, line, "Content-Length: 1\r\nContent-Length: 2\r\n\r\n") },
	} {
		for range 4 {
			clients.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						s.misbehave(name, send)
					}
				}
			})
		}
	}
	return func() {
		close(done)
		clients.Wait()
	}
}

// misbehave sends something on a connection of its own and takes what comes back, which must not be an answer of success.
func (s *scene) misbehave(name string, send func(io.Writer)) {
	conn := s.dial()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // the service has longer limits; that is no matter here
	send(conn)                                        // it may hang up before
	answer, _ := io.ReadAll(io.LimitReader(conn, 1000))
	if strings.HasPrefix(string(answer), "HTTP/1.1 2") {
		s.t.Errorf("%s: %s", name, answer)
	}
}

// sendSlowly sends a byte now and then.
func sendSlowly(w io.Writer, text string, done <-chan struct{}) {
	for i := range len(text) {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := io.WriteString(w, text[i:i+1]); err != nil {
			return
		}
	}
}

func (s *scene) dial() net.Conn {
	conn, err := net.Dial("tcp", s.cached.Addr)
	if err != nil {
		s.t.Error(err)
		return &net.TCPConn{}
	}
	return conn
}
