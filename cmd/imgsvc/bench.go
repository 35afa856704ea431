package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
	"github.com/starkillersystems/imgsvc/seed"
	"github.com/starkillersystems/imgsvc/server/store"
)

// fewestRecords is how many records a bench wants: the original Artillery script asks for ids that count up from 0
// and would run out of fewer.
const fewestRecords = 100_000

// bench is one run of the whole job.
type bench struct {
	records  int64
	seed     uint64
	store    string
	caches   []string
	duration time.Duration
	requests int64
	output   string
	html     string

	cmd      *cobra.Command
	out      *output
	progress *progress
}

func newBenchCmd(out *output) *cobra.Command {
	b := &bench{out: out}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Seed, serve and attack: the original's job in one command",
		Long: `Seed a store if it is not there yet, start the service as a process of its own, run the original's Artillery and
siege.js scripts against it unmodified, with the service on one core and on all of them, and print a table of
requests per second beside the figures published in 2018; --html makes a page of it.

The generator gets the cores the service leaves it; where there are none, the row says "shared". A second bench
reuses the store. The exit code is 1 if any request was not successful, or a sampled body not what was seeded.

Every flag can also be set as an environment variable, which keeps a URL's password out of the process list:
IMGSVC_STORE, IMGSVC_CACHE, ... The service gets those of its own flags, too: IMGSVC_STORE_TIMEOUT, ...`,
		Example: `  imgsvc bench
  imgsvc bench --html bench.html
  imgsvc bench --records 100000 --store pebble:/tmp/listings --output bench.json
  imgsvc bench --records 1000000 --store mongodb://127.0.0.1:27017/imgsvc --cache redis://127.0.0.1:6379`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b.cmd = cmd
			if err := bindEnv(cmd); err != nil {
				return err
			}
			return b.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&b.records, "records", 10_000_000, "records to seed, at least 100,000")
	flags.StringVar(&b.store, "store", "pebble:./imgsvc-data", "URL of the store")
	flags.StringArrayVar(&b.caches, "cache", []string{"memory:256MiB"}, "URL of a cache in front of it, as for serve; repeat it, nearest first; or none")
	flags.Uint64Var(&b.seed, "seed", 1, "of the records")
	flags.DurationVar(&b.duration, "duration", 30*time.Second, "how long the Artillery script runs: it has no end of its own")
	flags.Int64Var(&b.requests, "requests", 0, "at most so many for the siege.js script (its own 100,000)")
	flags.StringVar(&b.output, "output", "bench.json", "write the reports as JSON to this file")
	flags.StringVar(&b.html, "html", "", "write them as one page that needs no network to this file")
	return cmd
}

// original is a run of the write-up with the figure it published.
type original struct {
	name, script string
	allCPUs      bool
	published    float64
	comparable   string
}

// originals are the runs the write-up has figures of: before Node cluster, with one process at work, and after.
func originals() []original {
	return []original{
		{"artillery.yml", "artillery.yml", false, 1264, reports.ComparablePeak10s},
		{"siege.js", "siege.js", false, 1213, reports.ComparableMean},
		{"artillery.yml", "artillery.yml", true, 1910, reports.ComparablePeak10s},
		{"siege.js", "siege.js", true, 2100, reports.ComparableMean},
	}
}

func (b *bench) run(ctx context.Context) error {
	if b.records < fewestRecords {
		return usageError(fmt.Errorf("--records %d is too few: the Artillery script asks for ids that count up and "+
			"would run out of them; at least %d", b.records, fewestRecords))
	}
	if b.duration <= 0 || b.requests < 0 {
		return usageError(errors.New("--duration wants to be more than 0, --requests 1 or more"))
	}
	if err := b.checkURLs(); err != nil {
		return usageError(err)
	}
	if err := errors.Join(checkOutput("output", b.output), checkOutput("html", b.html)); err != nil {
		return err
	}
	b.progress = newProgress(b.cmd.ErrOrStderr(), b.out.quiet)
	defer b.progress.Close()
	doc := &reports.Bench{Schema: reports.Schema}
	var err error
	if doc.Seed, err = b.fill(ctx); err != nil {
		return err
	}
	cpus, err := allowedCPUs()
	if err != nil {
		return err
	}
	for _, o := range originals() {
		run, err := b.one(ctx, o, cpus)
		if run.Report != nil {
			doc.Runs = append(doc.Runs, run)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", o.name, err), b.showSome(doc))
		}
	}
	b.progress.Close()
	return errors.Join(b.show(doc), imperfect(doc))
}

// checkURLs refuses what the service would refuse after everything was seeded.
func (b *bench) checkURLs() error {
	if _, err := store.ParseURL(b.store); err != nil {
		return err
	}
	_, err := store.ParseCaches(b.caches)
	return err
}

// show writes the document to its file and shows it.
func (b *bench) show(doc *reports.Bench) error {
	var err error
	if b.output != "" {
		err = doc.WriteFile(b.output)
	}
	if b.html != "" {
		err = errors.Join(err, doc.WriteHTMLFile(b.html))
	}
	if b.out.json {
		return errors.Join(doc.WriteJSON(b.cmd.OutOrStdout()), err)
	}
	return errors.Join(doc.WriteText(b.cmd.OutOrStdout()), err)
}

// showSome shows the runs there are of a bench that did not come to its end.
func (b *bench) showSome(doc *reports.Bench) error {
	if len(doc.Runs) == 0 {
		return nil
	}
	return b.show(doc)
}

// imperfect returns an error if a request of any run was not successful.
func imperfect(doc *reports.Bench) error {
	var errs []error
	for _, run := range doc.Runs {
		if r := run.Report; r.Successes != r.Requests || r.Requests == 0 {
			errs = append(errs, fmt.Errorf("%s on %d cores: %d of %d requests were successful",
				run.Name, run.ServerCPUs, r.Successes, r.Requests))
		}
	}
	return errors.Join(errs...)
}

// fill seeds the store, or finds it seeded.
func (b *bench) fill(ctx context.Context) (reports.BenchSeed, error) {
	summary, err := seed.Run(ctx, seed.Options{
		Store: b.store, Records: b.records, Seed: b.seed,
		Progress: func(p seed.Progress) { b.progress.Show(p.String) },
	})
	if err != nil {
		return reports.BenchSeed{}, err
	}
	b.progress.Line("%s", summary)
	// What seeding left behind is not to be in the way of what is measured.
	runtime.GC()
	return reports.BenchSeed{
		Records: summary.Records, Duration: time.Duration(summary.DurationNS), Rate: summary.Rate, Bytes: summary.Bytes,
	}, nil
}

// one starts the service, checks what it serves, runs a script against it and stops it.
func (b *bench) one(ctx context.Context, o original, cpus []int) (run reports.BenchRun, err error) {
	server, generator := cpus[:1], cpus[1:]
	if o.allCPUs {
		server, generator = cpus, nil
	}
	run = reports.BenchRun{
		Name: o.name, PublishedRPS: o.published, Comparable: o.comparable,
		ServerCPUs: len(server), Shared: len(generator) == 0,
	}
	if run.Shared {
		generator = cpus
	}
	service, err := startService(ctx, b.serveEnv(), "--addr", "127.0.0.1:0", "--cpus", fmt.Sprint(len(server)))
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	if err := pinProcess(generator); err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, pinProcess(cpus)) }()
	if err := compareBodies(ctx, service.url, seed.NewGenerator(b.seed), b.records); err != nil {
		return run, err
	}
	run.Report, err = b.attack(ctx, o, service.url, run.Shared)
	if warning := cacheWarning(ctx, service.url); warning != "" && run.Report != nil {
		run.Report.Warnings = append(run.Report.Warnings, warning)
		b.progress.Say("warning: " + warning)
	}
	return run, err
}

// serveEnv returns the environment of the service. Its URLs are there and not among its arguments, which everyone on
// the machine can read.
func (b *bench) serveEnv() []string {
	return append(os.Environ(), envName("store")+"="+b.store, envName("cache")+"="+strings.Join(b.caches, " "))
}

// attack runs a shipped script as its user would: untouched, with --target. The Artillery script walks on until it is
// stopped, so it is, after the bench's duration.
func (b *bench) attack(ctx context.Context, o original, url string, shared bool) (*reports.Report, error) {
	options := attack.Options{Seed: 1, Remote: !shared, Requests: b.requests}
	target := url
	if o.comparable == reports.ComparablePeak10s {
		target, options.Duration, options.Requests = url+"/reviews", b.duration, 0
	}
	var err error
	if options.Script, err = scenarios.LoadShipped(o.script, scenarios.LoadOptions{Target: target}); err != nil {
		return nil, err
	}
	j := newJob(options, version())
	j.meta.Name = o.name
	j.stderr, j.quiet = b.cmd.ErrOrStderr(), b.out.quiet
	return j.run(ctx)
}
