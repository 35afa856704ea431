// Package attack sends load to an HTTP service and measures what comes back.
//
// Two engines share one way of sending. A plain request rate runs on vegeta's Attacker, which keeps a schedule of
// requests; users who walk through the steps of a script run here, one goroutine each. Both pace with vegeta.Pacer,
// both send through the same connection code (client, conn), and every request of either ends as a Result in a
// Sink's shard, with the time it was due, sent, answered and done. Nothing is sampled and nothing is made up: a
// request that left late says so in its Lag, one that was due and never left is counted as unsent.
//
// Memory is bounded by Options.MaxVUs: a user costs its goroutine, one connection an origin with a 4 KiB read
// buffer, and one rendered request (two where a proxy forwards it). Cookies take up to maxCookies more where a service
// sets some, and kept bodies up to maxKept in all. Over HTTP/2 a connection is net/http's: some 40 KiB, and at most
// connWindow of bodies that arrive faster than they are read.
package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Options says what to attack and how. A zero field means what its comment says.
type Options struct {
	Script     *scenarios.Script
	Rate       Schedule      // if not nil: the script's requests in turn, on this schedule, instead of its phases
	Duration   time.Duration // upper limit of the recorded run; 0: as long as the phases take
	Requests   int64         // exactly so many requests, redirects not counted; 0: no such limit
	MaxVUs     int           // users, or requests in flight at a rate, at once; 0: 10,000
	Timeout    time.Duration // one request, from dial to last byte; 0: the script's, or 10 s
	Warmup     time.Duration // sent but not recorded, before all else
	Seed       uint64        // of every random choice
	Name       string        // vegeta's Attack field
	UnixSocket string        // dial this instead of the URL's host
	ConnectTo  string        // host:port to dial instead of the URL's; what is sent stays the same
	TLS        *tls.Config   // nil: Go's defaults
	Proxy      Proxy         // for hosts; not asked if there is a UnixSocket; nil: none

	DialTimeout time.Duration // name, connection, and a proxy's tunnel; 0: only Timeout bounds them
	TLSTimeout  time.Duration // one handshake; 0: only Timeout bounds it
	HeadTimeout time.Duration // request written → response head; 0: only Timeout bounds it

	Protocol    Protocol // zero: HTTP/1.1
	Connections int      // to one origin at once, at most; 0: as many as there are users, or as requests need

	Sink    Sink
	OneStep bool            // report all requests as step 0: for lists so long that nobody reads them by step
	Results func(*Result)   // gets every recorded result with its real URL and its body, one call at a time; nil: nobody
	MaxBody int             // bytes of a body that Results gets, decoded; 0: 1 MiB; negative: none
	Once    func(*Exchange) // not nil: one user walks through each scenario, instead of the phases; it gets all they do
	Log     func(string)    // gets the lines of log steps, from many users at once; nil: nobody
	Warn    func(string)    // gets what the run may run out of, before anything is sent; nil: nobody
	Stop    <-chan struct{} // closed: no new requests, those in flight finish; nil: never
	Remote  bool            // the service is known to use none of this process's cores

	// dial makes a connection instead of the network; nil: the network does. Tests of time set it: they run on a clock of
	// their own, which stands still while anything waits for the kernel.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

const (
	defaultMaxVUs  = 10_000
	defaultTimeout = 10 * time.Second
	shardsPerCore  = 4
)

func (o Options) withDefaults() Options {
	if o.MaxVUs == 0 {
		o.MaxVUs = defaultMaxVUs
	}
	if o.Timeout == 0 {
		o.Timeout = o.Script.Timeout
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{}
	}
	if o.Once != nil {
		script := *o.Script
		script.Phases = []scenarios.Phase{{Users: 1}}
		o.Script, o.Warmup, o.Rate = &script, 0, nil
	}
	return o.protocol()
}

// run is one attack under way.
type run struct {
	opts       Options
	blueprints []*blueprint // by Request.ID
	before     []*blueprint // of Script.Before
	after      []*blueprint
	given      []scenarios.Value // what all users begin with: the variables before left
	shards     []Shard
	recordFrom time.Time

	gate       *gate
	pool       *pool // nil: each user has connections of its own
	reconnects atomic.Int64
	skipped    atomic.Int64
	started    atomic.Int64 // users; also the number of the next one
	working    atomic.Int64 // users

	http2  *http.Transport // makes HTTP/2 connections
	pools  pools           // of those that are shared
	giveUp <-chan struct{} // closed: a rate's requests that still wait for a stream are not sent

	cookiesLeft atomic.Int64 // cookies a user had no room for
	bodies      atomic.Int64 // bytes that kept bodies take
	bodiesCut   atomic.Int64
	bodiesRaw   atomic.Int64 // that could not be decoded
	decoders    chan *decoder

	mu         sync.Mutex
	userErrors map[string]int64
	notes      map[string]*note // what went wrong with answers
	noted      []string         // its keys, in the order they came
	through    []error          // the proxies that were used, as warnings
}

// Run attacks until the phases are over, a limit is reached, or Stop is closed, and waits for what is in flight,
// at most Timeout. When ctx ends, what is in flight is cut off and recorded as INTERRUPTED. It returns an error
// only if it could not begin: a *ScriptError, one of the system's, or that the system has not enough of what the run
// is sure to need.
func Run(ctx context.Context, opts Options) (Summary, error) {
	opts = opts.withDefaults()
	r := &run{
		opts: opts, userErrors: map[string]int64{}, decoders: newDecoders(runtime.GOMAXPROCS(0)), http2: newStreamTransport(opts),
	}
	defer r.pools.close()
	if err := r.compile(); err != nil {
		return Summary{}, err
	}
	warnings, err := r.warnOfLimits()
	if err != nil {
		return Summary{}, err
	}
	if n := opts.Script.Pool; n > 0 {
		r.pool = newPool(min(n, opts.MaxVUs))
		defer r.pool.close()
	}
	for range shardsPerCore * runtime.GOMAXPROCS(0) {
		r.shards = append(r.shards, opts.Sink.Shard())
	}
	shared := !opts.Remote && r.sharesCores(ctx)

	if err := r.runBefore(ctx, r.opts.Stop); err != nil {
		return Summary{}, err
	}
	began := time.Now()
	r.recordFrom = began.Add(opts.Warmup)
	opts.Sink.Begin(r.recordFrom)
	watch := startWatch(opts.Warmup)
	stop, release := r.stopContext(ctx)
	defer release()
	r.gate = newGate(stop, r.userRequests(), nil)
	defer r.gate.close()

	end, err := r.drive(ctx, stop, began)
	if err != nil {
		return Summary{}, err
	}
	generator := watch.stop()
	warnings = append(append(warnings, r.runAfter(ctx)...), r.warnings()...)
	s := Summary{
		Started:    r.recordFrom,
		Duration:   end.Sub(r.recordFrom),
		Reconnects: r.reconnects.Load(),
		Skipped:    r.skipped.Load(),
		UserErrors: r.userErrors,
		Generator:  generator,
		Warnings:   append(warnings, r.noteWarnings()...),
		Stopped:    closedAlready(opts.Stop) || ctx.Err() != nil,
		SetEnd:     r.hasEnd(),
		OpenLoop:   r.openLoop(),
		Users:      r.mostUsers(),
		Protocol:   opts.Protocol.String(),
	}
	s.Generator.Shared = shared
	return s, nil
}

// userRequests is the quota of requests that users share; a schedule of requests is cut to its number instead.
func (r *run) userRequests() int64 {
	if r.opts.Rate != nil {
		return 0
	}
	return r.opts.Requests
}

// drive runs the engine the options ask for and returns when the run ended.
func (r *run) drive(ctx, stop context.Context, began time.Time) (time.Time, error) {
	switch {
	case r.opts.Once != nil:
		return r.driveOnce(ctx, stop, began)
	case r.opts.Rate != nil:
		return r.driveRate(ctx, stop, began)
	}
	return r.driveUsers(ctx, stop, began)
}

func (r *run) compile() error {
	var errs []error
	compileAll := func(steps []*scenarios.Request) (all []*blueprint) {
		for _, step := range steps {
			bp, err := r.compileStep(step)
			if err != nil {
				errs = append(errs, err)
			}
			all = append(all, bp)
		}
		return all
	}
	script := r.opts.Script
	if script.Before != nil {
		r.before = compileAll(script.Before.Requests)
	}
	if script.After != nil {
		r.after = compileAll(script.After.Requests)
	}
	r.blueprints = compileAll(script.Requests)
	if len(r.blueprints) == 0 && !slices.ContainsFunc(script.Scenarios, func(s scenarios.Scenario) bool { return len(s.Steps) > 0 }) {
		errs = append(errs, fmt.Errorf("%s has no request to send", script.Name))
	}
	if err := r.checkProtocol(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return &ScriptError{errors.Join(errs...)}
	}
	return nil
}

// compileStep prepares a step for this run.
func (r *run) compileStep(step *scenarios.Request) (*blueprint, error) {
	bp, err := compile(step)
	if err != nil {
		return nil, err
	}
	bp.keep = r.opts.Results != nil && r.opts.MaxBody > 0
	switch {
	case r.opts.ConnectTo == "":
	case bp.origin.addr == "":
		return nil, fmt.Errorf("%s%s: its host is a variable, so it cannot be connected to %s",
			place(step.Pos), step.Method, r.opts.ConnectTo)
	default:
		bp.origin.addr = r.opts.ConnectTo
	}
	return bp, nil
}

// ScriptError is what is wrong with a script's requests: its author's to mend.
type ScriptError struct{ err error }

func (e *ScriptError) Error() string { return e.err.Error() }

// Unwrap returns the joined errors.
func (e *ScriptError) Unwrap() error { return e.err }

// stopContext returns a context that ends when no new request should be sent: with ctx, with Stop, or when the
// time is up. The returned func frees it.
func (r *run) stopContext(ctx context.Context) (context.Context, func()) {
	end := time.Now().Add(1 << 62) // as good as never
	if r.opts.Duration > 0 {
		end = r.recordFrom.Add(r.opts.Duration)
	}
	stop, cancel := context.WithDeadline(ctx, end)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		select {
		case <-r.opts.Stop:
			cancel()
		case <-stop.Done():
		}
	}()
	return stop, func() { cancel(); <-finished }
}

// add hands a result to its shard, unless it belongs to the warm-up.
func (r *run) add(shard Shard, res *Result) {
	if res.Due().Before(r.recordFrom) {
		return
	}
	shard.Add(res)
	if r.opts.Results != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.opts.Results(res)
	}
}

// countUserError counts why a user could not go on, where the reason is not a request's own error.
func (r *run) countUserError(shard Shard, err error) {
	if err == nil {
		return // before anything is allocated for it
	}
	var reason userError
	if !errors.As(err, &reason) {
		return
	}
	if now := time.Now(); !now.Before(r.recordFrom) {
		shard.UserError(now, string(reason))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.userErrors[string(reason)]++
}

// hasEnd reports whether the run would have ended by itself.
func (r *run) hasEnd() bool {
	switch {
	case r.opts.Duration > 0 || r.opts.Requests > 0 || r.opts.Once != nil:
		return true
	case r.opts.Rate != nil:
		return r.opts.Rate.End() > 0
	}
	for _, p := range r.opts.Script.Phases {
		switch {
		case p.Arrivals != nil && (p.Duration == 0 || r.opts.Script.Endless):
			return false
		case p.Users > 0 && p.Duration == 0 && p.Requests == 0:
			return false
		}
	}
	return true
}

// openLoop reports whether arrivals keep a schedule that does not wait for answers.
func (r *run) openLoop() bool {
	if r.opts.Rate != nil {
		return true
	}
	for _, p := range r.opts.Script.Phases {
		if p.Arrivals != nil {
			return true
		}
	}
	return false
}

func closedAlready(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// mostUsers returns the most users a closed phase has.
func (r *run) mostUsers() int {
	most := 0
	if r.opts.Rate == nil {
		for _, p := range r.opts.Script.Phases {
			most = max(most, min(p.Users, r.opts.MaxVUs))
		}
	}
	return most
}
