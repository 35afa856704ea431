package reports

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Threshold is a bound on a metric, such as p99<50ms. Its zero value is not one: ParseThresholds makes them.
type Threshold struct {
	source string // as written
	metric metric
	op     string
	bound  float64 // in the metric's unit
	want   string  // op and bound as written, without spaces
}

// Judgement is what a threshold said of a report.
type Judgement struct {
	Source   string   `json:"source"` // the threshold, as written
	Value    *float64 `json:"value"`  // ns, ratio, per second or count, of ensure Artillery's unit; null without samples, which fails
	Pass     bool     `json:"pass"`
	Origin   string   `json:"origin,omitempty"`   // ensure, if it is of the script's; else it is one of the command's
	Optional bool     `json:"optional,omitempty"` // it is only told, and lets the run pass
	Reason   string   `json:"reason,omitempty"`   // why there is nothing to judge
}

// ParseThresholds parses expressions of the form "metric op value", joined by commas: p99<50ms,errors<0.1%.
// Operators are < <= > >= ==. An error says what exists.
func ParseThresholds(expr string) ([]Threshold, error) {
	var thresholds []Threshold
	for source := range strings.SplitSeq(expr, ",") {
		source = strings.TrimSpace(source)
		t, err := parseThreshold(source)
		if err != nil {
			return nil, fmt.Errorf("threshold %q: %w", source, err)
		}
		thresholds = append(thresholds, t)
	}
	return thresholds, nil
}

func parseThreshold(source string) (Threshold, error) {
	at := strings.IndexAny(source, "<>=!")
	if at < 0 {
		return Threshold{}, errors.New("there is no operator; write it as p99<50ms")
	}
	metric, err := findMetric(strings.TrimSpace(source[:at]))
	if err != nil {
		return Threshold{}, err
	}
	end := at + len(source[at:]) - len(strings.TrimLeft(source[at:], "<>=!"))
	op, value := source[at:end], strings.TrimSpace(source[end:])
	switch op {
	case "<", "<=", ">", ">=", "==":
	default:
		return Threshold{}, fmt.Errorf("there is no operator %s; there are < <= > >= ==", op)
	}
	bound, err := metric.unit.parse(value)
	if err != nil {
		return Threshold{}, fmt.Errorf("%s %w", metric.name, err)
	}
	want := op + strings.Join(strings.Fields(value), "")
	return Threshold{source: source, metric: metric, op: op, bound: bound, want: want}, nil
}

// parse reads a value of the unit.
func (u unit) parse(text string) (float64, error) {
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(text)
	}
	exponent, ok := u.exponent(strings.TrimSpace(text[end:]))
	// The exponent is parsed with the number, so that 99.9% is the same float as 999 of 1000.
	v, err := strconv.ParseFloat(text[:end]+exponent, 64)
	if err != nil || !ok || u == ratio && v > 1 {
		return 0, fmt.Errorf("is %s; not %q", u.hint(), text)
	}
	return v, nil
}

// String returns the threshold as it was written.
func (t Threshold) String() string { return t.source }

func (t Threshold) holds(v float64) bool {
	switch t.op {
	case "<":
		return v < t.bound
	case "<=":
		return v <= t.bound
	case ">":
		return v > t.bound
	case ">=":
		return v >= t.bound
	}
	return v == t.bound
}

// backwards reports whether the threshold holds when the metric gets worse and fails when it gets better.
func (t Threshold) backwards() bool {
	return strings.HasPrefix(t.op, "<") && t.metric.higher || strings.HasPrefix(t.op, ">") && !t.metric.higher
}

func (t Threshold) judge(r *Report) Judgement {
	v, ok := t.metric.measure(r)
	if !ok {
		return Judgement{Source: t.source}
	}
	return Judgement{Source: t.source, Value: &v, Pass: t.holds(v)}
}

// Judge judges the report, in place of whatever judged it before (Ensure too), and reports whether all thresholds hold. A metric
// without samples fails. A threshold that seems to be the wrong way round adds a warning.
func (r *Report) Judge(thresholds []Threshold) bool {
	r.Thresholds = []Judgement{}
	pass := true
	for _, t := range thresholds {
		judged := t.judge(r)
		r.Thresholds = append(r.Thresholds, judged)
		pass = pass && judged.Pass
		if !t.backwards() {
			continue
		}
		warning := fmt.Sprintf("threshold %s holds when the service gets worse: is it the wrong way round?", t.source)
		if !slices.Contains(r.Warnings, warning) {
			r.Warnings = append(r.Warnings, warning)
		}
	}
	return pass
}

// Broken returns the thresholds that a report of the run so far (Recorder.SoFar) breaks. One without samples yet,
// or with a count that has to become higher by the end, is left for Judge.
func (r *Report) Broken(thresholds []Threshold) []Judgement {
	var broken []Judgement
	for _, t := range thresholds {
		if t.metric.grows && !strings.HasPrefix(t.op, "<") {
			continue
		}
		if judged := t.judge(r); !judged.Pass && judged.Value != nil {
			broken = append(broken, judged)
		}
	}
	return broken
}

// String says the judgement in a line: FAIL  p99  61ms, want <50ms.
func (j Judgement) String() string { return judgements([]Judgement{j})[0] }

// judgements says each judgement in a line, metrics in a column.
func judgements(js []Judgement) []string {
	width := 0
	for _, j := range js {
		name, _, _ := j.parts()
		width = max(width, len(name))
	}
	var lines []string
	for _, j := range js {
		name, value, want := j.parts()
		lines = append(lines, fmt.Sprintf("%s  %-*s  %s, want %s", j.verdict(), width, name, value, want))
	}
	return lines
}

func (j Judgement) verdict() string {
	switch {
	case j.Pass:
		return "PASS"
	case j.Optional:
		return "FAIL (optional)"
	}
	return "FAIL"
}

// parts returns the metric, its value and what was wanted of it, as they are shown.
func (j Judgement) parts() (name, value, want string) {
	if j.Origin == originEnsure {
		return j.Source, j.figure(), ""
	}
	t, err := parseThreshold(j.Source)
	switch {
	case err != nil: // of a report by someone who knows more metrics than we do
		return j.Source, "", ""
	case j.Value == nil:
		return t.metric.name, "no samples", t.want
	}
	return t.metric.name, t.shown(*j.Value), t.want
}

// shown writes a value of the metric with as many digits as it takes to tell it from the bound.
func (t Threshold) shown(v float64) string {
	for digits := digits; ; digits++ {
		text := t.metric.unit.format(v, digits)
		if digits >= 15 || v == t.bound || text != t.metric.unit.format(t.bound, digits) {
			return text
		}
	}
}
