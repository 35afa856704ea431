package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// mostCompared is how many runs a page shows beside each other: as many as its colours tell apart.
const mostCompared = 8

// compareView is the table of several runs' figures, with what each is of the first one's.
type compareView struct {
	Labels []string
	Rows   []compareRow
}

type compareRow struct {
	Name, Note string
	Cells      []compareCell
}

// compareCell is a figure; Mark says for people who do not see colours whether it is better than the first run's.
type compareCell struct{ Text, Ratio, Mark, Kind string }

// comparedMetric is a figure that runs are compared by.
type comparedMetric struct {
	name, note string
	higher     bool // is better
	unit       unit
	of         func(*Report) (float64, bool)
}

func comparedMetrics() []comparedMetric {
	quantile := func(of func(*Report) *Distribution, pick func(*Distribution) int64) func(*Report) (float64, bool) {
		return func(r *Report) (float64, bool) { d := of(r); return float64(pick(d)), d.Count > 0 }
	}
	response := func(r *Report) *Distribution { return &r.Response }
	lag := func(r *Report) *Distribution { return &r.Lag }
	rate := func(of func(*Report) *float64) func(*Report) (float64, bool) {
		return func(r *Report) (float64, bool) {
			v := of(r)
			if v == nil {
				return 0, false
			}
			return *v, true
		}
	}
	return []comparedMetric{
		{"successful requests/s", "mean", true, perSecond, rate(func(r *Report) *float64 { return r.RPS.Mean })},
		{"peak", "best ten seconds", true, perSecond, rate(func(r *Report) *float64 { return r.RPS.Peak10s })},
		{"failed", "of all requests", false, ratio, func(r *Report) (float64, bool) { return share(r.Requests-r.Successes, r.Requests) }},
		{"p50", "response", false, nanoseconds, quantile(response, func(d *Distribution) int64 { return d.P50 })},
		{"p90", "response", false, nanoseconds, quantile(response, func(d *Distribution) int64 { return d.P90 })},
		{"p99", "response", false, nanoseconds, quantile(response, func(d *Distribution) int64 { return d.P99 })},
		{"p99.9", "response", false, nanoseconds, quantile(response, func(d *Distribution) int64 { return d.P999 })},
		{"max", "response", false, nanoseconds, quantile(response, func(d *Distribution) int64 { return d.Max })},
		{"lag p99", "the generator's own delay", false, nanoseconds, quantile(lag, func(d *Distribution) int64 { return d.P99 })},
		{"never sent", "requests", false, plainCount, func(r *Report) (float64, bool) { return float64(r.Unsent), true }},
	}
}

// WriteComparisonHTML writes a page with several runs over each other, and each by itself below. Labels name them; the
// first is what the others are compared with.
func WriteComparisonHTML(w io.Writer, labels []string, runs []*Report) error {
	switch {
	case len(runs) != len(labels):
		return errors.New("as many labels as runs are needed")
	case len(runs) < 2:
		return errors.New("it takes two reports to compare them")
	case len(runs) > mostCompared:
		return fmt.Errorf("%d reports cannot be told apart on one page: give %d at most", len(runs), mostCompared)
	}
	p := &page{
		Title:   strings.Join(labels, " · "),
		Compare: newCompareView(labels, runs),
		Verdict: verdict{Kind: "plain", Word: "Compared", Headline: fmt.Sprintf("%d runs beside each other", len(runs)),
			Sentence: "Each run is compared with the first, " + labels[0] + ". A single run of each proves no difference: " +
				"the same build measured twice differs, too. imgsvc gate compares two builds in interleaved pairs and says how sure it is."},
	}
	for i, r := range runs {
		if err := p.add(r, labels[i], false); err != nil {
			return fmt.Errorf("%s: %w", labels[i], err)
		}
	}
	return p.write(w)
}

// add appends a run to a page of several.
func (p *page) add(r *Report, label string, open bool) error {
	run, err := newPageRun(r, label, open)
	run.Index = len(p.Runs)
	p.Runs = append(p.Runs, run)
	return err
}

func newCompareView(labels []string, runs []*Report) *compareView {
	v := &compareView{Labels: labels}
	for _, m := range comparedMetrics() {
		row := compareRow{Name: m.name, Note: m.note}
		base, known := m.of(runs[0])
		for i, r := range runs {
			row.Cells = append(row.Cells, m.cell(r, base, known && i > 0))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// cell shows a run's figure, and what it is of base if it is compared.
func (m *comparedMetric) cell(r *Report, base float64, compared bool) compareCell {
	v, ok := m.of(r)
	if !ok {
		return compareCell{Text: "–"}
	}
	c := compareCell{Text: m.unit.format(v, digits)}
	if !compared || base == 0 {
		return c
	}
	c.Ratio = number(v/base, digits) + "×"
	switch {
	case v == base:
	case v > base == m.higher:
		c.Mark, c.Kind = "better", "pass"
	default:
		c.Mark, c.Kind = "worse", "fail"
	}
	return c
}
