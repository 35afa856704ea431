//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// render prints the medians of the runners, the fastest first, and their ratios to base where it is among them. "cores"
// is how many the generator kept busy: where it is under what it had, the server was the limit.
func render(runners []*runner, base string) string {
	rate := func(s sample) float64 { return s.rate }
	cpu := func(s sample) float64 { return s.cpu }
	cores := func(s sample) float64 { return s.rate * s.cpu / 1e6 }
	var reference *runner
	for _, r := range runners {
		if r.name == base {
			reference = r
		}
	}
	slices.SortStableFunc(runners, func(a, b *runner) int { return int(b.median(rate) - a.median(rate)) })
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\trequests/s\tof %s's\tCPU µs/request\tof %s's\tcores\tslowest\tfastest\t\n", base, base)
	for _, r := range runners {
		of := func(f func(sample) float64) string {
			if reference == nil {
				return "–"
			}
			return fmt.Sprintf("%.2f", r.median(f)/reference.median(f))
		}
		rates := r.values(rate)
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%.1f\t%s\t%.2f\t%.0f\t%.0f\t\n", r.name, r.median(rate), of(rate),
			r.median(cpu), of(cpu), r.median(cores), slices.Min(rates), slices.Max(rates))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}

func (r *runner) values(f func(sample) float64) []float64 {
	values := make([]float64, len(r.samples))
	for i, s := range r.samples {
		values[i] = f(s)
	}
	return values
}

func (r *runner) median(f func(sample) float64) float64 { return median(r.values(f)) }

// median returns the middle of the values, or the mean of the two there.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
