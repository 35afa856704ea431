package reports

import (
	"fmt"
	"strings"
)

// verdict is what the page says first.
type verdict struct {
	Kind     string // pass, fail, warn or plain: how it is coloured and marked
	Word     string // the same in a word, for whoever does not see colours
	Headline string
	Sentence string
}

// verdict says what came of the run: what its thresholds say, or, if it has none, what it held.
func (r *Report) verdict() verdict {
	v := verdict{Sentence: r.sentence()}
	failed, counted := 0, 0
	for _, j := range r.Thresholds {
		if j.Optional {
			continue
		}
		counted++
		if !j.Pass {
			failed++
		}
	}
	switch {
	case r.Requests == 0:
		v.Kind, v.Word, v.Headline = "warn", "Nothing", "No request was sent"
	case failed == 1 && counted == 1:
		v.Kind, v.Word, v.Headline = "fail", "Fail", "The threshold does not hold"
	case failed > 0:
		v.Kind, v.Word = "fail", "Fail"
		v.Headline = fmt.Sprintf("%d of %s %s not hold", failed, plural(int64(counted), "threshold"), does(failed))
	case r.ChecksFailed():
		v.Kind, v.Word, v.Headline = "fail", "Fail", "Answers were not what the script expects"
	case counted == 1:
		v.Kind, v.Word, v.Headline = "pass", "Pass", "The threshold holds"
	case counted > 1:
		v.Kind, v.Word, v.Headline = "pass", "Pass", fmt.Sprintf("All %d thresholds hold", counted)
	default:
		v.Kind, v.Word, v.Headline = "plain", "Measured", throughput(r.RPS.Mean)+" successful requests per second"
	}
	if v.Kind == "plain" && (r.Unsent > 0 || r.Generator.Limit == LimitGenerator || r.Generator.Limit == LimitMachine) {
		v.Kind, v.Word = "warn", "Measured, with care"
	}
	return v
}

func does(n int) string {
	if n == 1 {
		return "does"
	}
	return "do"
}

// sentence says in words what the figures say, for someone who has never seen such a page.
func (r *Report) sentence() string {
	if r.Requests == 0 {
		return "There is nothing to measure: " + plural(r.Unsent, "request") + " due, none sent."
	}
	var parts []string
	if r.Unsent > 0 {
		parts = append(parts, plural(r.Unsent, "request")+" that were due never left; the figures are of those that did.")
	}
	parts = append(parts, fmt.Sprintf("In %s, %s of %s succeeded: %s a second on average.",
		short(int64(r.Duration)), integer(r.Successes), plural(r.Requests, "request"), throughput(r.RPS.Mean)))
	if d := r.Response; d.Count > 0 {
		parts = append(parts, fmt.Sprintf("Half of the answers took at most %s and 99 of 100 at most %s, counted from the moment "+
			"each request was due.", spaced(d.P50), spaced(d.P99)))
	}
	switch r.Generator.Limit {
	case LimitGenerator:
		parts = append(parts, "The load generator was at its own limit, so this is a lower bound of what the service holds.")
	case LimitMachine:
		parts = append(parts, "Service and load generator took the machine from each other: alone the service would hold more.")
	case LimitService:
		parts = append(parts, "The load generator had room to spare, so the figures are the service's.")
	}
	return strings.Join(parts, " ")
}
