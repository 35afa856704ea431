// Package server answers listings over HTTP.
//
// A request takes a short way: net/http reads it, echo picks the route, a handler asks the finder for the listing
// and writes a slice of the bytes that the store and its cache hold. Whatever goes wrong comes back as an error and
// becomes a status code in one function. What is counted on the way is counted without a lock.
//
// Run serves until its context ends and then takes leave of its clients one by one: those in the middle of a
// request get their answer, those that keep a connection busy are told with their next answer that it was the last
// one, and only connections on which nobody says anything are closed from this side.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Finder finds one listing. The error for an id without a listing wraps store.ErrNotFound. FindListing returns
// soon after its context has ended.
type Finder interface {
	FindListing(ctx context.Context, id int64) (store.Listing, error)
}

// Config says what to serve, where, and how much of a client to put up with. Listener and Finder must be set; of
// the others a zero field means the default given here.
type Config struct {
	Listener *net.TCPListener // Run closes it
	Admin    *net.TCPListener // for /healthz, /readyz and /metrics, which are on Listener if it is nil, and for pprof; Run closes it
	Finder   Finder
	Ready    func(context.Context) error       // asks the store for a sign of life; nil: it is always ready
	Cache    func() store.CacheStats           // for /metrics; nil: there is no cache in memory
	Redis    func() store.RedisStats           // for /metrics; nil: there is no cache in Redis
	Guard    func() store.GuardStats           // for /metrics; nil: nothing guards the store
	Calls    *Calls                            // for /metrics; nil: calls of the store are not counted
	Pools    map[string]func() store.PoolStats // for /metrics: connections, by what they are to
	Traces   trace.TracerProvider              // gets a span for each request on Listener; nil: requests are not traced
	Log      *slog.Logger                      // nil: nothing is logged

	Writer     Writer // changes listings; nil: writes are refused
	WriteToken string // the bearer token of those who may write; empty: writes are refused

	ReadyTimeout  time.Duration // for one call of Ready; default 2 s
	HeaderTimeout time.Duration // accepted → first byte; first byte of a request → end of its header; default 5 s
	AnswerTimeout time.Duration // end of a request's header → answer written; default 15 s
	IdleTimeout   time.Duration // answer written → first byte of the next request; default 2 min
	MaxHeader     int           // bytes of a request's first line and header, over 4 KiB; default 16 KiB
	MaxURL        int           // bytes of path and query; default 2 KiB
	MaxBody       int64         // bytes of a request's body; default 64 KiB
	MaxConns      int           // open at once, further ones wait to be accepted; default 16,384

	// DrainDelay is for how long Run goes on accepting once its context has ended, while /readyz says 503: a balancer
	// needs that to look elsewhere. Default 0.
	DrainDelay   time.Duration
	Farewell     time.Duration // how long a busy client has to hear that its connection ends; default 1 s
	DrainTimeout time.Duration // from the end of DrainDelay, for everything; default 20 s

	Handicap float64 // share of a request's own CPU time that is burned in addition, for trying out a gate; default none
}

func (c Config) withDefaults() Config {
	fill(&c.ReadyTimeout, 2*time.Second)
	fill(&c.HeaderTimeout, 5*time.Second)
	fill(&c.AnswerTimeout, 15*time.Second)
	fill(&c.IdleTimeout, 2*time.Minute)
	fill(&c.MaxHeader, 16<<10)
	fill(&c.MaxURL, 2<<10)
	fill(&c.MaxBody, 64<<10)
	fill(&c.MaxConns, 16<<10)
	fill(&c.Farewell, time.Second)
	fill(&c.DrainTimeout, 20*time.Second)
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Run serves until ctx ends and DrainDelay is over, then stops accepting, finishes the requests it has, and returns nil
// once all connections are closed. If that takes longer than DrainTimeout, or if kill ends, it cuts the rest off and
// says so. When Run has returned nil, no call of Finder, Writer or Ready is under way.
func Run(ctx, kill context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	// What a client asked for is worth finding even if that client has left: the next one gets it from memory. So
	// finders are asked with this context, not with that of the request, and their deadline is what bounds them.
	finding, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()

	s := newService(finding, cfg)
	endpoints := []*endpoint{newEndpoint(cfg, cfg.Listener, s.public())}
	if cfg.Admin != nil {
		slower := cfg
		slower.AnswerTimeout += profileTime
		endpoints = append(endpoints, newEndpoint(slower, cfg.Admin, s.private()))
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	patrolling, dismiss := context.WithCancel(context.WithoutCancel(ctx))
	defer dismiss()
	var g errgroup.Group
	for _, e := range endpoints {
		g.Go(func() error { return e.patrol(patrolling) })
		g.Go(func() error {
			defer stop()
			return e.serve()
		})
	}
	<-serving.Done()
	s.draining.Store(true)
	cfg.Log.Info("stopping", "delay", cfg.DrainDelay, "limit", cfg.DrainTimeout)
	if ctx.Err() != nil { // else a listener is broken, and nobody can be told
		linger(kill, cfg.DrainDelay)
	}
	err := drain(kill, cfg, endpoints)
	dismiss()
	if err = errors.Join(err, g.Wait()); err == nil {
		cfg.Log.Info("stopped")
	}
	return err
}

// linger returns after delay, or when kill ends.
func linger(kill context.Context, delay time.Duration) {
	if delay <= 0 {
		return
	}
	over := time.NewTimer(delay)
	defer over.Stop()
	select {
	case <-over.C:
	case <-kill.Done():
	}
}

// drain takes leave of the clients of each endpoint in turn: who asks the second one how the first is doing is told
// until the end.
func drain(kill context.Context, cfg Config, endpoints []*endpoint) error {
	ctx, cancel := context.WithTimeoutCause(kill, cfg.DrainTimeout, fmt.Errorf("%s were not enough", cfg.DrainTimeout))
	defer cancel()
	var errs []error
	for _, e := range endpoints {
		errs = append(errs, e.drain(ctx, cfg.Farewell))
	}
	return errors.Join(errs...)
}
