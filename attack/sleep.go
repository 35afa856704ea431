package attack

import (
	"context"
	"time"
)

// sleeper waits for one goroutine at a time.
type sleeper interface {
	// Sleep waits for d, or until the sleeper's context ends, and reports whether d has passed.
	Sleep(d time.Duration) bool
	// Close frees what waiting took.
	Close() error
}

// newSleeper returns the most exact sleeper there is; its sleep ends with ctx. Where connections are made in memory, time
// may be, too, and a clock of the kernel's would not keep it: there it is the runtime's.
func (o *Options) newSleeper(ctx context.Context) (sleeper, error) {
	if o.dial != nil {
		return timerSleeper{ctx}, nil
	}
	return newExactSleeper(ctx)
}

// timerSleeper waits with the runtime's timers.
type timerSleeper struct{ ctx context.Context }

func (s timerSleeper) Sleep(d time.Duration) bool {
	if d <= 0 || s.ctx.Err() != nil {
		return s.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (timerSleeper) Close() error { return nil }
