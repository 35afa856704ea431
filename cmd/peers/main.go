//go:build unix

// Command peers measures imgsvc beside what people know: the generator beside other load generators, every one on the
// same core against the same nginx on another, and the service beside a bare net/http handler and Express. Everything
// runs in turn and in several rounds, and medians are printed. What counts is the ratio in one table; figures of two
// tables do not compare. docs/peers.md says what each table measures, and what would make it unfair.
//
//	go run ./cmd/peers --install     # fetches what is missing from Debian, npm and the Go module proxy
//
// Requests are counted by nginx, or by a load that compares every body, and CPU time by the kernel, so that nothing
// is taken at its own word.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are what can be set.
type options struct {
	tables      string
	rounds      int
	duration    time.Duration
	connections int
	rate        int
	only        string
	install     bool
	tools       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := runMode(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// runMode runs the tables, or the part of this program that a table runs as a process of its own.
func runMode(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "bare":
			return serveBare(ctx, args[1:])
		case "delayed":
			return serveDelayed(ctx, args[1:])
		case "hot":
			return runHotLoad(ctx, os.Stdin, os.Stdout)
		}
	}
	return run(ctx, parseFlags())
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.tables, "tables", strings.Join(tableNames(), ","), "tables to print, with commas between")
	flag.IntVar(&o.rounds, "rounds", 5, "how often everything runs")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "of one run, at least 1s")
	flag.IntVar(&o.connections, "connections", 32, "of the closed loop and of the service's clients")
	flag.IntVar(&o.rate, "rate", 20_000, "requests a second of the fixed rate")
	flag.StringVar(&o.only, "only", "", "names of generators, with commas between; default all")
	flag.BoolVar(&o.install, "install", false, "install what is missing")
	flag.StringVar(&o.tools, "tools", "", "folder for what is installed (default the user's cache)")
	flag.Parse()
	return o
}

// run prints the tables. One that fails does not keep the others from being printed.
func run(ctx context.Context, o options) error {
	if o.duration < time.Second || o.rounds < 1 || o.connections < 1 {
		return fmt.Errorf("--duration %s, --rounds %d, --connections %d: want 1s, 1 and 1, or more",
			o.duration, o.rounds, o.connections)
	}
	chosen, err := chooseTables(o.tables)
	if err != nil {
		return err
	}
	b, err := newBox(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Println(describe())
	var failed error
	for _, t := range chosen {
		if err := t.print(b, ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("table %s: %w", t.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}
