package reports

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

const (
	mostCompared = 8    // runs a page shows over each other: as many as its colours tell apart
	worthAMark   = 0.05 // a figure that differs by more than this is marked as better or worse
)

// compareView is the table of several runs' figures, with how each stands to the first one's.
type compareView struct {
	Labels []string
	Rows   []compareRow
	Notes  []string
}

type compareRow struct {
	Name  string
	Cells []compareCell
}

// compareCell is a figure; Mark says in a word whether it is better than the first run's, Kind in a colour.
type compareCell struct{ Text, Ratio, Mark, Kind string }

// writeHTML writes a page with the runs over each other, and each by itself below.
func (c *Comparison) writeHTML(w io.Writer) error {
	if len(c.Reports) > mostCompared {
		return fmt.Errorf("%d runs cannot be told apart on one page: give %d at most", len(c.Reports), mostCompared)
	}
	labels := shortLabels(c.Files)
	p := &page{
		Title:   strings.Join(labels, " · "),
		Compare: c.view(labels),
		Verdict: verdict{
			Kind: "plain", Word: "Compared", Headline: fmt.Sprintf("%d runs beside each other", len(c.Reports)),
			Sentence: "Each run is set against the first, " + labels[0] + ". " + NoProof,
		},
	}
	for i, r := range c.Reports {
		if err := p.add(r, labels[i], false); err != nil {
			return fmt.Errorf("%s: %w", c.Files[i], err)
		}
	}
	return p.write(w)
}

// shortLabels are the files' own names where those tell them apart, else all of their paths.
func shortLabels(files []string) []string {
	labels := make([]string, len(files))
	seen := map[string]bool{}
	for i, file := range files {
		labels[i] = strings.TrimSuffix(plain(filepath.Base(file)), ".json")
		seen[labels[i]] = true
	}
	if len(seen) == len(files) {
		return labels
	}
	for i, file := range files {
		labels[i] = plain(file)
	}
	return labels
}

// add appends a run to a page of several.
func (p *page) add(r *Report, label string, open bool) error {
	run, err := newPageRun(r, label, open)
	run.Index = len(p.Runs)
	p.Runs = append(p.Runs, run)
	return err
}

func (c *Comparison) view(labels []string) *compareView {
	v := &compareView{Labels: labels, Notes: c.unlike()}
	for _, r := range c.rows() {
		row := compareRow{Name: r.label}
		for i := range c.Reports {
			row.Cells = append(row.Cells, r.cell(i))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// cell is what the page shows of a run's figure.
func (r row) cell(i int) compareCell {
	c := compareCell{Text: r.value(i), Ratio: r.ratio(i)}
	if c.Ratio == "" || r.better == unjudged {
		return c
	}
	ratio := *r.values[i] / *r.values[0]
	switch {
	case ratio <= 1+worthAMark && ratio >= 1/(1+worthAMark):
	case ratio > 1 == (r.better == higherIsBetter):
		c.Mark, c.Kind = "better", "pass"
	default:
		c.Mark, c.Kind = "worse", "fail"
	}
	return c
}
