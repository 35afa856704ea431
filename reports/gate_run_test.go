package reports

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// pretend is a round of a service that exists as arithmetic, before a test spoils it.
func pretend(cost float64) GateRound {
	ok := func(n int64) GateLoop {
		return GateLoop{Requests: n, Successes: n, StatusCodes: map[string]int64{"200": n}}
	}
	return GateRound{
		CPU: new(10_000 * cost), RPS: 50_000 / cost, P50: int64(200_000 * cost), P99: int64(900_000 * cost),
		Closed: ok(100_000), Open: ok(60_000), Due: 60_000, LagP99: 200_000,
	}
}

// play runs a gate over pretended rounds; spoil turns a good round of the plan's side into what the test is about.
func play(t *testing.T, o GateOptions, spoil func(GatePlan, *GateRound) error) *Gate {
	t.Helper()
	g, err := NewGate(o)
	if err != nil {
		t.Fatal(err)
	}
	g.OfferedRPS = 30_000
	noise := rand.New(rand.NewPCG(o.Seed, 9))
	err = g.Run(t.Context(), func(_ context.Context, p GatePlan) (GateRound, error) {
		r := pretend(math.Exp(0.01 * noise.NormFloat64()))
		return r, spoil(p, &r)
	}, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// slower makes the candidate cost more.
func slower(ratio float64) func(GatePlan, *GateRound) error {
	return func(p GatePlan, r *GateRound) error {
		if p.Side == SideCandidate {
			*r = scaled(*r, ratio)
		}
		return nil
	}
}

func scaled(r GateRound, ratio float64) GateRound {
	r.CPU = new(*r.CPU * ratio)
	r.RPS /= ratio
	r.P50, r.P99 = int64(float64(r.P50)*ratio), int64(float64(r.P99)*ratio)
	return r
}

func TestGateVerdicts(t *testing.T) {
	broken := &Breakdown{Ready: true, Err: errors.New("exit status 137")}
	late := &Breakdown{Err: errors.New("not ready within 30s")}
	on := func(side string, do func(*GateRound) error) func(GatePlan, *GateRound) error {
		return func(p GatePlan, r *GateRound) error {
			if p.Side == side {
				return do(r)
			}
			return nil
		}
	}
	failing := func(share float64) func(*GateRound) error {
		return func(r *GateRound) error {
			n := int64(share * float64(r.Open.Requests))
			r.Open.Successes -= n
			r.Open.StatusCodes = map[string]int64{"500": n}
			return nil
		}
	}
	for _, c := range []struct {
		name    string
		o       GateOptions
		spoil   func(GatePlan, *GateRound) error
		verdict string
		reason  string // is part of the reasons
		pairs   int
	}{
		{"the same", GateOptions{}, slower(1), VerdictPass, "margin 5 %", 12},
		{"a fifth slower", GateOptions{}, slower(1.2), VerdictFail, "% worse, margin 5 %", 12},
		{"a little slower", GateOptions{}, slower(1.02), VerdictPass, "", 12},
		{"faster", GateOptions{}, slower(0.7), VerdictPass, "better", 12},
		{"at the margin", GateOptions{}, slower(1.05), VerdictInconclusive, "--round-duration", 24},
		{"faster by half in all but p99", GateOptions{}, on(SideCandidate, func(r *GateRound) error {
			*r = scaled(*r, 0.5)
			r.P99 = int64(float64(r.P99) * 4)
			return nil
		}), VerdictFail, "p99", 12},
		{"p99 alone is worse, and not judged", GateOptions{Metrics: []string{MetricCPU, MetricRPS}}, on(SideCandidate, func(r *GateRound) error {
			r.P99 *= 4
			return nil
		}), VerdictPass, "", 12},
		{"fewer metrics, and errors", GateOptions{Metrics: []string{MetricCPU}}, on(SideCandidate, failing(0.001)), VerdictFail, "errors", 12},
		{"too few pairs", GateOptions{Pairs: 4}, slower(1.2), VerdictInconclusive, "4 pairs cannot FAIL", 4},
		{"a candidate that answers errors", GateOptions{}, on(SideCandidate, failing(1)), VerdictFail, "status 500", 3},
		{"a base that answers errors", GateOptions{}, on(SideBase, failing(0.1)), VerdictInvalid, "the base failed", 3},
		{"a few errors in every round of the candidate", GateOptions{}, on(SideCandidate, failing(0.001)), VerdictFail, "errors", 12},
		{"a candidate that dies", GateOptions{}, on(SideCandidate, func(*GateRound) error { return broken }), VerdictFail, "exit status 137", 0},
		{"a base that dies", GateOptions{}, on(SideBase, func(*GateRound) error { return broken }), VerdictInvalid, "exit status 137", 0},
		{"a candidate that does not start", GateOptions{}, on(SideCandidate, func(*GateRound) error { return late }), VerdictInvalid, "not ready within", 0},
		{"a busy machine", GateOptions{}, func(_ GatePlan, r *GateRound) error { r.Others = 0.5; return nil }, VerdictInvalid, "too busy to tell", 0},
		{"a generator that is late", GateOptions{}, func(_ GatePlan, r *GateRound) error { r.LagP99 = 3e6; return nil }, VerdictInvalid, "generator late × 25", 0},
		{"a candidate that has the generator late", GateOptions{}, on(SideCandidate, func(r *GateRound) error { r.LagP99 = 3e6; return nil }),
			VerdictInvalid, "it is the one side", 0},
		{"a candidate at its limit has the generator late", GateOptions{}, on(SideCandidate, func(r *GateRound) error {
			*r = scaled(*r, 2)
			r.LagP99 = 3e6
			return nil
		}), VerdictFail, "rps", 12},
		{"stolen time", GateOptions{}, func(_ GatePlan, r *GateRound) error { r.Steal = 0.2; return nil }, VerdictInvalid, "stolen", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Seed = 7
			g := play(t, c.o, c.spoil)
			if g.Verdict != c.verdict || g.Pairs != c.pairs {
				t.Errorf("%s after %d pairs, want %s after %d: %q", g.Verdict, g.Pairs, c.verdict, c.pairs, g.Reasons)
			}
			if text := strings.Join(g.Reasons, "\n"); !strings.Contains(text, c.reason) || text == "" {
				t.Errorf("the reasons do not say %q: %s", c.reason, text)
			}
			if g.Summary == "" || math.IsNaN(g.Alpha) {
				t.Error("no summary")
			}
		})
	}
}

// A pair of which one round is disturbed, on whichever side, is run anew as a whole, and what was measured stays in the
// document. The rule gives the same whichever side is called the candidate.
func TestGateRedoesWholePairs(t *testing.T) {
	for _, side := range []string{SideBase, SideCandidate} {
		disturbed := 0
		g := play(t, GateOptions{Seed: 5}, func(p GatePlan, r *GateRound) error {
			if p.Pair%4 == 0 && p.Attempt == 1 && p.Side == side {
				r.Others = 0.4
				disturbed++
			}
			return nil
		})
		if g.Verdict != VerdictPass || g.Redone != 3 || disturbed != 3 {
			t.Errorf("%s: %s, %d redone: %q", side, g.Verdict, g.Redone, g.Reasons)
		}
		sides := map[string]int{}
		for _, r := range g.Rounds {
			if r.Counts {
				sides[r.Side]++
			}
		}
		if sides[SideBase] != 12 || sides[SideCandidate] != 12 {
			t.Errorf("rounds that count: %v", sides)
		}
	}
}

// The coin decides who goes first and on which cores; its seed repeats it.
func TestGateCoin(t *testing.T) {
	deal := func(seed uint64) (plans []GatePlan) {
		play(t, GateOptions{Seed: seed, Pairs: 24}, func(p GatePlan, r *GateRound) error {
			plans = append(plans, p)
			if p.Side == SideCandidate {
				*r = scaled(*r, 1.05) // so that all pairs are run
			}
			return nil
		})
		return plans
	}
	first, places := map[string]int{}, map[int]int{}
	plans := deal(11)
	for _, p := range plans {
		if p.Order == 1 {
			first[p.Side]++
		}
		places[p.Place]++
	}
	if len(plans) != 48 || first[SideBase] < 5 || first[SideCandidate] < 5 || places[0] < 10 || places[1] < 10 {
		t.Errorf("%d rounds; first: %v; places: %v", len(plans), first, places)
	}
	if !slices.Equal(plans, deal(11)) {
		t.Error("the same seed dealt otherwise")
	}
	if slices.Equal(plans, deal(12)) {
		t.Error("another seed dealt the same")
	}
}

// Whoever stops a gate gets what was measured until then.
func TestGateStopped(t *testing.T) {
	g, err := NewGate(GateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rounds, saved := 0, 0
	err = g.Run(ctx, func(context.Context, GatePlan) (GateRound, error) {
		if rounds++; rounds == 8 {
			cancel()
		}
		return pretend(1), nil
	}, func() error { saved++; return nil })
	if err != nil || g.Verdict != VerdictInvalid || g.Pairs != 3 || len(g.Rounds) != 7 || saved != 4 {
		t.Errorf("%v, %s with %d pairs and %d rounds, saved %d times", err, g.Verdict, g.Pairs, len(g.Rounds), saved)
	}
	if g.Redone != 0 || !strings.Contains(g.Summary, "stopped after 3 of 24 pairs") {
		t.Errorf("%d redone: %s", g.Redone, g.Summary)
	}
}

// An error that is nobody's breakdown ends the gate, as does one of who saves it.
func TestGateErrors(t *testing.T) {
	for _, where := range []string{"round", "after"} {
		g, err := NewGate(GateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fail := func(here string) error {
			if here == where {
				return fmt.Errorf("the disk of %s is full", here)
			}
			return nil
		}
		err = g.Run(t.Context(), func(context.Context, GatePlan) (GateRound, error) { return pretend(1), fail("round") },
			func() error { return fail("after") })
		if err == nil || !strings.Contains(err.Error(), where+" is full") {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestGateOptions(t *testing.T) {
	for name, o := range map[string]GateOptions{
		"margin": {Margin: new(-0.1)}, "alpha": {Alpha: 0.5}, "NaN": {Alpha: math.NaN()}, "pairs": {Pairs: 41},
		"redos": {MaxRedos: new(-1)}, "errors": {MaxErrors: new(1.0)},
	} {
		if _, err := NewGate(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, c := range []struct {
		alpha float64
		pairs int
		want  []GateLook
	}{
		{0.01, 24, []GateLook{{Pairs: 12, Alpha: 0.002}, {Pairs: 18, Alpha: 0.003}, {Pairs: 24, Alpha: 0.005}}},
		{0.05, 24, []GateLook{{Pairs: 12, Alpha: 0.01}, {Pairs: 18, Alpha: 0.015}, {Pairs: 24, Alpha: 0.025}}},
		{0.01, 15, []GateLook{{Pairs: 12, Alpha: 0.002}, {Pairs: 15, Alpha: 0.008}}},
		{0.01, 12, []GateLook{{Pairs: 12, Alpha: 0.01}}},
		{0.01, 40, []GateLook{{Pairs: 12, Alpha: 0.002}, {Pairs: 18, Alpha: 0.003}, {Pairs: 40, Alpha: 0.005}}},
	} {
		looks := planLooks(c.alpha, c.pairs)
		if len(looks) != len(c.want) {
			t.Errorf("alpha %v, %d pairs: looks %v, want %v", c.alpha, c.pairs, looks, c.want)
			continue
		}
		for i := range looks {
			if looks[i].Pairs != c.want[i].Pairs || math.Abs(looks[i].Alpha-c.want[i].Alpha) > 1e-12 {
				t.Errorf("alpha %v, %d pairs: looks %v, want %v", c.alpha, c.pairs, looks, c.want)
			}
		}
	}
}

// The figure of the specification: 3.61 standard errors at alpha 0.01 and 90 % power.
func TestSmallestEffect(t *testing.T) { near(t, "standard errors", detectable(0.01), 3.61, 0.005) }
