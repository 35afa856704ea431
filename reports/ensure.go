package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Ensure is what a script of Artillery's wants its run to be like. Its metrics are those of Artillery's report
// (Report.Write as artillery): counters, rates, and the figures of summaries in ms, as http.response_time.p95.
type Ensure struct {
	Thresholds   []EnsureThreshold
	Conditions   []EnsureCondition
	Legacy       []EnsureThreshold // min, max, median, p95 or p99 of http.response_time
	MaxErrorRate *float64          // users who did not come to their end, in percent of those created; nil: any
}

// EnsureThreshold wants a metric to be below a bound.
type EnsureThreshold struct {
	Metric string
	Max    float64
}

// EnsureCondition wants an expression to hold. One that is not strict is judged, and lets the run pass all the same.
type EnsureCondition struct {
	Expression string
	Strict     bool
}

// CompileExpression makes a condition of the text of one. Metrics' names can have nearly anything in them, blanks and
// operators too; one that is not in the map has no value.
type CompileExpression func(expression string) (func(metrics map[string]float64) (bool, error), error)

// originEnsure marks what Ensure judged.
const originEnsure = "ensure"

// Ensure judges the report as Artillery's ensure plugin does, adds what it finds to Thresholds, and reports whether all
// that is strict holds. What cannot be judged, as there is no such metric in the run, fails.
func (r *Report) Ensure(e *Ensure, compile CompileExpression) (bool, error) {
	document, err := r.artillery()
	if err != nil {
		return false, fmt.Errorf("judge by ensure: %w", err)
	}
	values := document.Aggregate.values()
	if score, ok := apdexScore(document.Aggregate.Counters); ok {
		values["apdex"] = score
	}
	judged := e.judge(values, compile)
	slices.SortStableFunc(judged, func(a, b Judgement) int { // those that hold come first, as Artillery prints them
		return cmp.Compare(rankOf(a), rankOf(b))
	})
	r.Thresholds = append(r.Thresholds, judged...)
	return !slices.ContainsFunc(judged, func(j Judgement) bool { return !j.Pass && !j.Optional }), nil
}

func rankOf(j Judgement) int {
	if j.Pass {
		return 0
	}
	return 1
}

func (e *Ensure) judge(values map[string]float64, compile CompileExpression) (all []Judgement) {
	for _, t := range e.Thresholds {
		all = append(all, below(t.Metric, t.Metric, t.Max, values))
	}
	for _, c := range e.Conditions {
		all = append(all, c.judge(values, compile))
	}
	for _, t := range e.Legacy {
		all = append(all, below(t.Metric, "http.response_time."+t.Metric, t.Max, values))
	}
	if e.MaxErrorRate != nil {
		all = append(all, maxErrorRate(*e.MaxErrorRate, values))
	}
	return all
}

// below judges metric < bound; shown is what the metric is called in what is said of it.
func below(shown, metric string, bound float64, values map[string]float64) Judgement {
	j := Judgement{Origin: originEnsure, Source: shown + " < " + decimal(bound)}
	v, ok := values[metric]
	if !ok {
		j.Reason = "nothing was measured as " + metric
		return j
	}
	j.Value, j.Pass = &v, v < bound
	return j
}

func maxErrorRate(bound float64, values map[string]float64) Judgement {
	j := Judgement{Origin: originEnsure, Source: "maxErrorRate < " + decimal(bound)}
	created := values["vusers.created"]
	if created == 0 {
		j.Reason = "no user was created"
		return j
	}
	v := (created - values["vusers.completed"]) / created * 100
	j.Value, j.Pass = &v, v <= bound // for all that the name says <
	return j
}

func (c EnsureCondition) judge(values map[string]float64, compile CompileExpression) Judgement {
	j := Judgement{Origin: originEnsure, Source: c.Expression, Optional: !c.Strict}
	holds, err := compile(c.Expression)
	if err == nil {
		j.Pass, err = holds(values)
	}
	if err != nil {
		j.Pass, j.Reason = false, err.Error()
	}
	return j
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// ensured says what Ensure judged, in Artillery's words.
func ensured(js []Judgement) []string {
	lines := []string{"Checks:"}
	for _, j := range js {
		text := "ok: " + j.Source
		if !j.Pass {
			text = "fail: " + j.Source
		}
		if !j.Pass && j.Optional {
			text += " (optional)"
		}
		if why := cmp.Or(j.Reason, j.figure()); !j.Pass && why != "" {
			text += "  (" + why + ")"
		}
		lines = append(lines, text)
	}
	return lines
}

// figure is what the metric was found to be; "" if it is not one metric.
func (j Judgement) figure() string {
	if j.Value == nil {
		return ""
	}
	return decimal(math.Round(*j.Value*1e4) / 1e4)
}
