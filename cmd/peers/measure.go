//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// runner is a generator that takes part.
type runner struct {
	generator
	program string
	samples []sample
}

// sample is one run.
type sample struct {
	rate float64 // requests a second of the run's length, as nginx counted them
	cpu  float64 // µs of the generator's CPU a request, its start included
}

// patience is how much longer than asked for a run may take: some generators wait for their last answers.
const patience = 60 * time.Second

// measure runs a generator once.
func (b *box) measure(ctx context.Context, r *runner) (sample, error) {
	before, err := b.requests(ctx)
	if err != nil {
		return sample{}, err
	}
	limited, cancel := context.WithTimeout(ctx, b.duration+patience)
	defer cancel()
	cmd := exec.CommandContext(limited, "taskset", "-c", loadCore, "sh", "-c", b.script(r.generator), r.program, b.url)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%w\n%s", err, tail(out.String()))
	}
	after, err := b.requests(ctx)
	if err != nil {
		return sample{}, err
	}
	sent := float64(after - before - 1) // one of them was ours
	if sent < 1 {
		return sample{}, fmt.Errorf("it sent nothing\n%s", tail(out.String()))
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage) // of the process and the children it waited for
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	return sample{sent / float64(b.seconds()), float64(cpu.Nanoseconds()) / 1e3 / sent}, nil
}

// tail returns the end of a text.
func tail(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-500):]
}

// render prints the medians of the runners, the fastest first, and their ratios to base where it is among them.
func render(runners []*runner, base string) string {
	rate := func(s sample) float64 { return s.rate }
	cpu := func(s sample) float64 { return s.cpu }
	var reference *runner
	for _, r := range runners {
		if r.name == base {
			reference = r
		}
	}
	slices.SortStableFunc(runners, func(a, b *runner) int { return int(b.median(rate) - a.median(rate)) })
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\trequests/s\tof %s's\tCPU µs/request\tof %s's\tslowest\tfastest\t\n", base, base)
	for _, r := range runners {
		of := func(f func(sample) float64) string {
			if reference == nil {
				return "–"
			}
			return fmt.Sprintf("%.2f", r.median(f)/reference.median(f))
		}
		rates := r.sorted(rate)
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%.1f\t%s\t%.0f\t%.0f\t\n", r.name, r.median(rate), of(rate), r.median(cpu), of(cpu),
			rates[0], rates[len(rates)-1])
	}
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}

func (r *runner) sorted(f func(sample) float64) []float64 {
	values := make([]float64, len(r.samples))
	for i, s := range r.samples {
		values[i] = f(s)
	}
	slices.Sort(values)
	return values
}

func (r *runner) median(f func(sample) float64) float64 {
	values := r.sorted(f)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
