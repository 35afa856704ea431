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
	number  int64 // of the user, or of the walk: no two have the same
	vars    *scenarios.Vars
	random  *rand.Rand
	steps   []*blueprint // of what it walks through, by Request.ID
	due     time.Time    // of the next step
	granted int64        // requests it may send before it must ask the gate again
	part    int64        // it asks for one such part of what is left
}

// nextNumber returns the number of the user who comes next, which all it draws depends on.
func (r *run) nextNumber() int64 { return r.started.Add(1) - 1 }

func (r *run) newUser(phase int, due time.Time, g *gate) *virtualUser {
	return r.userOf(r.nextNumber(), phase, due, g)
}

func (r *run) userOf(number int64, phase int, due time.Time, g *gate) *virtualUser {
	random := rand.New(rand.NewPCG(r.opts.Seed, uint64(number)))
	u := &virtualUser{
		number: number,
		vars:   r.opts.Script.Names.NewVars(random),
		random: random,
		steps:  r.blueprints,
		due:    due,
		part:   math.MaxInt64, // that is, for one request at a time
	}
	u.client = client{
		run: r, gate: g, shard: r.shards[number%int64(len(r.shards))], streams: r.newStreams(), cookies: true, trace: r.opts.Once,
	}
	u.vars.Given = r.given
	u.res.Phase, u.res.Attack = phase, r.opts.Name
	r.opts.Script.Begin(u.vars, number)
	return u
}

// pick chooses a scenario by weight among those of the phase. It returns its index.
func (u *virtualUser) pick(p scenarios.Phase) int {
	all := u.run.opts.Script.Scenarios
	if len(p.Only) == 1 {
		return p.Only[0]
	}
	if len(all) == 1 {
		return 0
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
			return i
		}
	}
	return candidates[len(candidates)-1]
}

// walkThrough takes the steps of a scenario. Those of an independent one are taken whatever became of the one before.
func (u *virtualUser) walkThrough(ctx context.Context, scenario int) error {
	s := &u.run.opts.Script.Scenarios[scenario]
	u.jar = nil
	if !s.Independent {
		return u.walk(ctx, s.Steps)
	}
	for i := range s.Steps {
		err := u.walk(ctx, s.Steps[i:i+1])
		if errors.Is(err, errStopped) {
			return err
		}
		u.run.countUserError(u.shard, err)
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
		if !step.Chance.Happens(u.vars.Random) || step.IfTrue != nil && !step.IfTrue.Holds(u.vars) {
			return nil
		}
		if !u.grant() {
			return errStopped
		}
		u.due, err = u.do(ctx, u.steps[step.ID], u.vars, u.due)
		return err
	case *scenarios.Think:
		wait, err := step.Wait(u.vars)
		if err != nil {
			return userError(err.Error())
		}
		u.due = u.due.Add(wait)
		return u.gate.sleepUntil(u.due)
	case *scenarios.Parallel:
		return u.parallel(ctx, step)
	case *scenarios.Loop:
		return u.loop(ctx, step)
	case *scenarios.Log:
		if u.run.opts.Log != nil {
			u.run.opts.Log(string(step.Message.Append(nil, u.vars)))
		}
	}
	return nil
}

// progress is how far a user has come: who has neither sent nor waited since an earlier look has the same. A request may
// fail so fast that no time has passed.
type progress struct {
	due  time.Time
	sent uint64
}

func (u *virtualUser) progress() progress { return progress{u.due, u.res.Seq} }

// idleRound is how long a user waits after a round of an endless loop in which it neither sent nor waited, since the
// conditions of all its requests do not hold: it would keep a core busy with nothing.
const idleRound = time.Millisecond

func (u *virtualUser) loop(ctx context.Context, loop *scenarios.Loop) error {
	rounds := loop.Begin(u.vars)
	for rounds.More() {
		if u.gate.shut.Load() {
			return errStopped
		}
		before := u.progress()
		if err := u.walk(ctx, loop.Steps); err != nil {
			return err
		}
		rounds.Next(u.vars)
		if rounds.Endless() && u.progress() == before {
			u.due = time.Now().Add(idleRound)
			if err := u.gate.sleepUntil(u.due); err != nil {
				return err
			}
		}
		if rounds.Endless() && u.trace != nil {
			break // one round shows what all do
		}
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
