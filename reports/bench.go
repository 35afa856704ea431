package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Bench is the document of `imgsvc bench`: the same job the original write-up describes, run here.
type Bench struct {
	Schema int        `json:"schema"`
	Seed   BenchSeed  `json:"seed"`
	Runs   []BenchRun `json:"runs"`
}

// BenchSeed says what the runs read, and what writing it took. Duration and Rate are of the records written by this
// bench: 0 if the store was there before.
type BenchSeed struct {
	Records  int64         `json:"records"`
	Duration time.Duration `json:"duration_ns"`
	Rate     float64       `json:"rate"`  // records written a second
	Bytes    int64         `json:"bytes"` // on disk
}

// Names of the figure of a run that stands beside a published one.
const (
	ComparablePeak10s = "peak_10s" // what Artillery's console showed: the rate of a ten-second window
	ComparableMean    = "mean"     // what siege.js showed: the rate since the start
)

// BenchRun is one script against one shape of the service.
type BenchRun struct {
	Name         string  `json:"name"`
	PublishedRPS float64 `json:"published_rps"` // on another machine, in 2018
	Comparable   string  `json:"comparable"`    // which figure of Report.RPS stands beside it
	ServerCPUs   int     `json:"server_cpus"`
	Shared       bool    `json:"shared"` // the generator ran on cores of the server's
	Report       *Report `json:"report"`
}

// RPS returns the comparable figure; nil if the run was too short for it.
func (r BenchRun) RPS() *float64 {
	if r.Comparable == ComparableMean {
		return r.Report.RPS.Mean
	}
	return r.Report.RPS.Peak10s
}

// WriteJSON writes the whole document.
func (b *Bench) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(b)
}

// WriteFile writes the document to a file, which is replaced whole or left as it was.
func (b *Bench) WriteFile(path string) error {
	if err := replaceFile(path, b.WriteJSON); err != nil {
		return fmt.Errorf("write bench %s: %w", path, err)
	}
	return nil
}

// WriteText writes the table: what was published beside what was measured.
func (b *Bench) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "script\tserver\tpublished\there\tmeasured as\tp50\tp99\terrors\tlimit\t")
	for _, run := range b.Runs {
		r := run.Report
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n",
			run.Name, run.server(), rate(&run.PublishedRPS), rate(run.RPS()), run.Comparable,
			short(r.Response.P50), short(r.Response.P99), integer(r.Requests-r.Successes), r.Generator.Limit)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, b.notes())
	return err
}

func (run BenchRun) server() string {
	if run.Shared {
		return cores(run.ServerCPUs) + ", shared"
	}
	return cores(run.ServerCPUs)
}

// notes says what the table's figures mean.
func (b *Bench) notes() string {
	var text strings.Builder
	text.WriteString("\nFigures are successful requests per second; p50 and p99 are of response, from when a request was due.\n" +
		"published: the original write-up's, in 2018, on another machine; its goal was 400.\n" +
		"peak_10s: the best ten seconds, as Artillery's console showed; mean: since the start, as siege.js showed.\n")
	for _, run := range b.Runs {
		if run.Shared {
			text.WriteString("shared: the generator ran on the server's cores, so each took from the other.\n")
			break
		}
	}
	if len(b.Runs) > 0 {
		e := b.Runs[0].Report.Environment
		fmt.Fprintf(&text, "%s records, %d CPUs, %s/%s, %s, imgsvc %s.\n",
			integer(b.Seed.Records), e.CPUs, e.OS, e.Arch, e.Go, e.Imgsvc)
	}
	return text.String()
}

// rate writes a rate, or a dash for one that a run was too short for.
func rate(rps *float64) string {
	if rps == nil {
		return "–"
	}
	return integer(int64(*rps + 0.5))
}
