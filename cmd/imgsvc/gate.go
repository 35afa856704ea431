package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/reports"
)

// gateFlags are the flags of `imgsvc gate`, as they were typed.
type gateFlags struct {
	base, candidate string
	margin          string
	metrics         []string
	alpha           float64
	pairs, redos    int
	maxErrors       string
	seed            uint64
	strict          bool

	ready    string
	patience time.Duration
	timeout  time.Duration
	loop     time.Duration
	users    int
	rate     float64
	data     string

	maxLag           time.Duration
	maxOthers, steal string

	output, html, markdown, junit string
}

func newGateCmd(out *output) *cobra.Command {
	f := &gateFlags{}
	cmd := &cobra.Command{
		Use:   "gate --base CMD|URL --candidate CMD|URL [SCRIPT|PATH]",
		Short: "Is the candidate slower than the base?",
		Long: `Compare two builds of a service on this machine, in randomised pairs of rounds, and say whether the candidate is
slower than the base by more than a margin, at a stated error rate.

CMD is a command that starts a server. For every round it is started anew, by the shell, with {port} (to listen on),
{dir} (an empty folder of the round's own, or a copy of --data) and {cpus} (the CPUs the server is kept to, as
"2,3") filled in, and ended as a process group. In each round it warms up, is asked by 32 users in a loop, and then at
65 % of what the base held in such a loop before the first pair. A coin, whose seed is printed, decides who is first
in a pair and on which CPUs the servers run.

With two URLs two instances are compared, not two builds, and no error rate is claimed.

The load is a PATH, which begins with /, or a SCRIPT as attack takes it, of which the scenarios are run and the
phases are not.

PASS (exit code 0): every metric's interval ends below its margin. FAIL (3): a metric is worse than its margin beyond
chance, or requests fail. INCONCLUSIVE (0; 3 with --strict): neither. INVALID (1): the machine was too busy, or a
side did not run. See docs/gate.md.`,
		Example: `  imgsvc gate --base './old --port {port}' --candidate './new --port {port}' /reviews/15000?index=1
  imgsvc gate --data ./imgsvc-data --output gate.json --html gate.html \
    --base      './base/imgsvc serve --addr 127.0.0.1:{port} --store pebble:{dir}' \
    --candidate './imgsvc serve --addr 127.0.0.1:{port} --store pebble:{dir}' /reviews/15000?index=1`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, out, strings.Join(args, "")) },
	}
	f.bind(cmd)
	return cmd
}

func (f *gateFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.base, "base", "", "the command that starts the build to compare with, or its URL")
	flags.StringVar(&f.candidate, "candidate", "", "the command that starts the build to judge, or its URL")
	flags.StringVar(&f.margin, "margin", "5%", "what cpu, rps and p50 may be worse by; p99 twice that")
	flags.StringSliceVar(&f.metrics, "metrics", nil, "judge these alone, and errors: cpu, rps, p50, p99 (default all); where latencies are noise, cpu,rps")
	flags.Float64Var(&f.alpha, "alpha", 0.01, "the most gates of a candidate no worse than that which may FAIL")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 if the gate is INCONCLUSIVE")
	flags.IntVar(&f.pairs, "pairs", 24, "most pairs; the gate looks after 12, 18 and the last of them")
	flags.IntVar(&f.redos, "redos", 24, "disturbed pairs that may be run anew before the gate is INVALID")
	flags.StringVar(&f.maxErrors, "max-errors", "1%", "requests that may fail on either side")
	flags.Uint64Var(&f.seed, "seed", 0, "of the coin and the load (default: drawn, and printed)")
	flags.StringVar(&f.ready, "ready", "", "path that answers 200-399 once a server is ready (default /readyz, or any answer where there is none)")
	flags.DurationVar(&f.patience, "ready-timeout", 30*time.Second, "limit of a server's start")
	flags.StringVar(&f.data, "data", "", "folder that every round's {dir} is a copy of")
	flags.IntVar(&f.users, "vus", 32, "users of the closed loop")
	flags.Float64Var(&f.rate, "rate", 0, "requests (a script: users) a second of the open loop (default: 65 % of what the base holds)")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "the most one request may take")
	flags.DurationVar(&f.loop, "round-duration", 2*time.Second, "each of a round's two loops; shorter is noisier, and may leave p99 ungated")
	flags.DurationVar(&f.maxLag, "max-lag", time.Millisecond, "run a pair anew if the generator's lag p99 was more at the fixed rate")
	flags.StringVar(&f.maxOthers, "max-other-cpu", "10%", "run a pair anew if other processes used more of the machine")
	flags.StringVar(&f.steal, "max-steal", "5%", "run a pair anew if more of the machine's time was stolen")
	flags.StringVar(&f.output, "output", "", "write the document as JSON to this file, after every pair")
	flags.StringVar(&f.html, "html", "", "write a page that shows every pair to this file")
	flags.StringVar(&f.markdown, "markdown", "", "write a summary for a pull request to this file")
	flags.StringVar(&f.junit, "junit", "", "write the metrics as JUnit tests to this file")
}

// run runs the gate and settles the exit code.
func (f *gateFlags) run(cmd *cobra.Command, out *output, arg string) error {
	runner, err := f.runner(arg)
	if err != nil {
		return usageError(err)
	}
	for _, file := range []struct{ flag, path string }{
		{"--output", f.output}, {"--html", f.html}, {"--markdown", f.markdown}, {"--junit", f.junit},
	} {
		if err := checkFile(file.flag, file.path); err != nil {
			return err
		}
	}
	progress := newProgress(cmd.ErrOrStderr(), out.quiet)
	defer progress.Close()
	runErr := f.compare(cmd.Context(), runner, progress)
	progress.Close()
	return errors.Join(runErr, f.show(cmd, out, runner.gate), f.exit(runner.gate))
}

// compare calibrates, runs the pairs, and puts this process back on its CPUs.
func (f *gateFlags) compare(ctx context.Context, r *gateRunner, progress *progress) (err error) {
	if r.home, err = tempFolder(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.home)) }()
	if r.cpus, err = allowedCPUs(); err != nil {
		return err
	}
	if !r.urls {
		r.split()
	}
	if r.places != nil {
		defer func() { err = errors.Join(err, pinProcess(r.cpus)) }()
	}
	g := r.gate
	for _, w := range g.Warnings {
		progress.Say("warning: " + w)
	}
	progress.Line("gate of %s: seed %d, at most %d pairs of rounds", r.load, g.Seed, g.PlannedPairs)
	unwatch := context.AfterFunc(ctx, func() { progress.Line("stopping; Ctrl-C again does not wait for servers to end well") })
	defer unwatch()
	if err := r.calibrate(ctx, progress); err != nil {
		g.Invalidate(err.Error())
		return err
	}
	if g.Verdict != "" {
		return f.save(g)
	}
	return g.Run(ctx, func(ctx context.Context, plan reports.GatePlan) (reports.GateRound, error) {
		progress.Show(func() string { return fmt.Sprintf("pair %d: %s …", plan.Pair, plan.Side) })
		return r.round(ctx, plan)
	}, func() error {
		if n := len(g.Rounds); n > 0 {
			progress.Line("%s", g.Progress())
		}
		return f.save(g)
	})
}

func (f *gateFlags) save(g *reports.Gate) error {
	if f.output == "" {
		return nil
	}
	return g.Unfinished().WriteFile(f.output)
}

// exit returns the error that carries the verdict's exit code.
func (f *gateFlags) exit(g *reports.Gate) error {
	switch {
	case g.Verdict == reports.VerdictFail, g.Verdict == reports.VerdictInconclusive && f.strict:
		return &exitError{code: exitThreshold}
	case g.Verdict == reports.VerdictInvalid:
		return &exitError{code: exitFailed}
	}
	return nil
}

// tempFolder makes a folder whose name means nothing to a shell.
func tempFolder() (string, error) {
	folder, err := os.MkdirTemp("", "imgsvc-gate-")
	if err != nil {
		return "", fmt.Errorf("make a temporary folder: %w", err)
	}
	if strings.ContainsFunc(folder, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$`&|;<>()*?[]{}!#~", r) }) {
		err := fmt.Errorf("the temporary folder %q has characters that a shell would read: set TMPDIR to another", folder)
		return "", errors.Join(usageError(err), os.Remove(folder))
	}
	return folder, nil
}
