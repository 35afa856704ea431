package attack

import (
	"context"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// parallel takes steps that all begin at once. A user has one connection to an origin, so that its requests take turns,
// as Artillery's do: each waits for the ones before it, and its latency has that time in it. Thinks pass beside them.
// It is over when the last step is.
func (u *virtualUser) parallel(ctx context.Context, p *scenarios.Parallel) error {
	began, end := u.due, u.due
	for _, step := range p.Steps {
		u.due = began
		if think, ok := step.(*scenarios.Think); ok {
			wait, err := think.Wait(u.vars)
			if err != nil {
				return userError(err.Error())
			}
			u.due = began.Add(wait)
		} else {
			if end.After(began) {
				u.queued = began
			}
			err := u.walk(ctx, []scenarios.Step{step})
			u.queued = time.Time{}
			if err != nil {
				return err
			}
		}
		if u.due.After(end) {
			end = u.due
		}
	}
	u.due = end
	if !end.After(time.Now()) {
		return nil
	}
	return u.gate.sleepUntil(end)
}
