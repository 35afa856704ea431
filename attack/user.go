package attack

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// errStopped ends a walk because the run is over.
var errStopped = errors.New("the run is over")

// virtualUser is one walk through a scenario, or, in a closed phase, one after the other: its variables, its
// connection, its random numbers, one goroutine.
type virtualUser struct {
	client
	vars    []scenarios.Value
	random  *rand.Rand
	due     time.Time // of the next step
	granted int64     // requests it may send before it must ask the gate again
	part    int64     // it asks for one such part of what is left
}

func (r *run) newUser(phase int, due time.Time, g *gate) *virtualUser {
	number := r.started.Add(1) - 1
	u := &virtualUser{
		vars:   make([]scenarios.Value, r.opts.Script.Names.Len()),
		random: rand.New(rand.NewPCG(r.opts.Seed, uint64(number))),
		due:    due,
		part:   math.MaxInt64, // that is, for one request at a time
	}
	shard := r.shards[number%int64(len(r.shards))]
	u.client = client{run: r, gate: g, shard: shard, cookies: true, streams: r.newStreams()}
	u.res.Phase, u.res.Attack = phase, r.opts.Name
	return u
}

// pick chooses a scenario by weight among those of the phase.
func (u *virtualUser) pick(p scenarios.Phase) *scenarios.Scenario {
	all := u.run.opts.Script.Scenarios
	if len(p.Only) == 1 {
		return &all[p.Only[0]]
	}
	if len(all) == 1 {
		return &all[0]
	}
	candidates := p.Only
	if len(candidates) == 0 {
		candidates = make([]int, len(all))
		for i := range all {
			candidates[i] = i
		}
	}
	var total float64
	for _, i := range candidates {
		total += all[i].Weight
	}
	at := u.random.Float64() * total
	for _, i := range candidates {
		if at -= all[i].Weight; at < 0 {
			return &all[i]
		}
	}
	return &all[candidates[len(candidates)-1]]
}

// walkThrough takes the steps of a scenario. Those of an independent one are taken whatever became of the one before.
func (u *virtualUser) walkThrough(ctx context.Context, s *scenarios.Scenario) error {
	u.jar = nil
	if !s.Independent {
		return u.walk(ctx, s.Steps)
	}
	for i := range s.Steps {
		err := u.walk(ctx, s.Steps[i:i+1])
		if errors.Is(err, errStopped) {
			return err
		}
		u.run.countUserError(err)
	}
	return nil
}

// walk takes the steps in order. It returns errStopped if the run ended on the way, or why the user cannot go on.
func (u *virtualUser) walk(ctx context.Context, steps []scenarios.Step) error {
	for _, step := range steps {
		if u.gate.shut.Load() {
			return errStopped
		}
		if err := u.take(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (u *virtualUser) take(ctx context.Context, step scenarios.Step) (err error) {
	switch step := step.(type) {
	case *scenarios.Request:
		if !u.grant() {
			return errStopped
		}
		u.due, err = u.do(ctx, u.run.blueprints[step.ID], u.vars, u.due)
		return err
	case *scenarios.Think:
		u.due = u.due.Add(step.Duration)
		return u.gate.sleepUntil(u.due)
	case *scenarios.Loop:
		return u.loop(ctx, step)
	case *scenarios.Log:
		if u.run.opts.Log != nil {
			u.run.opts.Log(string(step.Message.Append(nil, u.vars)))
		}
	}
	return nil
}

func (u *virtualUser) loop(ctx context.Context, loop *scenarios.Loop) error {
	u.vars[loop.Index] = scenarios.Int(0)
	for i := int64(0); loop.Count < 0 || i < loop.Count; i++ {
		if u.gate.shut.Load() {
			return errStopped
		}
		if err := u.walk(ctx, loop.Steps); err != nil {
			return err
		}
		u.vars[loop.Index] = u.vars[loop.Index].Next()
	}
	return nil
}

// grant takes one request from what the gate lets through.
func (u *virtualUser) grant() bool {
	if u.granted == 0 {
		u.granted = u.gate.take(u.part)
	}
	u.granted--
	return u.granted >= 0
}
