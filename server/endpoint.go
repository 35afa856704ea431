package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// endpoint is one address and what is served there.
type endpoint struct {
	server   *http.Server
	listener *listener
	limits   patience
	served   chan struct{} // closed when serve has returned
}

func newEndpoint(cfg Config, tcp *net.TCPListener, handler http.Handler) *endpoint {
	l := newListener(tcp, cfg.MaxConns)
	return &endpoint{listener: l, limits: cfg.patience(), served: make(chan struct{}), server: &http.Server{
		Handler:        handler,
		MaxHeaderBytes: cfg.MaxHeader - 4<<10, // net/http adds as much
		ErrorLog:       slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
		ConnState:      l.connState,
		// The answer to OPTIONS * would be net/http's own, not ours.
		DisableGeneralOptionsHandler: true,
	}}
}

// patrol closes connections that are too slow, until ctx ends.
func (e *endpoint) patrol(ctx context.Context) error {
	e.listener.patrol(ctx, e.limits)
	return nil
}

// serve accepts and serves connections until drain, or until the listener breaks.
func (e *endpoint) serve() error {
	defer close(e.served)
	if err := e.server.Serve(e.listener); !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("accept connections on %s: %w", e.listener.Addr(), err)
	}
	return nil
}

// drain ends serve and sees the connections off. Busy ones close by themselves, because their next answer says so;
// quiet ones are left alone for the time of the farewell, in case a request is on its way, and then closed.
//
// http.Server.Shutdown is not used: it closes idle connections at once, and drops requests it has read without an
// answer.
func (e *endpoint) drain(ctx context.Context, farewell time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	e.listener.stop(waiting)
	<-e.served
	e.listener.wait(waiting)
	e.listener.hangUp()
	open := e.listener.wait(ctx)
	err := e.server.Close()
	if open > 0 {
		return fmt.Errorf("stop serving %s: %d connections cut off: %w", e.listener.Addr(), open, context.Cause(ctx))
	}
	return err
}
