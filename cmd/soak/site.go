//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// fault is something that may be wrong with the service for a while.
type fault string

const (
	calm     fault = ""
	failing  fault = "500s"
	resets   fault = "resets"
	stalls   fault = "stalls"
	slow     fault = "slow bodies"
	refusing fault = "refused connects"
	renewing fault = "TLS restart"
)

// faults are in the order of a round.
func faults() []fault { return []fault{failing, resets, stalls, slow, refusing, renewing} }

// site is the service: the same handler behind four doors.
type site struct {
	doors map[string]*door

	mu      sync.Mutex
	fault   fault
	changed chan struct{}               // closed when the fault is over
	served  map[string]map[string]int64 // answers begun, by attack and status
}

// door is one address of the service.
type door struct {
	scheme, addr string
	http2        bool
	server       *http.Server
	done         chan struct{}
}

// openSite starts the service on free ports of the loopback interface.
func openSite() (*site, error) {
	s := &site{changed: make(chan struct{}), served: map[string]map[string]int64{}, doors: map[string]*door{
		"http": {scheme: "http"}, "https": {scheme: "https"}, "h2c": {scheme: "http", http2: true}, "h2": {scheme: "https", http2: true},
	}}
	for _, d := range s.doors {
		if err := d.open(s); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// open listens where it listened before.
func (d *door) open(handler http.Handler) error {
	listener, err := listen(d.addr)
	if err != nil {
		return err
	}
	d.addr = listener.Addr().String()
	d.server = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols)}
	d.server.Protocols.SetHTTP1(!d.http2)
	d.server.Protocols.SetHTTP2(d.http2)
	d.server.Protocols.SetUnencryptedHTTP2(d.http2 && d.scheme == "http")
	if d.scheme == "https" {
		d.server.TLSConfig = certified()
	}
	server, done := d.server, make(chan struct{})
	d.done = done
	go func() {
		defer close(done)
		if server.TLSConfig != nil {
			_ = server.ServeTLS(listener, "", "") // until it is closed
			return
		}
		_ = server.Serve(listener)
	}()
	return nil
}

// listen waits some seconds for a port somebody else may have taken meanwhile.
func listen(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	for patience := 50; ; patience-- {
		listener, err := net.Listen("tcp", addr)
		if err == nil || patience == 0 {
			return listener, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// certified returns a configuration with net/http's certificate for tests. A new one has new session keys.
func certified() *tls.Config {
	lender := httptest.NewUnstartedServer(nil)
	lender.StartTLS()
	defer lender.Close()
	return &tls.Config{Certificates: lender.TLS.Certificates}
}

// shut closes the door and every connection through it.
func (d *door) shut() {
	if d.server != nil {
		_ = d.server.Close()
		<-d.done
	}
}

func (s *site) close() {
	for _, d := range s.doors {
		d.shut()
	}
}

// url is where an attack of that name finds the service.
func (s *site) url(door, attack string) string {
	d := s.doors[door]
	return fmt.Sprintf("%s://%s/%s", d.scheme, d.addr, attack)
}

// begin lets a fault begin.
func (s *site) begin(f fault) {
	s.mu.Lock()
	s.fault = f
	s.mu.Unlock()
	if f != refusing {
		return
	}
	for _, d := range s.doors {
		d.shut()
	}
}

// end lets it be over.
func (s *site) end(f fault) error {
	s.mu.Lock()
	s.fault = calm
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	for _, d := range s.doors {
		if f == renewing && d.scheme == "https" {
			d.shut()
		}
		if f == refusing || f == renewing && d.scheme == "https" {
			if err := d.open(s); err != nil {
				return fmt.Errorf("open %s again: %w", d.addr, err)
			}
		}
	}
	return nil
}

// ServeHTTP answers /ATTACK/PAGE.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	attack, page, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	now, over := s.fault, s.changed
	s.mu.Unlock()
	switch now {
	case resets:
		reset(w)
		return
	case stalls:
		select {
		case <-over:
		case <-r.Context().Done():
			return
		}
	}
	status := http.StatusOK
	switch {
	case now == failing:
		status = http.StatusInternalServerError
	case page == "moved":
		status = http.StatusFound
		w.Header().Set("Location", "/"+attack+"/end")
	case page == "login":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/"})
	}
	s.count(attack, status)
	w.WriteHeader(status)
	s.body(w, r.Context(), now)
}

// body writes 500 bytes of JSON, in two halves if that is to be slow.
func (s *site) body(w http.ResponseWriter, ctx context.Context, now fault) {
	text := `{"token":"t","text":"` + strings.Repeat("x", 477) + `"}`
	half := len(text) / 2
	io.WriteString(w, text[:half])
	if now == slow {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	io.WriteString(w, text[half:])
}

// reset ends the request by a reset: of the connection, or over HTTP/2 of the stream.
func reset(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // over HTTP/2 there is no connection to have
		panic(http.ErrAbortHandler)
	}
	raw, ok := c.(*net.TCPConn)
	if secure, isTLS := c.(*tls.Conn); isTLS {
		raw, ok = secure.NetConn().(*net.TCPConn)
	}
	if ok {
		_ = raw.SetLinger(0)
		_ = raw.Close()
	}
	_ = c.Close()
}

func (s *site) count(attack string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served[attack] == nil {
		s.served[attack] = map[string]int64{}
	}
	s.served[attack][fmt.Sprint(status)]++
}

// take returns what has been answered to an attack that is over, and forgets it.
func (s *site) take(attack string) map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	served := s.served[attack]
	delete(s.served, attack)
	return served
}
