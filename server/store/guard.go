package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// ErrOverloaded is wrapped by the errors of reads and changes that were refused because too many others wait for the store.
var ErrOverloaded = errors.New("too many requests wait for the store")

// ErrLeftOut is wrapped by the errors of reads that were refused because the store has failed and is not back yet.
var ErrLeftOut = errors.New("the store is left out since it failed")

// Guard is a finder in front of a database that may hang, die or be asked for more than it can give. It sees to it that
// a caller has its answer or an error within a limit, that no more than a bounded number of calls are under way or
// wait, and that a database that fails again and again is left out until it answers a look: its callers then have
// their error at once. What has been found before is in the caches in front of it, which are asked first.
type Guard struct {
	next    finder
	opts    GuardOptions
	circuit *circuit
	slots   chan struct{} // has a token for each call that is under way
	idle    chan *caller  // callers without a call
	waiting atomic.Int64  // calls that wait for a slot
	shed    atomic.Uint64
	skipped atomic.Uint64
	reason  atomic.Pointer[error] // why the database is left out; nil while it is not
	looking singleflight.Group    // of Ready

	work workers
	stop context.CancelFunc
	done context.Context // ended by stop; for looks
}

// GuardOptions are what can be chosen about a Guard. A zero field means the default given here.
type GuardOptions struct {
	Timeout  time.Duration // from call to answer, with the wait for a turn; default 2 s
	Inflight int           // calls of the database at once; as many again may wait; default 512
	Look     time.Duration // between looks at a database that is left out; default 250 ms

	// State is told each change: an error when the database is left out, nil when it is back. It may be called from
	// several goroutines, never from two at once; nil: nobody is told.
	State func(error)
}

func (o GuardOptions) withDefaults() GuardOptions {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Inflight == 0 {
		o.Inflight = 512
	}
	if o.Look == 0 {
		o.Look = 250 * time.Millisecond
	}
	if o.State == nil {
		o.State = func(error) {}
	}
	return o
}

// A database is left out when 5 of the last 10 calls failed. Looks have the limit of a call, so that one that is merely
// slow comes back; when all of them hang, no more are sent.
const (
	guardFailures, guardOf = 5, 10
	guardLooks             = 8
)

// NewGuard returns a guard in front of next. It must be closed, before next is.
func NewGuard(next finder, opts GuardOptions) *Guard {
	opts = opts.withDefaults()
	g := &Guard{next: next, opts: opts, slots: make(chan struct{}, opts.Inflight), idle: make(chan *caller, opts.Inflight)}
	g.done, g.stop = context.WithCancel(context.Background())
	g.circuit = newCircuit(g.done, &g.work, circuitOptions{
		failures: guardFailures, of: guardOf, every: opts.Look, looks: guardLooks, limit: opts.Timeout,
		look: g.look, tell: g.tell,
	})
	return g
}

func (g *Guard) tell(err error) {
	if err != nil {
		g.reason.Store(&err)
	} else {
		g.reason.Store(nil)
	}
	g.opts.State(err)
}

// FindListing asks the database. Its own errors wrap ErrLeftOut if the database is left out, ErrOverloaded if it
// has too much to do, and context.DeadlineExceeded if there is no answer in time.
func (g *Guard) FindListing(ctx context.Context, id int64) (Listing, error) {
	as, ok := g.circuit.ask()
	if !ok {
		g.skipped.Add(1)
		return Listing{}, fmt.Errorf("find listing %d: %w", id, ErrLeftOut)
	}
	limited, cancel := context.WithTimeout(ctx, g.opts.Timeout)
	defer cancel()
	if err := g.enter(limited); err != nil {
		return Listing{}, g.explain(ctx, id, err)
	}
	listing, err := g.call(limited, id)
	if ctx.Err() == nil { // else it was the caller that ended it
		g.circuit.heard(as, databaseError(err))
	}
	return listing, g.explain(ctx, id, err)
}

// explain says of an error that the limit was the guard's.
func (g *Guard) explain(ctx context.Context, id int64, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("find listing %d: no answer within %s: %w", id, g.opts.Timeout, err)
	}
	return err
}

// enter waits for a slot, unless as many wait already as there are slots.
func (g *Guard) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > int64(g.opts.Inflight) {
		g.shed.Add(1)
		return ErrOverloaded
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		g.shed.Add(1)
		return fmt.Errorf("%w: %w", ErrOverloaded, ctx.Err())
	}
}

// databaseError returns err if it says that the database does not do its work.
func databaseError(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// look asks for a listing, as requests do, past the limit of calls: whether there is one does not matter. It returns when
// the database does, so that looks at one that does not heed ctx stay few.
func (g *Guard) look(ctx context.Context) error {
	_, err := g.next.FindListing(ctx, 0)
	if errors.Is(err, context.Canceled) {
		return err
	}
	return databaseError(err)
}

// Ready asks the database for a sign of life, once however many want to know, for at most Timeout; while it is left out
// the error comes at once, wraps ErrLeftOut and says why.
func (g *Guard) Ready(ctx context.Context) error {
	as, ok := g.circuit.ask()
	if reason := g.reason.Load(); !ok && reason != nil {
		return fmt.Errorf("%w: %w", ErrLeftOut, *reason)
	}
	limited, cancel := context.WithTimeout(ctx, g.opts.Timeout)
	defer cancel()
	err := g.lookOnce(limited)
	if ctx.Err() == nil {
		g.circuit.heard(as, err)
	}
	return err
}

// lookOnce looks, or waits for the look of another.
func (g *Guard) lookOnce(ctx context.Context) error {
	answered := g.looking.DoChan("", func() (any, error) {
		if !g.work.add() {
			return nil, context.Canceled
		}
		defer g.work.finish()
		limited, cancel := context.WithTimeout(g.done, g.opts.Timeout)
		defer cancel()
		return nil, g.look(limited)
	})
	select {
	case answer := <-answered:
		return answer.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// GuardStats are counts since the guard was made, and what happens now.
type GuardStats struct {
	CircuitStats
	Inflight, Waiting int    // calls of the database, and calls that wait for their turn
	Shed              uint64 // calls refused, at once or after a wait, because too many others were under way
	Skipped           uint64 // calls refused while the database was left out
}

// Stats returns the counts.
func (g *Guard) Stats() GuardStats {
	return GuardStats{
		CircuitStats: g.circuit.stats(),
		Inflight:     len(g.slots), Waiting: int(g.waiting.Load()),
		Shed: g.shed.Load(), Skipped: g.skipped.Load(),
	}
}

// Close ends the guard and waits for the calls of the database that are under way, for at most Timeout. An error means
// that some still are: then the database must not be closed.
func (g *Guard) Close() error {
	g.stop()
	if !g.work.closeWithin(g.opts.Timeout) {
		return errors.New("close the store: it does not answer, and is left as it is")
	}
	return nil
}
