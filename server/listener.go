package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// listener accepts a bounded number of connections at once, knows which are open, and can end without losing
// clients that have connected but are not accepted yet.
type listener struct {
	*net.TCPListener
	slots   chan struct{} // one for each open connection
	stopped chan struct{} // closed by stop
	hungUp  atomic.Bool
	fewer   chan struct{} // has a token when there is one connection less than before

	mu    sync.Mutex
	conns map[*conn]struct{} // guarded by mu
}

func newListener(tcp *net.TCPListener, maxConns int) *listener {
	return &listener{
		TCPListener: tcp,
		slots:       make(chan struct{}, maxConns),
		stopped:     make(chan struct{}),
		conns:       map[*conn]struct{}{},
		fewer:       make(chan struct{}, 1),
	}
}

// Accept returns the next connection, once there is room for it.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.stopped:
		return nil, net.ErrClosed
	}
	tcp, err := l.AcceptTCP()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return l.add(tcp), nil
}

// stop closes the listener, for which it waits until everybody who is connected has been accepted, or ctx ends. The
// kernel would cut off whoever is still in its queue. That is first come, first served: when we have queued ourselves
// and been accepted, so have all who came before.
func (l *listener) stop(ctx context.Context) {
	if last, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String()); err == nil {
		hurry := context.AfterFunc(ctx, func() { last.Close() })
		_ = last.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, last) // ends when the server has seen the end of ours
		hurry()
		_ = last.Close()
	}
	_ = l.Close() // fails only if it is closed already
	close(l.stopped)
}

func (l *listener) add(tcp *net.TCPConn) *conn {
	c := &conn{TCPConn: tcp, accepted: time.Now(), recall: make(chan struct{}, 1)}
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

// wait returns when all connections are closed, or ctx ends, and how many are still open.
func (l *listener) wait(ctx context.Context) int {
	for {
		l.mu.Lock()
		open := len(l.conns)
		l.mu.Unlock()
		if open == 0 {
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
