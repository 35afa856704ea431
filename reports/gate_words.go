package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Invalidate ends the gate without a comparison.
func (g *Gate) Invalidate(reason string) {
	g.Verdict = VerdictInvalid
	g.Reasons = append(g.Reasons, redact(reason))
	g.Summary = "nothing can be said of the candidate: " + redact(reason)
}

// Unfinished returns the gate as it is to be kept while it runs: should it be killed, nothing can be said.
func (g *Gate) Unfinished() *Gate {
	if g.Verdict != "" {
		return g
	}
	so := *g
	so.Reasons = slices.Clone(g.Reasons)
	so.Invalidate(fmt.Sprintf("it did not come to its end: %d of %s are done", g.Pairs, plural(int64(g.PlannedPairs), "pair")))
	return &so
}

// Describe tells the document what is compared, without what is secret in URLs.
func (g *Gate) Describe(base, candidate, load string) {
	g.Base, g.Candidate, g.Load = redact(base), redact(candidate), redact(load)
}

func (g *Gate) fail(reasons ...string) {
	g.Verdict = VerdictFail
	g.Reasons = append(g.Reasons, reasons...)
	g.Summary = strings.Join(reasons, "; ")
}

func (g *Gate) pass() {
	g.Verdict = VerdictPass
	var names []string
	for _, m := range g.Metrics {
		if m.Reason == "" {
			names = append(names, m.Name)
			g.Reasons = append(g.Reasons, m.within())
		}
	}
	g.Summary = fmt.Sprintf("the candidate is within its margins of the base in %s (%s)",
		enumerated(names), plural(int64(g.Pairs), "pair"))
}

// Further returns the reasons that say more than the summary.
func (g *Gate) Further() []string {
	if strings.HasSuffix(g.Summary, strings.Join(g.Reasons, "; ")) {
		return nil
	}
	return g.Reasons
}

// within says how far from its margin a metric that passes has stayed.
func (m *GateMetric) within() string {
	if m.Name == MetricErrors {
		return fmt.Sprintf("errors: %s of requests failed, base %s", percent(*m.Candidate), percent(*m.Base))
	}
	return fmt.Sprintf("%s: at most %s, margin %s; %s or more would have been seen",
		m.Name, worse(m.Interval[1]), percent(m.Margin), m.seen())
}

// seen is the smallest effect the pairs would have found.
func (m *GateMetric) seen() string {
	if m.MinimumDetectable == nil {
		return "–"
	}
	return signed(*m.MinimumDetectable)
}

// worseText says of each metric that fails by how much, and how sure that is.
func (g *Gate) worseText(metrics []*GateMetric) (reasons []string) {
	for _, m := range metrics {
		if m.Name == MetricErrors {
			reasons = append(reasons, fmt.Sprintf("errors: the candidate failed %s of its requests, the base %s (p %.2g)",
				percent(*m.Candidate), percent(*m.Base), *m.P))
			continue
		}
		reasons = append(reasons, fmt.Sprintf("%s: %s, margin %s (%s, p %.2g)",
			m.Name, worse(*m.Estimate), percent(m.Margin), m.interval(g.Alpha), *m.P))
	}
	return reasons
}

// leaveOpen ends a gate that cannot tell, and says what it would take.
func (g *Gate) leaveOpen(open []*GateMetric) {
	g.Verdict = VerdictInconclusive
	var names []string
	for _, m := range open {
		names = append(names, m.Name)
		if m.Name == MetricErrors {
			g.Reasons = append(g.Reasons, fmt.Sprintf("errors: %s failed, which is over %s, but not shown to be more than of the base",
				percent(*m.Estimate), percent(g.MaxErrors)))
			continue
		}
		g.Reasons = append(g.Reasons, fmt.Sprintf("%s: %s, %s, margin %s; %s or more would have been seen; %s",
			m.Name, worse(*m.Estimate), m.interval(g.Alpha), percent(m.Margin), m.seen(), m.settle(g)))
	}
	for _, m := range g.Metrics {
		if m.Reason == "" && m.P == nil {
			names = append(names, m.Name)
			g.Reasons = append(g.Reasons, m.Name+": no pair has a figure of it")
		}
	}
	g.Reasons = append(g.Reasons, g.Limits()...)
	g.Summary = fmt.Sprintf("%s cannot tell whether the candidate is worse than the margins in %s",
		plural(int64(g.Pairs), "pair"), enumerated(names))
}

// mostToSettle is the most pairs that are named as what a verdict would take: nobody runs more.
const mostToSettle = 1000

// settle says how many pairs would settle a metric that is open, if its estimate and its noise are what they look like.
func (m *GateMetric) settle(g *Gate) string {
	longer := "longer rounds (--round-duration) or a quieter machine would help"
	if m.Sigma == nil {
		return longer
	}
	away := math.Abs(math.Log1p(*m.Estimate) - math.Log1p(m.Margin))
	n := math.Pow(detectable(g.Alpha/float64(g.family()))**m.Sigma/away, 2)
	if !(n <= mostToSettle) {
		return "no number of pairs will settle what lies so near the margin"
	}
	if n = max(math.Ceil(n), float64(g.Pairs+1)); n > maxPairs {
		return fmt.Sprintf("about %.0f pairs like these would settle it, more than a gate has: %s", n, longer)
	}
	return fmt.Sprintf("about %.0f pairs would settle it", n)
}

// interval writes the interval of a metric; of too few pairs there is none.
func (m *GateMetric) interval(alpha float64) string {
	if m.Interval == nil {
		return "too few pairs for an interval"
	}
	if m.Name == MetricErrors {
		return fmt.Sprintf("%s to %s", percent(m.Interval[0]), percent(m.Interval[1]))
	}
	return fmt.Sprintf("%s interval %s to %s", percent(1-alpha), signed(m.Interval[0]), signed(m.Interval[1]))
}

// worse writes a ratio of costs for a sentence: 4.8 % worse, 2 % better.
func worse(ratio float64) string {
	switch text := percent(math.Abs(significantly(ratio, digits))); {
	case math.Abs(ratio) < 5e-5:
		return "no difference"
	case ratio > 0:
		return text + " worse"
	default:
		return text + " better"
	}
}

// signed writes a ratio of costs for a table: +4.8 %, −2 %.
func signed(ratio float64) string {
	text := percent(math.Abs(significantly(ratio, digits)))
	switch {
	case math.Abs(ratio) < 5e-5:
		return "0 %"
	case ratio > 0:
		return "+" + text
	default:
		return "−" + text
	}
}

func enumerated(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// tooManyRedos says why the gate gave up, and what it was that disturbed it.
func (g *Gate) tooManyRedos() string {
	seen, sides := map[string]int64{}, map[string]int64{}
	for _, r := range g.Rounds {
		if r.Pair == 0 || r.Counts || len(r.Disturbed) == 0 && r.Error == "" {
			continue
		}
		sides[r.Side]++
		for _, text := range r.Disturbed {
			kind, _, _ := strings.Cut(text, ":")
			seen[kind]++
		}
		if r.Error != "" {
			seen["breakdowns"]++
		}
	}
	text := fmt.Sprintf("%d pairs were disturbed, of which %d may be: %s; rounds of the base %d, of the candidate %d",
		g.Redone, g.MaxRedos, listed(seen), sides[SideBase], sides[SideCandidate])
	if b, c := sides[SideBase], sides[SideCandidate]; max(b, c) >= 6 && max(b, c) > 5*min(b, c) {
		return text + ": it is the one side that disturbs, not the machine"
	}
	return text + ": this machine was too busy to tell"
}
