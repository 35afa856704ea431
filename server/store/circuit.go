package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// circuit leaves out a server that fails. A circuit breaker decides when: it opens when enough of the last calls
// failed. Then nobody asks the server until a look at it succeeds; no request is used to try, so that none waits for a
// server that is known to fail.
type circuit struct {
	opts    circuitOptions
	breaker circuitbreaker.CircuitBreaker[any]
	work    *workers        // looks are among them
	done    context.Context // ends looking

	mu    sync.Mutex    // held while the state changes and is told, so that the changes are told in their order
	state atomic.Uint64 // how often it has changed: the server is left out while that is odd
}

type circuitOptions struct {
	failures, of uint                        // it opens when so many of the last calls failed
	every        time.Duration               // between two looks, the first one too
	looks        int                         // under way at once at most; one that hangs does not hold up the next
	look         func(context.Context) error // returns soon after its context has ended
	limit        time.Duration               // of one look
	tell         func(error)                 // is told each change: why it is left out, nil when it is back
}

func newCircuit(ctx context.Context, work *workers, opts circuitOptions) *circuit {
	return &circuit{
		opts: opts, work: work, done: ctx,
		breaker: circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(opts.failures, opts.of).Build(),
	}
}

// out reports whether the server is left out.
func (c *circuit) out() bool { return c.state.Load()%2 == 1 }

// ask says whether the server may be asked, and as of when: what comes of it is for heard.
func (c *circuit) ask() (as uint64, ok bool) {
	as = c.state.Load()
	return as, as%2 == 0
}

// heard notes what came of a call that was asked for. A call from before the server was left out and came back says
// nothing about it any more.
func (c *circuit) heard(as uint64, err error) {
	switch {
	case c.state.Load() != as:
	case err == nil:
		c.breaker.RecordSuccess()
	default:
		c.failed(as, err)
	}
}

func (c *circuit) failed(as uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Load() != as || as%2 == 1 || c.done.Err() != nil {
		return
	}
	if c.breaker.RecordFailure(); c.breaker.IsOpen() {
		c.leaveOut(err)
	}
}

// condemn leaves the server out after a single failure, which is certain.
func (c *circuit) condemn(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.out() {
		c.breaker.Open()
		c.leaveOut(err)
	}
}

func (c *circuit) leaveOut(err error) {
	if c.work.start(c.lookUntilBack) {
		c.state.Add(1)
		c.opts.tell(err)
	}
}

// lookUntilBack looks again and again whether the server is back. No request waits for it.
func (c *circuit) lookUntilBack() {
	every := time.NewTicker(c.opts.every)
	defer every.Stop()
	looking, back := make(chan struct{}, c.opts.looks), make(chan struct{}, c.opts.looks)
	for {
		select {
		case <-c.done.Done():
			return
		case <-back:
			c.comeBack()
			return
		case <-every.C:
		}
		select {
		case looking <- struct{}{}:
			c.work.start(func() {
				if c.look() == nil {
					back <- struct{}{}
				}
				<-looking
			})
		default: // as many as may be are under way
		}
	}
}

func (c *circuit) look() error {
	limited, cancel := context.WithTimeout(c.done, c.opts.limit)
	defer cancel()
	return c.opts.look(limited)
}

func (c *circuit) comeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.Close()
	c.opts.tell(nil)
	c.state.Add(1)
}

// CircuitStats are the state of what may be left out, and how often it changed.
type CircuitStats struct {
	Up    bool
	Trips uint64 // how often it was left out
}

func (c *circuit) stats() CircuitStats {
	state := c.state.Load()
	return CircuitStats{Up: state%2 == 0, Trips: (state + 1) / 2}
}

// workers counts goroutines and flights, and refuses new ones once it is closed.
type workers struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// add says whether one more may work; it must then call finish.
func (w *workers) add() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.group.Add(1)
	}
	return !w.closed
}

func (w *workers) finish() { w.group.Done() }

// start runs work in a goroutine, unless it is too late.
func (w *workers) start(work func()) bool {
	if !w.add() {
		return false
	}
	go func() {
		defer w.finish()
		work()
	}()
	return true
}

// close waits for all that work.
func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.group.Wait()
}

// closeWithin waits for all that work, but not for longer than limit, and reports whether they have ended. If they
// have not, the goroutine that waits for them stays as long as they do.
func (w *workers) closeWithin(limit time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		w.close()
		close(ended)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}
