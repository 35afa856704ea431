package attack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// crew is the users at work, over all phases.
type crew struct {
	*run
	wg    sync.WaitGroup
	slots chan struct{} // one for each user that may be at work at once
}

// driveUsers runs the phases one after the other and waits for the last user.
func (r *run) driveUsers(ctx, stop context.Context, began time.Time) (time.Time, error) {
	c := &crew{run: r, slots: make(chan struct{}, r.opts.MaxVUs)}
	defer c.wg.Wait()
	sleep, err := newSleeper(stop)
	if err != nil {
		return began, err
	}
	defer sleep.Close()
	start := began
	for i, phase := range r.opts.Script.Phases {
		switch {
		case phase.Users > 0:
			c.closed(ctx, i, phase, stop)
			start = time.Now()
			continue
		case phase.Arrivals != nil:
			c.open(ctx, stop, sleep, i, phase, start)
		default:
			sleep.Sleep(time.Until(start.Add(phase.Duration)))
		}
		start = start.Add(phase.Duration)
	}
	c.wg.Wait()
	end := time.Now()
	if !r.gate.shut.Load() && end.Before(start) {
		end = start // the schedule's own end: its last arrival is due a little earlier
	}
	return end, nil
}

// open lets users arrive on the phase's schedule, whatever the service does.
func (c *crew) open(ctx, stop context.Context, sleep *sleeper, i int, phase scenarios.Phase, start time.Time) {
	full := func(uint64) bool { return c.working.Load() >= int64(c.opts.MaxVUs) }
	pace := pacer{arrivals(phase), full}
	k := uint64(0)
	for ; ; k++ {
		wait, done := pace.Pace(time.Since(start), k)
		if done || !sleep.Sleep(wait) {
			break
		}
		due, _ := pace.Due(k)
		if c.gate.spent() {
			return
		}
		if phase.MaxUsers > 0 && c.working.Load() >= int64(phase.MaxUsers) {
			c.skipped.Add(1)
			continue
		}
		if !c.begin(stop) {
			break
		}
		c.wg.Go(func() { c.once(ctx, i, phase, start.Add(due)) })
	}
	c.unsent(pace, start, k)
	sleep.Sleep(time.Until(start.Add(phase.Duration)))
}

// begin takes a slot for one more user, waiting for one to be free; false if the run is over first.
func (c *crew) begin(stop context.Context) bool {
	select {
	case c.slots <- struct{}{}:
		c.working.Add(1)
		return true
	case <-stop.Done():
		return false
	}
}

func (c *crew) done() {
	c.working.Add(-1)
	<-c.slots
}

// unsent counts the events from the k-th on that were due by now.
func (r *run) unsent(s Schedule, start time.Time, k uint64) {
	for last := dueBy(s, time.Since(start)); k < last; k++ {
		if due, _ := s.Due(k); !start.Add(due).Before(r.recordFrom) {
			r.shards[0].Unsent(start.Add(due))
		}
	}
}

// once is the life of a user that arrived: one walk through one scenario.
func (c *crew) once(ctx context.Context, i int, phase scenarios.Phase, due time.Time) {
	defer c.done()
	u := c.newUser(i, due, c.gate)
	c.session(u, func() error { return u.walk(ctx, u.pick(phase).Steps) })
}

// closed keeps the phase's users at work until its time or its requests are used up, and waits for them.
func (c *crew) closed(ctx context.Context, i int, phase scenarios.Phase, stop context.Context) {
	if phase.Duration > 0 {
		var cancel context.CancelFunc
		stop, cancel = context.WithDeadline(stop, time.Now().Add(phase.Duration))
		defer cancel()
	}
	warm, cancel := context.WithDeadline(stop, c.recordFrom)
	defer cancel()
	warmup, g := newGate(warm, 0, c.gate), newGate(stop, phase.Requests, c.gate)
	defer warmup.close()
	defer g.close()
	start := time.Now()
	var users sync.WaitGroup
	for range min(phase.Users, c.opts.MaxVUs) {
		users.Go(func() {
			u := c.newUser(i, start, warmup)
			c.session(u, func() error {
				u.warming = true
				u.again(ctx, phase)
				u.warming, u.due = false, time.Now()
				u.gate, u.granted, u.part = g, 0, 8*int64(phase.Users)
				u.again(ctx, phase)
				return nil
			})
		})
	}
	users.Wait()
}

// again walks through scenarios until the gate is shut. A request without an answer ends the walk, not the user.
func (u *virtualUser) again(ctx context.Context, phase scenarios.Phase) {
	for !u.gate.shut.Load() {
		err := u.walk(ctx, u.pick(phase).Steps)
		if errors.Is(err, errStopped) {
			break
		}
		u.run.countUserError(err)
		clear(u.vars)
	}
}

// session runs a user's life and tells the sink of its two ends.
func (c *crew) session(u *virtualUser, life func() error) {
	began := time.Now()
	u.shard.UserStarted(began)
	err := life()
	u.close()
	c.countUserError(err)
	outcome := Completed
	switch {
	case errors.Is(err, errStopped):
		outcome = Interrupted
	case err != nil:
		outcome = Failed
	}
	now := time.Now()
	u.shard.UserEnded(now, now.Sub(began), outcome)
}
