package reports

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// row is a figure of each run; nil where a run has none.
type row struct {
	label  string
	values []*float64
	format func(float64) string
	words  []string // in place of values
	better direction
}

// direction is which way a figure gets better.
type direction int

const (
	unjudged direction = iota
	higherIsBetter
	lowerIsBetter
)

// getting returns r with the direction in which its figure gets better.
func (r row) getting(better direction) row {
	r.better = better
	return r
}

// value writes the figure of a run.
func (r row) value(i int) string {
	switch {
	case r.words != nil:
		return r.words[i]
	case r.values[i] == nil:
		return "–"
	}
	return r.format(*r.values[i])
}

// ratio writes how the figure of a run stands to the first's: ×1.03. It is empty for the first itself, and where there
// is no such ratio.
func (r row) ratio(i int) string {
	if i == 0 || r.words != nil || r.values[0] == nil || r.values[i] == nil || *r.values[0] == 0 {
		return ""
	}
	ratio, digits := *r.values[i] / *r.values[0], digits
	switch {
	case ratio > 0 && ratio < 0.001:
		return "×<0.001"
	case ratio < 0.1: // keeps to its column
		digits = 2
	}
	return "×" + number(significantly(ratio, digits), digits)
}

func asDuration(v float64) string { return duration(v, digits) }
func asRate(v float64) string     { return number(v, digits+1) }
func asCount(v float64) string    { return integer(int64(v)) }
func asPercent(v float64) string  { return percent(v) }

// rows returns what is compared: of the whole run, then of each step.
func (c *Comparison) rows() []row {
	rows := []row{
		c.row("rps, mean", asRate, func(r *Report) *float64 { return r.RPS.Mean }).getting(higherIsBetter),
		c.row("rps, best second", asRate, func(r *Report) *float64 { return r.RPS.Peak1s }).getting(higherIsBetter),
		c.row("rps, best 10 s", asRate, func(r *Report) *float64 { return r.RPS.Peak10s }).getting(higherIsBetter),
		c.row("response p50", asDuration, func(r *Report) *float64 { return r.Response.figure(r.Response.P50) }).getting(lowerIsBetter),
		c.row("response p90", asDuration, func(r *Report) *float64 { return r.Response.figure(r.Response.P90) }).getting(lowerIsBetter),
		c.row("response p99", asDuration, func(r *Report) *float64 { return r.Response.figure(r.Response.P99) }).getting(lowerIsBetter),
		c.row("response p99.9", asDuration, func(r *Report) *float64 { return r.Response.figure(r.Response.P999) }).getting(lowerIsBetter),
		c.row("requests", asCount, func(r *Report) *float64 { return new(float64(r.Requests)) }),
		c.row("not successful", asPercent, func(r *Report) *float64 { return portion(r.Requests-r.Successes, r.Requests) }).getting(lowerIsBetter),
		c.row("unsent", asCount, func(r *Report) *float64 { return new(float64(r.Unsent)) }).getting(lowerIsBetter),
		c.row("lag p99", asDuration, func(r *Report) *float64 { return r.Lag.figure(r.Lag.P99) }).getting(lowerIsBetter),
		c.row("generator CPU a request", asDuration, (*Report).cpuPerRequest).getting(lowerIsBetter),
	}
	rows = append(rows, c.limits())
	rows = append(rows, c.judged()...)
	return append(rows, c.stepRows()...)
}

func (c *Comparison) row(label string, format func(float64) string, of func(*Report) *float64) row {
	r := row{label: label, format: format}
	for _, report := range c.Reports {
		r.values = append(r.values, of(report))
	}
	return r
}

// figure is one of d's, in ns; nil without samples.
func (d Distribution) figure(ns int64) *float64 {
	if d.Count == 0 {
		return nil
	}
	return new(float64(ns))
}

func portion(part, all int64) *float64 {
	if v, ok := share(part, all); ok {
		return &v
	}
	return nil
}

// cpuPerRequest is what the generator used, in ns; nil if that is unknown.
func (r *Report) cpuPerRequest() *float64 {
	if r.Generator.Cores == 0 || r.Requests == 0 {
		return nil
	}
	return new(float64(r.Generator.CPU) / float64(r.Requests))
}

func (c *Comparison) limits() row {
	r := row{label: "limit"}
	for _, report := range c.Reports {
		limit := report.Generator.Limit
		if report.Requests == 0 {
			limit = ""
		}
		r.words = append(r.words, orDash(limit))
	}
	return r
}

// judged returns a row for each threshold that any run was judged by.
func (c *Comparison) judged() (rows []row) {
	for i, report := range c.Reports {
		for _, j := range report.Thresholds {
			at := slices.IndexFunc(rows, func(r row) bool { return r.label == plain(j.Source) })
			if at < 0 {
				at = len(rows)
				rows = append(rows, row{label: plain(j.Source), words: slices.Repeat([]string{"–"}, len(c.Reports))})
			}
			rows[at].words[i] = j.verdict()
		}
	}
	return rows
}

// stepRows returns p99 and successes a second of each step of any run, if there are several: of the busiest, if they
// are many.
func (c *Comparison) stepRows() (rows []row) {
	titles, steps := c.steps()
	for _, title := range titles {
		p99 := row{label: "p99  " + title, format: asDuration, better: lowerIsBetter}
		rps := row{label: "rps  " + title, format: asRate, better: higherIsBetter}
		for i, r := range c.Reports {
			s := steps[i][title]
			p99.values = append(p99.values, s.Response.figure(s.Response.P99))
			rps.values = append(rps.values, s.rate(r.Duration))
		}
		rows = append(rows, p99, rps)
	}
	return rows
}

// steps returns the steps of each run by what they do, and what is shown of them, in the order of the scripts.
func (c *Comparison) steps() (titles []string, steps []map[string]Step) {
	most, requests := 0, map[string]int64{}
	for _, r := range c.Reports {
		own, seen := map[string]Step{}, map[string]int{}
		for _, s := range r.Steps {
			title := plain(s.title(origin(r.Target)))
			if seen[title]++; seen[title] > 1 {
				title = fmt.Sprintf("%s, %d", title, seen[title])
			}
			own[title] = s
			if !slices.Contains(titles, title) {
				titles = append(titles, title)
			}
			requests[title] += s.Requests
		}
		steps, most = append(steps, own), max(most, len(own))
	}
	if most < 2 { // it is the run
		return nil, steps
	}
	busiest := slices.Clone(titles)
	slices.SortStableFunc(busiest, func(a, b string) int { return cmp.Compare(requests[b], requests[a]) })
	busiest = busiest[:min(len(busiest), mostSteps)]
	return slices.DeleteFunc(titles, func(title string) bool { return !slices.Contains(busiest, title) }), steps
}

// rate is the step's successes a second; nil if nothing was sent.
func (s Step) rate(over time.Duration) *float64 {
	if s.Requests == 0 || over <= 0 {
		return nil
	}
	return new(float64(s.Successes) / over.Seconds())
}
