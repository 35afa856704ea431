package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
	"github.com/starkillersystems/imgsvc/server/store"
)

// attackFlags are the flags of `imgsvc attack`, as they were typed.
type attackFlags struct {
	rate, ramp string
	vus        int
	duration   time.Duration
	requests   int64

	script            scenarios.LoadOptions
	target            string
	method            string
	headers           []string
	body, user        string
	timeout           time.Duration
	dial, tlsTime     time.Duration
	headTime          time.Duration
	noFollow          bool
	insecure          bool
	unixSocket        string
	cert, key, cacert string
	http2, h2c        bool
	connections       int

	maxVUs     int
	warmup     time.Duration
	seed       uint64
	name       string
	thresholds []string
	abort      bool
	exitCodes  string
	output     string
	html       string
	results    string
	maxBody    string
	ceiling    bool
	dryRun     bool
	once       bool
}

func newAttackCmd(out *output) *cobra.Command {
	f := &attackFlags{}
	cmd := &cobra.Command{
		Use:   "attack SCRIPT | URL",
		Short: "Send load and measure what comes back",
		Long: `Send load to an HTTP service and measure what comes back.

SCRIPT is an Artillery script (.yml, .yaml, .json), a siege.js script (.js), a list of vegeta targets
(lines of METHOD URL, or JSON lines), or - for one of these on standard input.

A URL or a target list takes either a rate (--rate, --ramp: requests leave on a schedule, whatever the service
does) or users (--vus: each sends its next request when the last one is answered); without one it runs
--vus 10 --duration 10s. A script brings its own phases; --rate (users a second) or --vus replaces them.`,
		Example: `  imgsvc attack --rate 400 --duration 30s http://127.0.0.1:3000/reviews/15000?index=1
  imgsvc attack --vus 32 --requests 100000 --output run.json --html run.html http://127.0.0.1:3000/listings/7
  imgsvc attack --duration 30s --target http://127.0.0.1:3000/reviews scenarios/artillery.yml
  imgsvc attack --ceiling --vus 32 http://127.0.0.1:3000/reviews/15000?index=1
  imgsvc attack --rate 400 --duration 10s --threshold 'p99<50ms,success>=99.9%' http://127.0.0.1:3000/listings/7`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, out, args[0]) },
	}
	f.bind(cmd)
	return cmd
}

func (f *attackFlags) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.rate, "rate", "", "open loop: so many requests (a script: users) a second; also 400/s, 6000/m")
	flags.StringVar(&f.ramp, "ramp", "", "open loop: from a rate to another over --duration, as 0..1000")
	flags.IntVar(&f.vus, "vus", 0, "closed loop: so many users, each on a connection of its own, without think time")
	flags.DurationVar(&f.duration, "duration", 0, "how long; for a script the most its run may take")
	flags.Int64Var(&f.requests, "requests", 0, "exactly so many requests")
	flags.StringVar(&f.target, "target", "", "attack this instead of the script's own target")
	flags.StringVarP(&f.script.Environment, "environment", "e", "", "lay this entry of an Artillery script's config.environments over its config")
	flags.StringVarP(&f.script.Variables, "variables", "v", "", "variables for an Artillery script, as a JSON object")
	flags.StringVar(&f.script.Overrides, "overrides", "", "lay this JSON object over an Artillery script; its lists replace the script's")
	flags.StringArrayVar(&f.script.Config, "config", nil, "lay this file over an Artillery script, lists item by item (repeat)")
	flags.StringVar(&f.script.Dotenv, "dotenv", "", "NAME=value lines for what the environment does not set; also --env-file")
	flags.StringVar(&f.script.Scenario, "scenario-name", "", "run one scenario alone: its name, or an expression that fits no other")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "env-file" {
			name = "dotenv"
		}
		return pflag.NormalizedName(name)
	})
	flags.StringVarP(&f.method, "request", "X", "", "HTTP method (GET, or POST with a body)")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "a header, as 'Name: value' (repeat)")
	flags.StringVar(&f.body, "body", "", "body text, or @FILE")
	flags.StringVarP(&f.user, "user", "u", "", "USER:PASSWORD for basic authentication")
	flags.DurationVar(&f.timeout, "timeout", 0, "the most one request may take, from dial to last byte, to within 3 % (10s, or the script's)")
	flags.DurationVar(&f.dial, "dial-timeout", 0, "the most a connection may take: name, TCP, and a proxy's tunnel (--timeout)")
	flags.DurationVar(&f.tlsTime, "tls-timeout", 0, "the most a TLS handshake may take (--timeout)")
	flags.DurationVar(&f.headTime, "head-timeout", 0, "the most from the end of a request to the end of the answer's head (--timeout)")
	flags.BoolVar(&f.noFollow, "no-follow", false, "do not follow redirects")
	flags.BoolVarP(&f.insecure, "insecure", "k", false, "accept any certificate")
	flags.BoolVar(&f.http2, "http2", false, "speak HTTP/2 over TLS (https:// only)")
	flags.BoolVar(&f.h2c, "h2c", false, "speak HTTP/2 without TLS, with prior knowledge (http:// only)")
	flags.IntVar(&f.connections, "connections", 0, "share at most so many connections to a host")
	flags.StringVar(&f.unixSocket, "unix-socket", "", "connect to this socket instead of the URL's host")
	flags.StringVar(&f.cert, "cert", "", "client certificate, PEM (with --key)")
	flags.StringVar(&f.key, "key", "", "its private key, PEM")
	flags.StringVar(&f.cacert, "cacert", "", "accept servers certified by these, PEM")
	flags.IntVar(&f.maxVUs, "max-vus", 10_000, "the most users, or requests in flight at a rate, at once")
	flags.DurationVar(&f.warmup, "warmup", 0, "send for so long before recording begins")
	flags.Uint64Var(&f.seed, "seed", 1, "of every random choice")
	flags.StringVar(&f.name, "name", "", "a label for the report")
	flags.StringArrayVar(&f.thresholds, "threshold", nil, "exit with 3 unless it holds: p99<50ms, success>=99.9%, rps>400 (repeat)")
	flags.BoolVar(&f.abort, "abort-on-fail", false, "judge thresholds every second and stop at the first that fails")
	flags.StringVar(&f.exitCodes, "exit-codes", "imgsvc", "what a script's ensure and expect exit with if they do not hold: imgsvc (3) or artillery (1, 21)")
	flags.StringVar(&f.output, "output", "", "write the report as JSON to this file")
	flags.StringVar(&f.html, "html", "", "write the report as one page that needs no network to this file")
	flags.BoolVar(&f.dryRun, "dry-run", false, "send nothing: show the phases, how many users, and the first request of each step")
	flags.BoolVar(&f.once, "once", false, "one user for each scenario, one after the other, with every request and answer shown")
	flags.BoolVar(&f.ceiling, "ceiling", false, "do not attack: measure how many such requests a second this generator could send")
	flags.StringVar(&f.results, "results", "", "write every result in vegeta's binary encoding to this file, or - for stdout")
	flags.StringVar(&f.maxBody, "max-body", "1MiB", "how much of each body, decoded, is in --results; 0: nothing")
}

func (f *attackFlags) run(cmd *cobra.Command, out *output, arg string) error {
	job, err := f.job(cmd, arg)
	if err != nil {
		return usageError(err)
	}
	switch {
	case f.ceiling && (f.dryRun || f.once), f.dryRun && f.once:
		return usageError(errors.New("--ceiling, --dry-run and --once are three ways not to attack: give one of them"))
	case f.ceiling:
		return f.runCeiling(cmd, out, job)
	case f.dryRun:
		return f.runDry(cmd, out, job)
	case f.once:
		return f.runOnce(cmd, out, job)
	}
	if f.results == "-" && out.json {
		return usageError(errors.New("--results - and --json both want standard output: give one of them a file"))
	}
	if err := f.checkOutputs(); err != nil {
		return err
	}
	results, closeResults, err := f.openResults(cmd)
	if err != nil {
		return err
	}
	job.stderr, job.quiet = cmd.ErrOrStderr(), out.quiet
	if results != nil {
		job.options.Results = results.Write
	}
	report, runErr := job.run(cmd.Context())
	if err := closeResults(); err != nil {
		runErr = errors.Join(runErr, err)
	}
	if report == nil {
		return runErr
	}
	return errors.Join(f.show(cmd, out, report), runErr)
}

// runCeiling measures what the generator could do and shows that instead of a report.
func (f *attackFlags) runCeiling(cmd *cobra.Command, out *output, j *job) error {
	if f.output != "" || f.html != "" || f.results != "" || len(f.thresholds) > 0 {
		return usageError(errors.New("--ceiling writes no report: it does not go with --output, --html, --results or --threshold"))
	}
	if f.http2 || f.h2c || f.connections > 0 {
		return usageError(errors.New("--ceiling is of HTTP/1.1 with connections as needed: leave out --http2, --h2c and --connections"))
	}
	progress := newProgress(cmd.ErrOrStderr(), out.quiet)
	progress.Line("measuring what this generator can do with such requests, against a handler that does nothing")
	kept := openCeilings(version())
	ceiling, err := kept.get(cmd.Context(), j.options)
	if err != nil {
		return fmt.Errorf("measure the ceiling: %w", err)
	}
	if ceiling.Cached {
		progress.Line("it is known from %s; remove that file to have it measured anew", kept.file)
	}
	if out.json {
		return ceiling.WriteJSON(cmd.OutOrStdout())
	}
	return ceiling.WriteText(cmd.OutOrStdout())
}

// job turns the flags into an attack. Its errors are the caller's to mend.
func (f *attackFlags) job(cmd *cobra.Command, arg string) (*job, error) {
	script, err := f.load(cmd, arg)
	if err != nil {
		return nil, err
	}
	options := attack.Options{
		Script: script, Duration: f.duration, MaxVUs: f.maxVUs, Timeout: f.timeout,
		Warmup: f.warmup, Seed: f.seed, Name: f.name, UnixSocket: f.unixSocket,
		DialTimeout: f.dial, TLSTimeout: f.tlsTime, HeadTimeout: f.headTime,
	}
	if err := f.checkNumbers(); err != nil {
		return nil, err
	}
	if err := f.protocol(cmd, &options); err != nil {
		return nil, err
	}
	if options.MaxBody, err = bodyLimit(f.maxBody); err != nil {
		return nil, err
	}
	if options.TLS, err = f.tls(script); err != nil {
		return nil, err
	}
	if err := f.law(&options); err != nil {
		return nil, err
	}
	through, err := useProxies(&options)
	if err != nil {
		return nil, err
	}
	j := newJob(options, version())
	j.meta.Warnings = addWarnings(j.meta.Warnings, through)
	j.meta.Name, j.abort = f.name, f.abort
	if j.codes, err = findExitCodes(f.exitCodes); err != nil {
		return nil, err
	}
	for _, expr := range f.thresholds {
		thresholds, err := reports.ParseThresholds(expr)
		if err != nil {
			return nil, err
		}
		j.thresholds = append(j.thresholds, thresholds...)
	}
	if f.abort && len(j.thresholds) == 0 {
		return nil, errors.New("--abort-on-fail needs a --threshold to fail")
	}
	return j, nil
}

// load reads the script, or makes one of a URL.
func (f *attackFlags) load(cmd *cobra.Command, arg string) (*scenarios.Script, error) {
	if isURL(arg) {
		if f.target != "" {
			return nil, errors.New("--target is for scripts: the URL is the target")
		}
		for _, name := range []string{"environment", "variables", "overrides", "config", "dotenv", "scenario-name"} {
			if cmd.Flags().Changed(name) {
				return nil, fmt.Errorf("--%s is for scripts, not for a URL", name)
			}
		}
		body, err := bodyText(f.body)
		if err != nil {
			return nil, err
		}
		return scenarios.ForURL(scenarios.URLRequest{
			URL: arg, Method: f.method, Headers: f.headers, Body: body, User: f.user, NoFollow: f.noFollow,
		})
	}
	for _, name := range []string{"request", "header", "body", "user", "no-follow"} {
		if cmd.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s is for a URL: a script says itself what is sent", name)
		}
	}
	options := f.script
	options.Target, options.Seed = f.target, f.seed
	if arg == "-" {
		return scenarios.Load("-", cmd.InOrStdin(), options)
	}
	script, err := scenarios.LoadFile(arg, options)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(arg, `\`) && strings.ContainsAny(arg, ":.") {
		return nil, fmt.Errorf("%w\nif it is a URL, write it as http://%s", err, arg)
	}
	return script, err
}

func (f *attackFlags) checkNumbers() error {
	switch {
	case f.vus < 0, f.maxVUs < 1:
		return errors.New("--vus and --max-vus want a number from 1")
	case f.requests < 0:
		return errors.New("--requests wants a number from 1")
	case f.duration < 0, f.timeout < 0, f.warmup < 0:
		return errors.New("--duration, --timeout and --warmup cannot be negative")
	case f.dial < 0, f.tlsTime < 0, f.headTime < 0:
		return errors.New("--dial-timeout, --tls-timeout and --head-timeout cannot be negative")
	case f.vus > f.maxVUs:
		return fmt.Errorf("--vus %d is more than --max-vus %d lets work at once: raise it", f.vus, f.maxVUs)
	}
	return nil
}

func isURL(arg string) bool {
	scheme, _, ok := strings.Cut(strings.ToLower(arg), "://")
	return ok && (scheme == "http" || scheme == "https")
}

// bodyText returns the text of --body: what it says, or what is in the file it names.
func bodyText(body string) (string, error) {
	name, isFile := strings.CutPrefix(body, "@")
	if !isFile {
		return body, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("--body: %w", err)
	}
	return string(text), nil
}

// bodyLimit reads --max-body as Options.MaxBody has it.
func bodyLimit(text string) (int, error) {
	size, err := store.ParseSize(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("--max-body: %w", err)
	case size > math.MaxInt32:
		return 0, errors.New("--max-body: at most 2GB of a body can be kept")
	case size == 0:
		return -1, nil
	}
	return int(size), nil
}
