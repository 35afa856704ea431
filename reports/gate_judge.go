package reports

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Names of a gate's metrics.
const (
	MetricCPU    = "cpu"    // CPU time of the server for a request
	MetricRPS    = "rps"    // successful requests a second in a closed loop
	MetricP50    = "p50"    // of response, at a fixed rate
	MetricP99    = "p99"    // of response, at a fixed rate
	MetricErrors = "errors" // share of requests that were not successful
)

// MinForP99 is how many requests an open loop needs for its p99 to be gated: 30 of them are beyond it.
const MinForP99 = 3000

// gateMetric is how a metric is read off a round. inverse: more of it is better.
type gateMetric struct {
	name, unit string
	times      float64 // margins
	inverse    bool
	of         func(GateRound) float64 // 0 where the round has none
}

// gateMetrics returns what is judged, in the order it is shown.
func gateMetrics() []gateMetric {
	return []gateMetric{
		{MetricCPU, "ns/request", 1, false, func(r GateRound) float64 {
			if r.CPU == nil {
				return 0
			}
			return *r.CPU
		}},
		{MetricRPS, "requests/s", 1, true, func(r GateRound) float64 { return r.RPS }},
		{MetricP50, "ns", 1, false, func(r GateRound) float64 { return float64(r.P50) }},
		{MetricP99, "ns", 2, false, func(r GateRound) float64 { return float64(r.P99) }},
		{MetricErrors, "share of requests", 0, false, nil},
	}
}

// counting returns the rounds of a side that count, by pair.
func (g *Gate) counting(side string) (rounds []GateRound) {
	for _, r := range g.Rounds {
		if r.Counts && r.Side == side {
			rounds = append(rounds, r)
		}
	}
	slices.SortStableFunc(rounds, func(a, b GateRound) int { return a.Pair - b.Pair })
	return rounds
}

// logRatios returns ln(cost of the candidate / cost of the base) of each pair, for pairs that have both.
func (m gateMetric) logRatios(base, candidate []GateRound) (d []float64) {
	for i := range base {
		b, c := m.of(base[i]), m.of(candidate[i])
		if b <= 0 || c <= 0 {
			continue
		}
		if m.inverse {
			b, c = c, b
		}
		d = append(d, math.Log(c/b))
	}
	return d
}

// assess works out the metrics of the pairs there are. share is the look's part of alpha, by which the smallest
// detectable effect is worked out; 0: that of the next look.
func (g *Gate) assess(share float64) {
	if share == 0 {
		share = g.nextShare()
	}
	base, candidate := g.counting(SideBase), g.counting(SideCandidate)
	for i, m := range gateMetrics() {
		if m.of == nil {
			g.assessErrors(&g.Metrics[i], base, candidate)
			continue
		}
		g.assessMetric(&g.Metrics[i], m, base, candidate, share)
	}
}

func (g *Gate) nextShare() float64 {
	for _, look := range g.Looks {
		if look.Pairs >= g.Pairs {
			return look.Alpha
		}
	}
	return g.Alpha
}

func (g *Gate) assessMetric(to *GateMetric, m gateMetric, base, candidate []GateRound, share float64) {
	d := m.logRatios(base, candidate)
	if len(d) == 0 {
		return
	}
	to.Base, to.Candidate = medianRound(base, m.of), medianRound(candidate, m.of)
	to.Estimate = new(math.Expm1(hodgesLehmann(d)))
	if lo, hi := rankInterval(d, 1-g.Alpha); !math.IsInf(lo, 0) {
		to.Interval = &[2]float64{math.Expm1(lo), math.Expm1(hi)}
	}
	margin := math.Log1p(to.Margin)
	e := make([]float64, len(d))
	for i := range d {
		e[i] = d[i] - margin
	}
	to.P = new(signFlip(e))
	if len(d) > 1 {
		sigma := deviation(d)
		to.Sigma = &sigma
		to.MinimumDetectable = new(math.Expm1(margin + detectable(share/float64(max(g.family(), 1)))*sigma/math.Sqrt(float64(len(d)))))
	}
}

// detectable returns by how many standard errors an effect must lie beyond the margin for a test at alpha to find it in
// nine cases of ten, by normal theory: 3.61 at 0.01.
func detectable(alpha float64) float64 { return normalQuantile(1-alpha) + normalQuantile(0.9) }

func medianRound(rounds []GateRound, of func(GateRound) float64) *float64 {
	var values []float64
	for _, r := range rounds {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return new(medianOf(values))
}

// deviation returns the standard deviation of a sample of at least two.
func deviation(d []float64) float64 {
	mean := signedSum(d) / float64(len(d))
	sum := 0.0
	for _, v := range d {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(d)-1))
}

// judge takes a look and reports whether it ends the gate.
func (g *Gate) judge(look GateLook, last bool) (over bool) {
	g.assess(look.Alpha)
	var gated []*GateMetric
	var p []float64
	for i := range g.Metrics {
		if m := &g.Metrics[i]; m.Reason == "" && m.P != nil {
			gated, p = append(gated, m), append(p, *m.P)
		}
	}
	compared, rejected := holm(p, look.Alpha)
	var worse, open []*GateMetric
	for i, m := range gated {
		m.ComparedWith = &compared[i]
		m.Verdict = m.judged(rejected[i], g.MaxErrors)
		switch m.Verdict {
		case VerdictFail:
			worse = append(worse, m)
		case VerdictInconclusive:
			open = append(open, m)
		}
	}
	switch {
	case len(worse) > 0:
		g.fail(g.worseText(worse)...)
	case len(open) == 0 && len(gated) == g.family():
		g.pass()
	case last:
		g.leaveOpen(open)
	}
	return g.Verdict != ""
}

// judged returns a metric's own verdict.
func (m *GateMetric) judged(rejected bool, maxErrors float64) string {
	if m.Name == MetricErrors {
		switch {
		case rejected:
			return VerdictFail
		case *m.Estimate <= maxErrors:
			return VerdictPass
		}
		return VerdictInconclusive
	}
	switch {
	case rejected && *m.Estimate > m.Margin:
		return VerdictFail
	case m.Interval != nil && m.Interval[1] < m.Margin:
		return VerdictPass
	}
	return VerdictInconclusive
}

// Examine looks whether the rules hold for a round and notes what does not. A side that is saturated, as its own closed
// loop shows, has the generator late and behind for want of answers: then those rules say nothing, and its times count.
func (g *Gate) Examine(r *GateRound) {
	r.Disturbed = []string{}
	r.Saturated = g.OfferedRPS > 0 && r.RPS < g.OfferedRPS/maxLoad
	note := func(format string, args ...any) { r.Disturbed = append(r.Disturbed, fmt.Sprintf(format, args...)) }
	if !r.Saturated {
		if lag := time.Duration(r.LagP99); lag > g.Rules.MaxLag {
			note("generator late: lag p99 %s", spaced(r.LagP99))
		}
		if sent := r.Due - r.Unsent; r.Due > 0 && float64(sent) < g.Rules.MinAchieved*float64(r.Due) {
			note("generator behind: %s of the requests due were sent", percent(float64(sent)/float64(r.Due)))
		}
		if r.Open.Generator > g.Rules.MaxCPURatio {
			note("generator busy: it used %s of its cores", percent(min(r.Open.Generator, 1)))
		}
	}
	if r.Steal > g.Rules.MaxSteal {
		note("time stolen: %s of the machine", percent(r.Steal))
	}
	if r.Others > g.Rules.MaxOthers {
		note("machine busy: other processes used %s of it", percent(r.Others))
	}
}

// maxLoad is the share of its closed loop's rate beyond which a side is saturated by an open loop.
const maxLoad = 0.9
