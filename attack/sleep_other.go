//go:build !linux

package attack

import (
	"context"
	"time"
)

// sleeper waits with the runtime's timers.
type sleeper struct{ ctx context.Context }

func newSleeper(ctx context.Context) (*sleeper, error) { return &sleeper{ctx}, nil }

// Sleep waits for d, or until the context ends, and reports whether d has passed.
func (s *sleeper) Sleep(d time.Duration) bool {
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

// Close does nothing.
func (s *sleeper) Close() error { return nil }
