package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	addr, adminAddr  string
	store            string
	caches           []string
	storeTimeout     time.Duration
	storeConns       int
	memoryMaxAge     time.Duration
	writeToken       string
	writeTokenFile   string
	drainDelay       time.Duration
	maxInflight      int
	freshFor         time.Duration
	drainTimeout     time.Duration
	maxConns         int
	cpus             int
	handicap         string
	untilStdinCloses bool
}

func newServeCmd(out *output) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the listings of a store over HTTP",
		Long: `Serve answers GET /listings/{id}, GET /reviews/{id} and GET /reviews/{id}?index=N from a store that
'imgsvc seed' has filled, and keeps the listings asked for most in memory. With a write token it also takes
PUT and DELETE /listings/{id} and POST /listings/{id}/images from those who send the token.

SIGTERM or Ctrl-C stops it: /readyz says 503, no new connections are accepted (after --drain-delay), and
each client that is busy gets its answer and is told that its connection ends. A second one cuts off whoever is left.

With --json a document that says where it listens comes first on standard output; otherwise a line of the
log does. Every flag can also be set as an environment variable: IMGSVC_ADDR, IMGSVC_STORE, ...
IMGSVC_STORE_FILE=PATH, and so on, has the value read from a file.
OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4318 has it send traces there.`,
		Example: `  imgsvc serve --addr 127.0.0.1:3000 --store pebble:./imgsvc-data --cache memory:256MiB
  curl 'http://127.0.0.1:3000/reviews/15000?index=1'`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			shown := cmd.Flags().Changed("write-token")
			if err := bindEnv(cmd); err != nil {
				return err
			}
			if err := f.readToken(cmd.ErrOrStderr(), shown); err != nil {
				return usageError(err)
			}
			return serve(cmd, out, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:3000", "listen on this address; port 0 lets the kernel choose")
	flags.StringVar(&f.adminAddr, "admin-addr", "", "listen here for /healthz, /readyz and /metrics, not on --addr, and for /debug/pprof/")
	flags.StringVar(&f.store, "store", store.DefaultURL, "where the listings are: pebble:DIR or mongodb://HOST/DATABASE")
	flags.StringArrayVar(&f.caches, "cache", []string{"memory:256MiB"},
		"memory:SIZE, of the heap, which garbage can double, and 32 MiB more (see GOGC);\n"+
			"redis://… or rediss://… (single, Sentinel, Cluster); repeat it, nearest first; or none")
	flags.DurationVar(&f.storeTimeout, "store-timeout", 2*time.Second, "limit of one call to the store, and of finding its server")
	flags.IntVar(&f.storeConns, "store-conns", 0, "most connections to each MongoDB server (0: as its URL says, else 100)")
	flags.DurationVar(&f.memoryMaxAge, "memory-max-age", 5*time.Second,
		"how old a listing of a MongoDB may be in memory while no Redis tells of changes (0: any age)")
	flags.StringVar(&f.writeToken, "write-token", "",
		"the bearer token of those who may write (default: nobody); others see it in the list of processes:\n"+
			"put it into IMGSVC_WRITE_TOKEN or a file")
	flags.StringVar(&f.writeTokenFile, "write-token-file", "", "a file with the write token, and nothing else")
	flags.DurationVar(&f.drainDelay, "drain-delay", 0, "after SIGTERM, go on accepting for so long while /readyz says 503: until balancers know")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 20*time.Second, "limit of a graceful stop, after --drain-delay")
	flags.IntVar(&f.maxInflight, "max-inflight", 512,
		"reads of the store at once, and writes; as many again may wait, what is more gets 503 (what is in a cache never does)")
	flags.DurationVar(&f.freshFor, "fresh-for", 0,
		"a listing in memory may be as old as that before it is read anew\n(0: 1m on MongoDB; on pebble, which nobody else can write to, as old as it gets)")
	flags.IntVar(&f.maxConns, "max-conns", 16384, "connections open at once; further ones wait")
	flags.IntVar(&f.cpus, "cpus", 0, "run on the first N CPUs only (default all)")
	flags.StringVar(&f.handicap, "handicap", "0%", "burn at least so much more CPU for a listing, of what a request costs (measured every 50 ms): for trying out gate")
	flags.BoolVar(&f.untilStdinCloses, "until-stdin-closes", false, "stop when standard input ends")
	_ = flags.MarkHidden("until-stdin-closes") // fails only if there is no such flag
	return cmd
}

func serve(cmd *cobra.Command, out *output, f serveFlags) error {
	location, caches, err := f.check()
	if err != nil {
		return usageError(err)
	}
	if err := useCPUs(f.cpus); err != nil {
		return err
	}
	defer runtime.KeepAlive(collectLater(heapFloor))
	log := newLog(cmd.ErrOrStderr(), out.quiet)
	traces, endTraces, err := startTraces(cmd.Context(), log)
	if err != nil {
		return err
	}
	defer endTraces()
	db, err := f.open(cmd.Context(), location)
	if err != nil {
		return err
	}
	cfg, guard := f.config(db, log, traces)
	closeCaches, err := f.addCaches(&cfg, caches, db, location)
	end := func() error { return errors.Join(closeCaches(), closeStore(guard, db)) }
	if err != nil {
		return errors.Join(err, end())
	}
	if cfg.Listener, cfg.Admin, err = listenBoth(f.addr, f.adminAddr); err != nil {
		return errors.Join(err, end())
	}
	if cfg.Handicap > 0 {
		cfg.Log.Warn("this service is slower than it could be", "handicap", f.handicap)
	}
	at := newServing(cfg, location, f.caches, db.Meta())
	if err := at.announce(cmd.OutOrStdout(), cfg.Log, out.json); err != nil {
		return err
	}
	ctx := cmd.Context()
	if f.untilStdinCloses {
		ctx = untilEOF(ctx, cmd.InOrStdin())
	}
	if err := server.Run(ctx, killContext(ctx), cfg); err != nil {
		return err // db may still be in use by what was cut off; its lock ends with the process
	}
	return end()
}

// check reads what the flags say and refuses what makes no sense.
func (f serveFlags) check() (store.Location, store.Caches, error) {
	location, err := store.ParseURL(f.store)
	if err != nil {
		return location, store.Caches{}, err
	}
	caches, err := store.ParseCaches(f.caches)
	if err != nil {
		return location, caches, err
	}
	switch {
	case f.storeTimeout <= 0:
		err = fmt.Errorf("--store-timeout %s: want more than 0, such as 2s", f.storeTimeout)
	case f.storeConns < 0:
		err = fmt.Errorf("--store-conns %d: want 0 or more", f.storeConns)
	case f.memoryMaxAge < 0:
		err = fmt.Errorf("--memory-max-age %s: want 0 or more, such as 5s", f.memoryMaxAge)
	case f.drainDelay < 0:
		err = fmt.Errorf("--drain-delay %s: want 0 or more, such as 5s", f.drainDelay)
	case f.maxInflight <= 0:
		err = fmt.Errorf("--max-inflight %d: want 1 or more", f.maxInflight)
	case f.freshFor < 0:
		err = fmt.Errorf("--fresh-for %s: want 0 or more, such as 1m", f.freshFor)
	case f.drainTimeout <= 0:
		err = fmt.Errorf("--drain-timeout %s: want more than 0, such as 20s", f.drainTimeout)
	case f.maxConns <= 0:
		err = fmt.Errorf("--max-conns %d: want 1 or more", f.maxConns)
	}
	if err == nil {
		_, err = parseShare("--handicap", f.handicap)
	}
	return location, caches, err
}

// useCPUs keeps this process on the first n CPUs of those it may use; 0 means all of them.
func useCPUs(n int) error {
	if n == 0 {
		return nil
	}
	allowed, err := allowedCPUs()
	if err != nil {
		return err
	}
	if n < 0 || n > len(allowed) {
		return usageError(fmt.Errorf("--cpus %d: this process may use %d", n, len(allowed)))
	}
	return pinProcess(allowed[:n])
}

func newLog(w io.Writer, quiet bool) *slog.Logger {
	level := slog.LevelInfo
	if quiet {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// untilEOF returns a context that also ends when r does: a parent that dies takes the service with it. Nothing ends
// a read of standard input before its time, so what reads here ends with the process.
func untilEOF(ctx context.Context, r io.Reader) context.Context {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, r) // an error is an end as well
	}()
	return ctx
}
