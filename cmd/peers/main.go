//go:build unix

// Command peers measures imgsvc beside the load generators people know: every one on the same core, against the same
// nginx on another, in turn and in several rounds, and prints medians. What counts is the ratio in one table; figures
// of two tables do not compare.
//
//	go run ./cmd/peers --install     # fetches what is missing from Debian, npm and the Go module proxy
//
// Requests are counted by nginx and CPU time by the kernel, so that no generator is taken at its word.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// options are what can be set.
type options struct {
	rounds      int
	duration    time.Duration
	connections int
	rate        int
	only        string
	install     bool
	tools       string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "how often each generator runs")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "of one run, at least 1s")
	flag.IntVar(&o.connections, "connections", 32, "of the closed loop")
	flag.IntVar(&o.rate, "rate", 20_000, "requests a second of the fixed rate")
	flag.StringVar(&o.only, "only", "", "names of generators, with commas between; default all")
	flag.BoolVar(&o.install, "install", false, "install what is missing")
	flag.StringVar(&o.tools, "tools", "", "folder for what is installed (default the user's cache)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.duration < time.Second || o.rounds < 1 {
		return fmt.Errorf("--duration %s, --rounds %d: want 1s and 1, or more", o.duration, o.rounds)
	}
	b, err := newBox(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Println(b.describe())
	if err := b.table(ctx, fmt.Sprintf("closed loop, %d connections, %d rounds of %s", o.connections, o.rounds, o.duration),
		closedLoop(), "wrk"); err != nil {
		return err
	}
	return b.table(ctx, fmt.Sprintf("%d requests/s, %d rounds of %s", o.rate, o.rounds, o.duration), fixedRate(), "vegeta")
}

// table runs each generator once a round and prints its medians, with ratios to the one named base.
func (b *box) table(ctx context.Context, title string, all []generator, base string) error {
	var runners []*runner
	for _, g := range all {
		if b.only != "" && !strings.Contains(","+b.only+",", ","+g.name+",") {
			continue
		}
		program, err := b.find(ctx, g)
		if err != nil {
			fmt.Fprintf(os.Stderr, "left out: %s: %v\n", g.name, err)
			continue
		}
		runners = append(runners, &runner{generator: g, program: program})
	}
	for round := range b.rounds {
		for _, r := range runners {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.rounds, r.name)
			sample, err := b.measure(ctx, r)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.samples = append(r.samples, sample)
		}
	}
	fmt.Printf("\n%s\n\n%s", title, render(runners, base))
	return nil
}
