package attack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// runBefore has one user do what a script wants done before all else. Nothing of it is recorded; the variables it has
// then are those that all others begin with. What goes wrong ends the run.
func (r *run) runBefore(ctx context.Context, ended <-chan struct{}) error {
	flow := r.opts.Script.Before
	if flow == nil {
		return nil
	}
	stop, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-ended:
			cancel()
		case <-stop.Done():
		}
	})
	vars, err := r.runFlow(ctx, stop, flow, r.before)
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	r.given = vars.Slots
	return nil
}

// runAfter has one user do what a script wants done when all others are through, even if they were stopped. What goes
// wrong is a warning.
func (r *run) runAfter(ctx context.Context) []error {
	flow := r.opts.Script.After
	if flow == nil {
		return nil
	}
	if _, err := r.runFlow(ctx, ctx, flow, r.after); err != nil {
		return []error{fmt.Errorf("after: %w", err)}
	}
	return nil
}

// runFlow walks one user through a flow beside the load.
func (r *run) runFlow(ctx, stop context.Context, flow *scenarios.Flow, plans []*blueprint) (*scenarios.Vars, error) {
	g := newGate(stop, 0, nil)
	defer g.close()
	u := r.userOf(flowUser, 0, time.Now(), g)
	u.steps, u.shard, u.warming = plans, Deaf{}, true
	u.last = &lastRequest{}
	defer u.close()
	err := u.walk(ctx, flow.Steps)
	switch {
	case errors.Is(err, errStopped):
		return nil, errors.New("stopped before it was done")
	case err != nil:
		return nil, u.last.explain(err)
	}
	return u.vars, nil
}

// flowUser is the number of the user of flows beside the load, who has random numbers of its own.
const flowUser = 1 << 62

// lastRequest is what a user sent last, for the message that says why it could not go on.
type lastRequest struct {
	label string
	why   []string
}

func (l *lastRequest) explain(err error) error {
	if l.label == "" {
		return err
	}
	text := l.label + ": " + err.Error()
	for _, why := range l.why {
		text += "\n" + shortened(why)
	}
	return errors.New(text)
}
