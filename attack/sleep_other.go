//go:build !linux

package attack

import "context"

func newExactSleeper(ctx context.Context) (sleeper, error) { return timerSleeper{ctx}, nil }
