//go:build !linux

package attack

import (
	"context"
	"time"
)

// sleeper waits with the runtime's timers.
type sleeper struct{ done <-chan struct{} }

func newSleeper(ctx context.Context) (*sleeper, error) { return &sleeper{ctx.Done()}, nil }

// Sleep waits for d, or until the context ends, and reports whether d has passed.
func (s *sleeper) Sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}

// Close does nothing.
func (s *sleeper) Close() error { return nil }
