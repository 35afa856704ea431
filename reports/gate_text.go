package reports

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Progress says what came of the last attempt at a pair, and how long the gate will take from here.
func (g *Gate) Progress() string {
	last := g.Rounds[len(g.Rounds)-1]
	text := fmt.Sprintf("pair %d of %d", last.Pair, g.PlannedPairs)
	switch {
	case last.Error != "":
		text += fmt.Sprintf(": the %s broke down: %s", last.Side, last.Error)
	case len(last.Disturbed) > 0:
		text += ": disturbed, to be run anew (" + strings.Join(last.Disturbed, ", ") + ")"
	case last.Counts:
		text += ": " + g.pairText(last.Pair)
	}
	if left := g.left(); left != "" && g.Verdict == "" {
		text += "; " + left
	}
	return text
}

// pairText shows a pair's ratios.
func (g *Gate) pairText(pair int) string {
	var base, candidate GateRound
	for _, r := range g.Rounds {
		switch {
		case !r.Counts || r.Pair != pair:
		case r.Side == SideBase:
			base = r
		default:
			candidate = r
		}
	}
	var parts []string
	for _, m := range gateMetrics() {
		if m.of == nil || m.of(base) <= 0 || m.of(candidate) <= 0 {
			continue
		}
		parts = append(parts, m.name+" "+signed(m.of(candidate)/m.of(base)-1))
	}
	return strings.Join(parts, ", ")
}

// left estimates the time to the next look, and to the end if it takes that.
func (g *Gate) left() string {
	attempts := g.Pairs + g.Redone
	if attempts == 0 {
		return ""
	}
	each := time.Duration(float64(g.Duration) / float64(attempts))
	for i, look := range g.Looks {
		if look.Pairs <= g.Pairs {
			continue
		}
		text := fmt.Sprintf("%s to the look at %d", rounded(each*time.Duration(look.Pairs-g.Pairs)), look.Pairs)
		if i < len(g.Looks)-1 {
			text += fmt.Sprintf(", at most %s in all", rounded(each*time.Duration(g.PlannedPairs-g.Pairs)))
		}
		return text
	}
	return ""
}

func rounded(d time.Duration) string { return d.Round(time.Second).String() }

// WriteText writes the verdict to be read in ten seconds: what it is, how far each metric is from its margin, and what
// it would have taken to see less.
func (g *Gate) WriteText(w io.Writer) error {
	line(w, "gate", "%s: %s", g.Verdict, g.Summary)
	line(w, "", "%s, margin %s (p99 %s), alpha %v, seed %d", g.pairsText(), percent(g.Margin), percent(2*g.Margin), g.Alpha, g.Seed)
	line(w, "load", "%s", g.loadText())
	if g.Pairs > 0 {
		fmt.Fprintln(w)
		if err := g.writeMetrics(w); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	for _, reason := range g.Further() {
		line(w, "because", "%s", reason)
	}
	line(w, "error rate", "%s", g.claim())
	for _, warning := range g.Warnings {
		line(w, "warning", "%s", warning)
	}
	return nil
}

func (g *Gate) pairsText() string {
	text := plural(int64(g.Pairs), "pair") + fmt.Sprintf(" of at most %d", g.PlannedPairs)
	if g.Redone > 0 {
		text += fmt.Sprintf(", %d run anew", g.Redone)
	}
	return text
}

// loadText names the load and, where the base has been calibrated on, its rates.
func (g *Gate) loadText() string {
	if g.OfferedRPS == 0 {
		return g.Load
	}
	return fmt.Sprintf("%s: closed loop, then %s requests/s (the base holds %s)", g.Load, number(g.OfferedRPS, digits), number(g.CapacityRPS, digits))
}

// claim says what the verdict's error rate is, and of what.
func (g *Gate) claim() string {
	if !g.ErrorRateClaimed {
		return "none is claimed: two instances were compared, not two builds"
	}
	return fmt.Sprintf("a candidate that is no worse than the margins FAILs in at most %s of gates, whatever the machine's noise "+
		"(docs/gate.md says what that supposes)", percent(g.Alpha))
}

// tableColumns are the heads of the table of metrics.
func (g *Gate) tableColumns() []string {
	return []string{"metric", "verdict", "base", "candidate", "worse by", percent(1-g.Alpha) + " interval", "margin", "would be seen", "p"}
}

// tableRow shows a metric.
func (g *Gate) tableRow(m GateMetric) []string {
	row := []string{m.Name, m.Verdict, m.value(m.Base), m.value(m.Candidate), "–", "–", "–", "–", "–"}
	if m.Name == MetricErrors {
		if m.Interval != nil {
			row[5] = m.interval(g.Alpha)
		}
	} else {
		row[6], row[7] = percent(m.Margin), m.seen()
		if m.Estimate != nil {
			row[4] = signed(*m.Estimate)
		}
		if m.Interval != nil {
			row[5] = signed(m.Interval[0]) + " to " + signed(m.Interval[1])
		}
	}
	if m.P != nil {
		row[8] = fmt.Sprintf("%.2g", *m.P)
	}
	return row
}

func (g *Gate) writeMetrics(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, strings.Join(g.tableColumns(), "\t")+"\t")
	for _, m := range g.Metrics {
		fmt.Fprintln(table, strings.Join(g.tableRow(m), "\t")+"\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range g.Metrics {
		if m.Reason != "" {
			line(w, "", "%s is not gated: %s", m.Name, m.Reason)
		}
	}
	return nil
}

// value writes one of a metric's figures in its unit.
func (m GateMetric) value(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case m.Name == MetricErrors:
		return percent(*v)
	case m.Name == MetricRPS:
		return number(*v, digits) + "/s"
	}
	return short(int64(*v))
}
