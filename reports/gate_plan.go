package reports

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// GateOptions says how a gate is to judge. A zero field means the default given here.
type GateOptions struct {
	Margin    *float64 // ratio that cpu, rps and p50 may be worse by; p99 twice that; default 0.05
	Alpha     float64  // default 0.01
	Pairs     int      // at most; default 24
	MaxRedos  *int     // pairs that may be run anew; default as many as Pairs
	MaxErrors *float64 // share of requests that may fail; default 0.01
	Metrics   []string // that are judged, errors always; default all
	Seed      uint64   // of the coin
	Version   string   // of imgsvc
}

const (
	defaultAlpha  = 0.01
	defaultMargin = 0.05
	defaultErrors = 0.01
	defaultPairs  = 24
)

// earlyLooks are the looks before the last at the default alpha, by which they are scaled. The shares of all add up to
// alpha, so that, whatever the looks have to do with each other, together they fail wrongly in at most that share of gates.
func earlyLooks() []GateLook { return []GateLook{{Pairs: 12, Alpha: 0.002}, {Pairs: 18, Alpha: 0.003}} }

// NewGate returns a gate that has not run yet. Its error is about the options.
func NewGate(o GateOptions) (*Gate, error) {
	alpha, pairs := cmp.Or(o.Alpha, defaultAlpha), cmp.Or(o.Pairs, defaultPairs)
	margin, redos, maxErrors := orDefault(o.Margin, defaultMargin), orDefault(o.MaxRedos, pairs), orDefault(o.MaxErrors, defaultErrors)
	switch {
	case !(margin >= 0 && margin <= 10):
		return nil, fmt.Errorf("a margin of %v: want a share from 0 to 10, such as 5%%", margin)
	case !(alpha > 0 && alpha <= 0.2):
		return nil, fmt.Errorf("an alpha of %v: want more than 0, at most 0.2", alpha)
	case pairs < 1 || pairs > maxPairs:
		return nil, fmt.Errorf("%d pairs: want 1 to %d", pairs, maxPairs)
	case redos < 0:
		return nil, fmt.Errorf("%d pairs to be run anew: want 0 or more", redos)
	case !(maxErrors >= 0 && maxErrors < 1):
		return nil, fmt.Errorf("a share of %v of requests that may fail: want 0 to less than 1", maxErrors)
	}
	g := &Gate{
		Schema: Schema, Alpha: alpha, Margin: margin, Seed: o.Seed, PlannedPairs: pairs, ErrorRateClaimed: true,
		Looks: planLooks(alpha, pairs), MaxRedos: redos, MaxErrors: maxErrors,
		Reasons: []string{}, Warnings: []string{}, Rounds: []GateRound{}, Places: []string{},
		StartedAt: time.Now().Round(0).UTC(),
		Rules: GateRules{
			MaxLag: maxLagP99, MinAchieved: 0.99, MaxCPURatio: maxCPURatio, MaxSteal: 0.05, MaxOthers: 0.10,
		},
		Environment: Environment{
			Imgsvc: o.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
			CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		},
	}
	for _, m := range gateMetrics() {
		g.Metrics = append(g.Metrics, GateMetric{Name: m.name, Unit: m.unit, Margin: m.times * margin, Verdict: VerdictInconclusive})
	}
	return g, g.judgeOnly(o.Metrics)
}

// judgeOnly has all metrics but these, and errors, shown and not judged. Which are judged is settled before anything is
// known; fewer of them leave more of alpha to each. Its error is about a name.
func (g *Gate) judgeOnly(names []string) error {
	var known []string
	for _, m := range gateMetrics() {
		known = append(known, m.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no metric %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	for _, name := range known {
		if len(names) > 0 && name != MetricErrors && !slices.Contains(names, name) {
			g.DoNotGate(name, "not among the metrics to be judged")
		}
	}
	return nil
}

func orDefault[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

// planLooks scales the looks to alpha. The last one, when all pairs are done, has what is left: 0.005 of 0.01.
func planLooks(alpha float64, pairs int) (looks []GateLook) {
	left := alpha
	for _, look := range earlyLooks() {
		if look.Pairs < pairs {
			look.Alpha *= alpha / defaultAlpha
			left -= look.Alpha
			looks = append(looks, look)
		}
	}
	return append(looks, GateLook{Pairs: pairs, Alpha: left})
}

// DoNotGate has a metric shown and not judged. It is called before the first pair, since what is judged is to be settled
// before anything is known.
func (g *Gate) DoNotGate(name, reason string) {
	m := g.metric(name)
	m.Reason, m.Verdict = reason, VerdictNone
}

// metric returns the metric of a name that there is.
func (g *Gate) metric(name string) *GateMetric {
	i := slices.IndexFunc(g.Metrics, func(m GateMetric) bool { return m.Name == name })
	return &g.Metrics[i]
}

// Limits returns what the plan cannot come to, in words: a FAIL or a PASS that so few pairs, or so small an alpha, can
// never give.
func (g *Gate) Limits() (limits []string) {
	last := g.Looks[len(g.Looks)-1]
	if need := pairsToFail(last.Alpha, g.family()); need > last.Pairs {
		limits = append(limits, fmt.Sprintf("%s cannot FAIL: at alpha %v that takes %d", plural(int64(last.Pairs), "pair"), g.Alpha, need))
	}
	if signedRankCut(last.Pairs, g.Alpha/2) < 0 {
		need := int(math.Ceil(1 - math.Log2(g.Alpha)))
		limits = append(limits, fmt.Sprintf("%s cannot PASS: at alpha %v that takes %d", plural(int64(last.Pairs), "pair"), g.Alpha, need))
	}
	return limits
}

// pairsToFail returns how many pairs it takes for the least p there is, 2^−n, to be within what Holm's first step asks.
func pairsToFail(alpha float64, family int) int {
	return int(math.Ceil(math.Log2(float64(family) / alpha)))
}

// family returns how many hypotheses are judged.
func (g *Gate) family() (n int) {
	for _, m := range g.Metrics {
		if m.Reason == "" {
			n++
		}
	}
	return n
}

// CompareInstances has the gate compare two servers that run, for which it has no error rate: what is theirs, and not
// their builds', is dealt by no coin.
func (g *Gate) CompareInstances() {
	g.ErrorRateClaimed = false
	g.DoNotGate(MetricCPU, "the servers are not processes of this gate")
	g.Warnings = append(g.Warnings, "these are two instances, not two builds: each keeps for all rounds what chance gave it "+
		"when it started, so that no error rate is claimed")
}

// Calibrated adds a round of the base of before the first pair, and ends the gate if the base fails its requests.
func (g *Gate) Calibrated(r GateRound) {
	if r.Error = redact(r.Error); r.Error == "" {
		g.Examine(&r)
	}
	g.Rounds = append(g.Rounds, r)
	if failed, all := r.failures(); g.Verdict == "" && all > 0 && float64(failed) > g.MaxErrors*float64(all) {
		g.Invalidate(fmt.Sprintf("the base failed %s of its %s requests (%s) before anything was compared: is the load right for it?",
			percent(float64(failed)/float64(all)), integer(all), listed(g.failureKinds(SideBase))))
	}
}
