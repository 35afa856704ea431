package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// listener accepts a bounded number of connections at once, knows which are open, and can end without losing
// clients that have connected but are not accepted yet.
type listener struct {
	*net.TCPListener
	slots   chan struct{} // one for each open connection
	came    bool          // a client came since the deadline was set; only Accept uses it
	stopped chan struct{} // closed by stop
	until   time.Time     // when to stop accepting at the latest; set before stopped is closed

	hungUp atomic.Bool
	fewer  chan struct{} // has a token when there is one connection, or listener, less than before
	mu     sync.Mutex    // guards what follows
	closed bool
	conns  map[*conn]struct{}
}

// lull is for how long no client may have come before a stopped listener closes.
const lull = 10 * time.Millisecond

func newListener(tcp *net.TCPListener, maxConns int) *listener {
	return &listener{
		TCPListener: tcp,
		slots:       make(chan struct{}, maxConns),
		stopped:     make(chan struct{}),
		conns:       map[*conn]struct{}{},
		fewer:       make(chan struct{}, 1),
	}
}

// Accept returns the next connection. After stop it goes on until there is a lull, and then returns net.ErrClosed:
// the kernel cuts off whoever is still in its queue when a listener closes.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.stopped:
		return nil, net.ErrClosed
	}
	for {
		tcp, err := l.AcceptTCP()
		switch {
		case err == nil:
			l.came = true
			return l.add(tcp), nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			<-l.slots
			return nil, err
		}
		<-l.stopped
		if !l.came || time.Now().After(l.until) {
			return nil, net.ErrClosed
		}
		l.came = false
		if err := l.SetDeadline(time.Now().Add(lull)); err != nil {
			return nil, err
		}
	}
}

// stop lets Accept return net.ErrClosed soon, after longest at the latest.
func (l *listener) stop(longest time.Duration) {
	l.until = time.Now().Add(longest)
	close(l.stopped)
	_ = l.SetDeadline(time.Now().Add(lull)) // fails only if it is closed already
}

// Close closes the listener. Its connections stay open.
func (l *listener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	return l.TCPListener.Close()
}

func (l *listener) add(tcp *net.TCPConn) *conn {
	c := &conn{TCPConn: tcp}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c
}

// connState is http.Server's hook: it runs at least twice for each request and must be cheap.
func (l *listener) connState(nc net.Conn, state http.ConnState) {
	c := nc.(*conn)
	switch state {
	case http.StateActive:
		c.enter(answering)
	case http.StateIdle:
		c.enter(idle)
		if l.hungUp.Load() {
			_ = c.CloseRead() // fails only if the client has closed it
		}
	case http.StateClosed: // its handler has returned
		l.mu.Lock()
		delete(l.conns, c)
		l.mu.Unlock()
		<-l.slots
		l.signal()
	}
}

func (l *listener) signal() {
	select {
	case l.fewer <- struct{}{}:
	default:
	}
}

// wait returns when the listener and all its connections are closed, or ctx ends, and how many are still open.
func (l *listener) wait(ctx context.Context) int {
	for {
		l.mu.Lock()
		open, closed := len(l.conns), l.closed
		l.mu.Unlock()
		if open == 0 && closed {
			return 0
		}
		select {
		case <-l.fewer:
		case <-ctx.Done():
			return open
		}
	}
}

// hangUp lets the server see the end of input on each connection that is between requests, now or when it comes to
// that. What has arrived by now is still read and answered.
func (l *listener) hangUp() {
	l.hungUp.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.phase() <= idle {
			_ = c.CloseRead()
		}
	}
}
