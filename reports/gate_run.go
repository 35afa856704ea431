package reports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// GatePlan is what the coin dealt a round.
type GatePlan struct {
	Side    string
	Pair    int    // from 1
	Attempt int    // at the pair, from 1
	Order   int    // in the pair, from 1
	Place   int    // 0 or 1: which half of the machine's cores the servers of this pair get
	Seed    uint64 // of the load's own choices: the same for both sides
}

// Breakdown is the error of a round whose side, not the gate, failed.
type Breakdown struct {
	Ready bool // it had been ready: it died on the way
	Err   error
}

func (b *Breakdown) Error() string { return b.Err.Error() }

// Unwrap returns the reason.
func (b *Breakdown) Unwrap() error { return b.Err }

// maxBreakdowns is how often in turn a side may break down before the gate gives it up: a port can be taken by another
// process between its choice and its use, which is nobody's fault and does not happen twice.
const maxBreakdowns = 2

// gateRun is a gate under way.
type gateRun struct {
	*Gate
	round func(context.Context, GatePlan) (GateRound, error)
	after func() error
	coin  *rand.Rand
	bad   map[string]int // breakdowns of a side in turn
	began time.Time
}

// Run runs pairs of rounds until a look decides, the planned pairs are done, too many pairs had to be run anew, or ctx
// ends, and leaves the verdict in g. In each pair round is called once for each side, in the coin's order. A pair of
// which a rule of g.Rules does not hold, whichever side it is, is run anew. after is called after every attempt at a
// pair; g is then as if the gate ended there. Run returns the errors of after, and of round other than a Breakdown.
func (g *Gate) Run(ctx context.Context, round func(context.Context, GatePlan) (GateRound, error), after func() error) error {
	r := &gateRun{Gate: g, round: round, after: after, coin: newCoin(g.Seed), bad: map[string]int{}, began: time.Now()}
	attempt := 1
	for g.Pairs < g.PlannedPairs {
		counts, err := r.pair(ctx, g.Pairs+1, attempt)
		g.Duration = time.Since(g.StartedAt)
		switch {
		case ctx.Err() != nil:
			return errors.Join(r.stopped(), after())
		case err != nil:
			g.Invalidate(err.Error())
			return errors.Join(err, after())
		case counts:
			attempt = 1
		default:
			attempt++
		}
		over := r.decide()
		if err := after(); err != nil || over {
			return err
		}
	}
	return nil
}

// newCoin returns the source of everything that is dealt by chance.
func newCoin(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x67617465)) }

// pair runs one attempt at a pair and reports whether it counts.
func (r *gateRun) pair(ctx context.Context, pair, attempt int) (counts bool, err error) {
	sides := []string{SideBase, SideCandidate}
	if r.coin.IntN(2) == 1 {
		slices.Reverse(sides)
	}
	plan := GatePlan{Pair: pair, Attempt: attempt, Place: r.coin.IntN(2), Seed: r.Seed + uint64(pair)}
	first := len(r.Rounds)
	for i, side := range sides {
		plan.Side, plan.Order = side, i+1
		good, err := r.one(ctx, plan)
		switch {
		case err != nil || ctx.Err() != nil:
			return false, err
		case !good:
			r.Redone++
			return false, nil
		}
	}
	for i := range r.Rounds[first:] {
		r.Rounds[first+i].Counts = true
	}
	r.Pairs++
	return true, nil
}

// one runs a round and reports whether it was complete and undisturbed.
func (r *gateRun) one(ctx context.Context, plan GatePlan) (good bool, err error) {
	began := time.Now()
	round, err := r.round(ctx, plan)
	var breakdown *Breakdown
	switch {
	case ctx.Err() != nil:
		return false, nil // and leaves nothing: it is half of a round
	case errors.As(err, &breakdown):
		round.Error = redact(err.Error())
	case err != nil:
		return false, err
	}
	round.Pair, round.Attempt, round.Order, round.Side = plan.Pair, plan.Attempt, plan.Order, plan.Side
	round.StartedAt = began.Round(0).UTC()
	if err != nil {
		round.Disturbed = []string{}
		r.Rounds = append(r.Rounds, round)
		r.bad[plan.Side]++
		r.giveUp(plan.Side, breakdown)
		return false, nil
	}
	r.bad[plan.Side] = 0
	r.Examine(&round)
	r.Rounds = append(r.Rounds, round)
	return len(round.Disturbed) == 0, nil
}

// giveUp ends the gate if a side has broken down too often in turn: without a comparison, unless the candidate, which
// had started well, died under a load that the base holds.
func (r *gateRun) giveUp(side string, why *Breakdown) {
	if r.bad[side] < maxBreakdowns {
		return
	}
	text := fmt.Sprintf("the %s broke down %d times in a row: %s", side, r.bad[side], redact(why.Error()))
	if side == SideCandidate && why.Ready {
		r.fail(text)
		return
	}
	r.Invalidate(text)
}

// decide settles the verdict after an attempt at a pair, and reports whether the gate is over.
func (r *gateRun) decide() (over bool) {
	if r.Verdict != "" {
		r.assess(0)
		return true
	}
	if r.judgeErrors() {
		return true
	}
	if r.Redone > r.MaxRedos {
		r.assess(0)
		r.Invalidate(r.tooManyRedos())
		return true
	}
	r.assess(0)
	for i := range r.Looks {
		look := &r.Looks[i]
		if look.Pairs == r.Pairs && !look.Taken {
			look.Taken = true
			return r.judge(*look, i == len(r.Looks)-1)
		}
	}
	return false
}

// stopped settles the verdict of a gate that was ended from outside.
func (r *gateRun) stopped() error {
	r.assess(0)
	if r.Verdict == "" {
		r.Invalidate(fmt.Sprintf("stopped after %d of %s", r.Pairs, plural(int64(r.PlannedPairs), "pair")))
	}
	return nil
}
