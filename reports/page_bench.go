package reports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// goal is the requests per second that the original write-up set out to reach.
const goal = 400

// benchView is what the page says of a bench: its runs beside the published figures.
type benchView struct {
	Rows  []benchRow
	Bars  []bar
	Ticks []tick
	Goal  float64 // %, where it lies between the ends of the scale
	Facts []fact
	Notes []string
}

type benchRow struct {
	Name, Server, Published, Here, Ratio, Measured, P50, P99, Failed, Limit string
	Bad                                                                     bool
}

// bar is one run's two figures on a logarithmic scale, in % of its length.
type bar struct {
	Name, Published, Here   string
	PublishedWide, HereWide float64
}

type tick struct {
	At   float64 // %
	Text string
}

// WriteHTML writes the bench as a page: the runs beside the published figures, and each run by itself below.
func (b *Bench) WriteHTML(w io.Writer) error {
	if len(b.Runs) == 0 {
		return errors.New("a bench without runs has nothing to show")
	}
	p := &page{Title: "imgsvc bench", Bench: b.view(), Verdict: b.verdict()}
	for _, run := range b.Runs {
		if err := p.add(run.Report, run.Name+", "+run.server(), false); err != nil {
			return fmt.Errorf("%s: %w", run.Name, err)
		}
	}
	return p.write(w)
}

// WriteHTMLFile writes the page to a file, which is replaced whole or left as it was.
func (b *Bench) WriteHTMLFile(path string) error {
	if err := replaceFile(path, b.WriteHTML); err != nil {
		return fmt.Errorf("write page %s: %w", path, err)
	}
	return nil
}

// verdict says what the best run held, and whether the write-up's goal was reached in all that were long enough to say.
func (b *Bench) verdict() verdict {
	var held []float64
	failed := int64(0)
	for _, run := range b.Runs {
		if rps := run.RPS(); rps != nil {
			held = append(held, *rps)
		}
		failed += run.Report.Requests - run.Report.Successes
	}
	v := verdict{Kind: "pass", Word: "Done", Headline: "No run was long enough for the figure that was published"}
	reached := "No run was long enough to say"
	if len(held) > 0 {
		lowest := slices.Min(held)
		v.Headline = rate(new(slices.Max(held))) + " requests per second in the best of " + plural(int64(len(b.Runs)), "run")
		reached = "Every run held more than that: the lowest was " + rate(&lowest)
		if lowest < goal {
			v.Kind, v.Word, reached = "fail", "Below the goal", "Not every run held that: the lowest was "+rate(&lowest)
		}
	}
	if failed > 0 {
		v.Kind, v.Word = "fail", plural(failed, "request")+" failed"
	}
	v.Sentence = fmt.Sprintf("A write-up of 2018 filled a database with 10 million records, served them, and wanted %d requests per second. "+
		"%s. The same scripts ran here, against imgsvc's own service, on %s records. "+
		"Its machine was another, so the figures are a yardstick and no race.",
		goal, reached, integer(b.Seed.Records))
	return v
}

func (b *Bench) view() *benchView {
	v := &benchView{Notes: strings.Split(strings.TrimSpace(b.notes()), "\n")}
	highest := float64(goal)
	for _, run := range b.Runs {
		highest = max(highest, run.PublishedRPS)
		if rps := run.RPS(); rps != nil {
			highest = max(highest, *rps)
		}
	}
	scale := newLogScale(100, highest)
	for _, run := range b.Runs {
		v.Rows = append(v.Rows, run.row())
		bar := bar{Name: run.Name + ", " + run.server(), Published: rate(&run.PublishedRPS), Here: rate(run.RPS()),
			PublishedWide: scale.at(run.PublishedRPS)}
		if rps := run.RPS(); rps != nil {
			bar.HereWide = scale.at(*rps)
		}
		v.Bars = append(v.Bars, bar)
	}
	v.Goal, v.Ticks = scale.at(goal), scale.ticks()
	v.Facts = []fact{
		{"records", integer(b.Seed.Records)}, {"on disk", size(uint64(max(b.Seed.Bytes, 0)))}, {"seeded", b.Seed.words()},
	}
	v.Facts = append(v.Facts, b.Runs[0].Report.environment()...)
	return v
}

func (s BenchSeed) words() string {
	if s.Duration <= 0 {
		return "before this bench"
	}
	return fmt.Sprintf("in %s, %s records a second", short(int64(s.Duration)), integer(int64(s.Rate)))
}

func (run BenchRun) row() benchRow {
	r := run.Report
	row := benchRow{
		Name: run.Name, Server: run.server(), Published: rate(&run.PublishedRPS), Here: rate(run.RPS()), Ratio: "–",
		Measured: map[string]string{ComparablePeak10s: "best ten seconds", ComparableMean: "mean"}[run.Comparable],
		P50:      r.Response.text(r.Response.P50), P99: r.Response.text(r.Response.P99),
		Failed: integer(r.Requests - r.Successes), Limit: r.limitName(), Bad: r.Requests != r.Successes,
	}
	if rps := run.RPS(); rps != nil && run.PublishedRPS > 0 {
		row.Ratio = number(*rps/run.PublishedRPS, 2) + "×"
	}
	return row
}

// logScale maps rates to 0–100 %, powers of ten evenly apart.
type logScale struct{ low, high float64 }

// newLogScale covers everything from low to a little above high.
func newLogScale(low, high float64) logScale {
	return logScale{math.Log10(low), math.Log10(high * 1.3)}
}

func (s logScale) at(v float64) float64 {
	if v <= 0 {
		return 0
	}
	return min(max(100*(math.Log10(v)-s.low)/(s.high-s.low), 0), 100)
}

func (s logScale) ticks() (ticks []tick) {
	for p := math.Ceil(s.low); p <= s.high; p++ {
		ticks = append(ticks, tick{s.at(math.Pow(10, p)), integer(int64(math.Pow(10, p)))})
	}
	return slices.Clip(ticks)
}
