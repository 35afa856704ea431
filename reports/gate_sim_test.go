package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// noise makes the log of what a round costs on some machine, by the number of the round since the machine's begin.
// Nothing in it knows the side.
type noise func(r *rand.Rand) func(slot int) float64

// spread is the standard deviation of a round's log cost.
const spread = 0.04

func noises() map[string]noise {
	each := func(draw func(r *rand.Rand) float64) noise {
		return func(r *rand.Rand) func(int) float64 { return func(int) float64 { return draw(r) } }
	}
	normal := func(r *rand.Rand) float64 { return spread * r.NormFloat64() }
	return map[string]noise{
		"independent": each(normal),
		"log-normal":  each(func(r *rand.Rand) float64 { return math.Log1p(spread * math.Exp(r.NormFloat64())) }),
		"autoregressive, 0.9": func(r *rand.Rand) func(int) float64 {
			x := normal(r)
			return func(int) float64 {
				x = 0.9*x + math.Sqrt(1-0.81)*normal(r)
				return x
			}
		},
		"a drift of 30 %": func(r *rand.Rand) func(int) float64 {
			return func(slot int) float64 { return math.Log1p(0.3*float64(slot)/48) + normal(r) }
		},
		"a step of 30 %": func(r *rand.Rand) func(int) float64 {
			at := r.IntN(48)
			return func(slot int) float64 {
				if slot >= at {
					return math.Log(1.3) + normal(r)
				}
				return normal(r)
			}
		},
		"5 % outliers, threefold": each(func(r *rand.Rand) float64 {
			if r.Float64() < 0.05 {
				return math.Log(3) + normal(r)
			}
			return normal(r)
		}),
		"two clock rates":  each(func(r *rand.Rand) float64 { return 0.15*float64(r.IntN(2)) + normal(r)/4 }),
		"processes differ": each(func(r *rand.Rand) float64 { return normal(r) + normal(r) }), // one for the process, new each round
	}
}

// simulate plays a gate of a candidate whose costs are the base's times ratio. Of processes that live for the whole gate
// each side keeps what chance gave it.
func simulate(r *rand.Rand, n noise, margin, ratio float64, restarts bool) *Gate {
	g, err := NewGate(GateOptions{Margin: &margin, Seed: r.Uint64()})
	if err != nil {
		panic(err)
	}
	coin, cost, slot := newCoin(g.Seed), n(r), 0
	kept := map[string]float64{}
	if !restarts {
		kept[SideBase], kept[SideCandidate] = spread*r.NormFloat64(), spread*r.NormFloat64()
	}
	for pair := 1; pair <= g.PlannedPairs; pair++ {
		sides := []string{SideBase, SideCandidate}
		if coin.IntN(2) == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			x := cost(slot) + kept[side]
			if slot++; side == SideCandidate {
				x += math.Log(ratio)
			}
			own := func() float64 { return math.Exp(x + spread/4*r.NormFloat64()) }
			g.Rounds = append(g.Rounds, GateRound{
				Pair: pair, Side: side, Counts: true, CPU: new(1e4 * own()), RPS: 1e5 / own(), P50: int64(1e6 * own()), P99: int64(1e7 * own()),
			})
		}
		g.Pairs = pair
		for i, look := range g.Looks {
			if look.Pairs == pair && g.judge(look, i == len(g.Looks)-1) {
				return g
			}
		}
	}
	return g
}

// rivals are the rules that others gate with, of the same build on the same machine: each returns whether it alarms.
func rivals() []struct {
	name string
	rule func(r *rand.Rand, n noise) bool
} {
	return []struct {
		name string
		rule func(r *rand.Rand, n noise) bool
	}{
		{"one run each, 5 %", func(r *rand.Rand, n noise) bool {
			cost := n(r)
			return cost(0) < cost(1)-math.Log(1.05)
		}},
		{"stored baseline, 20 %", func(r *rand.Rand, n noise) bool { // of another day, on another machine of the same kind
			const days = 0.15
			return n(r)(0)+days*r.NormFloat64() < n(r)(0)+days*r.NormFloat64()-math.Log(1.2)
		}},
		{"Welch on 5,000 requests", func(r *rand.Rand, n noise) bool {
			cost := n(r)
			const requests, varies = 5000, 0.53 // a log-normal of sigma 0.5
			a, b := math.Exp(cost(0)), math.Exp(cost(1))
			sa, sb := a*varies/math.Sqrt(requests), b*varies/math.Sqrt(requests)
			return (b+sb*r.NormFloat64()-a-sa*r.NormFloat64())/math.Hypot(sa, sb) > normalQuantile(0.99)
		}},
		{"Mann-Whitney, A…AB…B", func(r *rand.Rand, n noise) bool {
			cost := n(r)
			const each = 12
			var a []float64
			for slot := range each {
				a = append(a, cost(slot))
			}
			u := 0.0
			for slot := range each {
				b := cost(each + slot)
				for _, v := range a {
					if v < b {
						u++
					}
				}
			}
			mean, sd := each*each/2.0, math.Sqrt(each*each*(2*each+1)/12.0)
			return (u-mean-0.5)/sd > normalQuantile(0.99)
		}},
	}
}

// mostFalse returns the number of n gates that a rate of alpha exceeds with a probability of at most 0.1 %.
func mostFalse(n int, alpha float64) int {
	for k := range n {
		if binomialCDF(int64(k), int64(n), alpha) >= 0.999 {
			return k
		}
	}
	return n
}

// gates returns how many gates are simulated: 500 of each kind, or as many as IMGSVC_GATE_SIM says (make gate-sim).
func gates(t *testing.T) int {
	text := os.Getenv("IMGSVC_GATE_SIM")
	if text == "" {
		return 500
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("IMGSVC_GATE_SIM=%s: want a number of gates", text)
	}
	return n
}

// TestGateSimulation runs gates of a build against itself, with no margin, on machines of every kind of noise: at most
// alpha of them may FAIL. It prints how often other rules would.
func TestGateSimulation(t *testing.T) {
	n := gates(t)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "noise\tgate\t")
	for _, rival := range rivals() {
		fmt.Fprintf(table, "%s\t", rival.name)
	}
	fmt.Fprintln(table)
	share := func(k int) string { return fmt.Sprintf("%.1f %%\t", 100*float64(k)/float64(n)) }
	models := noises()
	names := make([]string, 0, len(models))
	for name := range models {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		r, failed := rand.New(rand.NewPCG(uint64(i), 20261126)), 0
		for range n {
			if simulate(r, models[name], 0, 1, true).Verdict == VerdictFail {
				failed++
			}
		}
		if most := mostFalse(n, defaultAlpha); failed > most {
			t.Errorf("%s: %d of %d gates of the same build fail, want at most %d", name, failed, n, most)
		}
		fmt.Fprint(table, name+"\t"+share(failed))
		for _, rival := range rivals() {
			alarms := 0
			for range n {
				if rival.rule(r, models[name]) {
					alarms++
				}
			}
			fmt.Fprint(table, share(alarms))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	t.Logf("false alarms, %d of each:\n%s", n, text.String())
}

// TestGateNeedsRestarts shows that the design matters, and not the formula alone: the same test on rounds whose
// processes live for the whole gate takes what chance gave a process for a difference of the builds.
func TestGateNeedsRestarts(t *testing.T) {
	n := gates(t)
	failed := map[bool]int{}
	for _, restarts := range []bool{true, false} {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			model := noises()["independent"]
			if restarts {
				model = noises()["processes differ"]
			}
			if simulate(r, model, 0, 1, restarts).Verdict == VerdictFail {
				failed[restarts]++
			}
		}
	}
	t.Logf("processes differ by as much as rounds: with a fresh one for each round %d of %d gates of the same build fail, "+
		"with one for the whole gate %d", failed[true], n, failed[false])
	if failed[true] > mostFalse(n, defaultAlpha) {
		t.Errorf("with restarts %d of %d fail", failed[true], n)
	}
	if failed[false] < n/10 {
		t.Errorf("without restarts %d of %d fail: this model shows nothing", failed[false], n)
	}
}

// TestGatePower says how often a slower candidate FAILs with the default margins, at a noise of 2 and of 4 %.
func TestGatePower(t *testing.T) {
	n := gates(t) / 2
	for _, c := range []struct {
		sigma, ratio float64
		least        float64 // share that must FAIL
	}{{0.02, 1.10, 0.9}, {0.02, 1.15, 0.99}, {0.04, 1.10, 0}, {0.04, 1.15, 0.8}, {0.04, 1.20, 0.99}} {
		r, failed, pairs := rand.New(rand.NewPCG(7, uint64(100*c.ratio))), 0, 0
		model := func(r *rand.Rand) func(int) float64 {
			return func(int) float64 { return c.sigma * r.NormFloat64() }
		}
		for range n {
			g := simulate(r, model, defaultMargin, c.ratio, true)
			pairs += g.Pairs
			if g.Verdict == VerdictFail {
				failed++
			}
		}
		t.Logf("rounds differ by %.0f %%, the candidate is %.0f %% slower: %.1f %% of %d gates fail, after %.1f pairs",
			100*c.sigma, 100*(c.ratio-1), 100*float64(failed)/float64(n), n, float64(pairs)/float64(n))
		if float64(failed) < c.least*float64(n) {
			t.Errorf("%d of %d fail, want %v", failed, n, c.least)
		}
	}
}
