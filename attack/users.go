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
	sleep sleeper       // until the next arrival
}

// driveUsers runs the phases one after the other and waits for the last user.
func (r *run) driveUsers(ctx, stop context.Context, began time.Time) (time.Time, error) {
	arrivals, cancel := context.WithCancel(stop) // ends with the last request there is to send as well
	defer cancel()
	r.gate.onSpent = cancel
	sleep, err := r.opts.newSleeper(arrivals)
	if err != nil {
		return began, err
	}
	defer sleep.Close()
	c := &crew{run: r, slots: make(chan struct{}, r.opts.MaxVUs), sleep: sleep}
	defer c.wg.Wait()
	start := c.warmup(ctx, arrivals, began)
	for i, phase := range r.opts.Script.Phases {
		if arrivals.Err() != nil {
			break
		}
		if phase.Users > 0 {
			c.closed(ctx, i, phase, stop)
			start = time.Now()
			continue
		}
		if phase.Arrivals != nil {
			c.open(ctx, arrivals, r.gate, i, phase, start)
		}
		start = start.Add(phase.Duration)
		sleep.Sleep(time.Until(start))
	}
	c.wg.Wait()
	end := time.Now()
	if arrivals.Err() == nil && end.Before(start) {
		end = start // the schedule's own end: its last arrival is due a little earlier
	}
	return end, nil
}

// warmup lets users arrive as the first phase, if that is open, does at its beginning, until recording begins; then
// they go. It returns when the first phase starts. A closed phase warms up its own users.
func (c *crew) warmup(ctx, arrivals context.Context, began time.Time) time.Time {
	phases := c.opts.Script.Phases
	if c.opts.Warmup == 0 || len(phases) == 0 || phases[0].Users > 0 {
		return began
	}
	if first := phases[0]; first.Arrivals != nil {
		warm, cancel := context.WithDeadline(arrivals, c.recordFrom)
		defer cancel()
		g := newGate(warm, 0, nil)
		rate := openingRate(first)
		first.Duration, first.Arrivals = c.opts.Warmup, &scenarios.Arrivals{Law: scenarios.Linear, Rate: rate, RampTo: rate}
		c.open(ctx, arrivals, g, 0, first, began)
	}
	c.sleep.Sleep(time.Until(c.recordFrom))
	return c.recordFrom
}

// open lets users arrive on the phase's schedule, whatever the service does.
func (c *crew) open(ctx, arriving context.Context, g *gate, i int, phase scenarios.Phase, start time.Time) {
	schedule := arrivals(phase, arrivalStream(c.opts.Seed, i))
	full := func(uint64) bool { return c.working.Load() >= int64(c.opts.MaxVUs) }
	pace := pacer{schedule, full, schedule.End()}
	k := uint64(0)
	for ; ; k++ {
		wait, done := pace.Pace(time.Since(start), k)
		if done || !c.sleep.Sleep(wait) {
			break
		}
		due, _ := pace.Due(k)
		if phase.MaxUsers > 0 && c.working.Load() >= int64(phase.MaxUsers) {
			c.skipped.Add(1)
			if at := start.Add(due); !at.Before(c.recordFrom) {
				c.shards[0].UserSkipped(at)
			}
			continue
		}
		if !c.begin(arriving) {
			break
		}
		number := c.nextNumber() // here, since users get hold of a core in any order
		c.wg.Go(func() { c.once(ctx, g, i, phase, number, start.Add(due)) })
	}
	if !c.gate.spent() {
		c.unsent(schedule, start, k, time.Since(start))
	}
}

// begin takes a slot for one more user, waiting for one to be free; false if the arrivals are over first.
func (c *crew) begin(arriving context.Context) bool {
	if arriving.Err() != nil {
		return false
	}
	select {
	case c.slots <- struct{}{}:
		c.working.Add(1)
		return true
	case <-arriving.Done():
		return false
	}
}

func (c *crew) done() {
	c.working.Add(-1)
	<-c.slots
}

// unsent counts the events from the k-th on that were due when arrivals ended.
func (r *run) unsent(s Schedule, start time.Time, k uint64, ended time.Duration) {
	for last := dueBy(s, ended); k < last; k++ {
		if due, _ := s.Due(k); !start.Add(due).Before(r.recordFrom) {
			r.shards[0].Unsent(start.Add(due))
		}
	}
}

// once is the life of a user that arrived: one walk through one scenario.
func (c *crew) once(ctx context.Context, g *gate, i int, phase scenarios.Phase, number int64, due time.Time) {
	defer c.done()
	u := c.userOf(number, i, due, g)
	u.warming = g != c.gate
	scenario := u.pick(phase)
	c.session(u, scenario, func() error { return u.walkThrough(ctx, scenario) })
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
	warmup, g := newGate(warm, 0, nil), newGate(stop, phase.Requests, c.gate)
	defer warmup.close()
	defer g.close()
	start := time.Now()
	var users sync.WaitGroup
	for range min(phase.Users, c.opts.MaxVUs) {
		number := c.nextNumber()
		users.Go(func() {
			u := c.userOf(number, i, start, warmup)
			c.session(u, NoScenario, func() error {
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

// again walks through scenarios until the gate is shut. A request without an answer ends the walk, not the user; a
// walk that neither sends nor waits ends the user, who would do nothing for ever.
func (u *virtualUser) again(ctx context.Context, phase scenarios.Phase) {
	for !u.gate.shut.Load() {
		u.run.opts.Script.Begin(u.vars, u.number)
		u.number += int64(phase.Users)
		before := u.progress()
		err := u.walkThrough(ctx, u.pick(phase))
		if errors.Is(err, errStopped) {
			return
		}
		u.run.countUserError(u.shard, err)
		if u.progress() == before {
			u.run.countUserError(u.shard, userError(keyIdle))
			return
		}
	}
}

// session runs a user's life and tells the sink of its two ends.
func (c *crew) session(u *virtualUser, scenario int, life func() error) {
	began := time.Now()
	u.shard.UserStarted(began, scenario)
	err := life()
	u.close()
	c.countUserError(u.shard, err)
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
