package attack

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// gate is what every new request must pass: it shuts when the run, or a closed phase of it, is over, and lets no
// more requests through than there are to send.
type gate struct {
	outer   *gate // what is let through here must pass there, too; may be nil
	done    <-chan struct{}
	shut    atomic.Bool // the same as done, for a look that costs nothing
	limited bool
	quota   atomic.Int64 // left, if limited
	onSpent func()       // called when the last is let through; may be nil
	unwatch func() bool
}

// newGate returns a gate that shuts when ctx ends and lets `requests` requests through; 0: any number.
func newGate(ctx context.Context, requests int64, outer *gate) *gate {
	g := &gate{outer: outer, done: ctx.Done(), limited: requests > 0}
	g.quota.Store(requests)
	g.shut.Store(ctx.Err() != nil)
	g.unwatch = context.AfterFunc(ctx, func() { g.shut.Store(true) })
	return g
}

// close stops watching the context.
func (g *gate) close() { g.unwatch() }

// take returns how many requests a worker may send before it asks again: the part-th part of what is left, at least
// 1, or 0 if nothing is. Shares shrink with what is left, so workers rarely touch what they share and still send
// exactly as many as there are.
func (g *gate) take(part int64) int64 {
	got := int64(math.MaxInt64)
	if g.limited {
		got, part = g.takeOwn(got, part), 1
	}
	if g.outer == nil || !g.outer.limited {
		return got
	}
	through := g.outer.takeOwn(got, part)
	if g.limited {
		g.quota.Add(got - through) // nobody gets them: the outer gate has no more
	}
	return through
}

// takeOwn takes the part-th part of the gate's own quota, at most most.
func (g *gate) takeOwn(most, part int64) int64 {
	for {
		left := g.quota.Load()
		got := min(most, left, max(1, left/part))
		if got == 0 {
			return 0
		}
		if g.quota.CompareAndSwap(left, left-got) {
			if got == left && g.onSpent != nil {
				g.onSpent()
			}
			return got
		}
	}
}

// spent reports whether every request there was to send has been let through.
func (g *gate) spent() bool { return g.limited && g.quota.Load() == 0 }

// sleepUntil waits for t; it returns errStopped if the gate shuts first.
func (g *gate) sleepUntil(t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-g.done:
		return errStopped
	}
}
