package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// gateRunner runs the rounds of a gate: processes and load.
type gateRunner struct {
	gate     *reports.Gate
	load     *gateLoad
	sides    map[string]string // commands, or URLs
	urls     bool
	ready    string
	patience time.Duration // until a server is ready
	loop     time.Duration // each recorded loop
	users    int           // of the closed loop
	rate     float64       // of the open loop: requests, or users, a second; 0: none yet

	cpus   []int     // this process may use
	places [][2]cpus // server's and generator's; nil: they share cpus
	data   string    // folder that {dir} is a copy of; empty: {dir} is empty
	home   string    // temporary folder
	rounds int
}

// cpus are the numbers of some CPUs.
type cpus = []int

// split gives servers and generator one half of the CPUs each, and which half is dealt: by the two places there are. An
// odd CPU is the generator's.
func (r *gateRunner) split() {
	half := len(r.cpus) / 2
	if half == 0 || !canPin {
		return
	}
	end := len(r.cpus) - half
	r.places = [][2]cpus{{r.cpus[:half], r.cpus[half:]}, {r.cpus[end:], r.cpus[:end]}}
	for _, place := range r.places {
		r.gate.Places = append(r.gate.Places, cpuList(place[0]))
	}
}

// round runs a side once, from its start to its end. The error is a *reports.Breakdown if it is the side's.
func (r *gateRunner) round(ctx context.Context, plan reports.GatePlan) (out reports.GateRound, err error) {
	out.Disturbed = []string{}
	if r.urls {
		err := awaitReady(ctx, r.sides[plan.Side], r.ready, r.patience, func() error { return nil })
		if err != nil {
			return out, brokeDown(false, err)
		}
		return out, r.drive(ctx, plan, &target{url: r.sides[plan.Side]}, &out)
	}
	place, generator := gatePlace{}, r.cpus
	if r.places != nil {
		place.cpus, generator = r.places[plan.Place][0], r.places[plan.Place][1]
		if err := pinProcess(generator); err != nil {
			return out, err
		}
	}
	if place.port, err = freePort(); err != nil {
		return out, err
	}
	log, err := r.prepare(&place)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, log.Close(), os.RemoveAll(filepath.Dir(place.dir))) }()
	out.Port, out.CPUs = place.port, cpuList(place.cpus)
	began := time.Now()
	side, err := startSide(r.sides[plan.Side], place, log)
	if err != nil {
		return out, err
	}
	defer func() {
		if end := side.stop(killContext(ctx)); end != nil {
			err = errors.Join(err, end)
		}
	}()
	if err := awaitReady(ctx, side.url, r.ready, r.patience, side.died); err != nil {
		return out, brokeDown(false, fmt.Errorf("%w%s", err, orNothing(side.died() == nil, side.said())))
	}
	out.Ready = int64(time.Since(began))
	err = r.drive(ctx, plan, &target{side.url, side, r.places != nil}, &out)
	if died := side.died(); died != nil {
		return out, brokeDown(true, fmt.Errorf("died under load: %w", died))
	}
	return out, err
}

func orNothing(wanted bool, text string) string {
	if wanted {
		return text
	}
	return ""
}

// prepare makes the round's folder, with {dir} in it, and the file a server prints to.
func (r *gateRunner) prepare(place *gatePlace) (*os.File, error) {
	r.rounds++
	folder := filepath.Join(r.home, fmt.Sprint(r.rounds))
	place.dir = filepath.Join(folder, "dir")
	if err := os.MkdirAll(place.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for the round: %w", err)
	}
	if r.data != "" {
		if err := os.CopyFS(place.dir, os.DirFS(r.data)); err != nil { // shares blocks where the file system can
			return nil, fmt.Errorf("copy --data %s: %w", r.data, err)
		}
	}
	return os.Create(filepath.Join(folder, "log"))
}

// target is a server under load.
type target struct {
	url   string
	side  *gateSide // nil: it is not this gate's
	apart bool      // it has cores of its own
}

// drive sends a round's load: a closed loop that warms up before it counts, then, when nothing is in flight any more, an
// open one.
func (r *gateRunner) drive(ctx context.Context, plan reports.GatePlan, t *target, out *reports.GateRound) error {
	defer runtime.KeepAlive(collectLater(rateFloor))
	closed, err := r.load.closed(t.url, r.users, plan.Seed)
	if err != nil {
		return err
	}
	closed.Duration, closed.Warmup = r.loop, r.loop/2
	machine := r.watch(t)
	report, cpu, err := runLoop(ctx, closed, t)
	if err != nil {
		return err
	}
	out.Closed = loopOf(report, cpu)
	if report.RPS.Mean != nil {
		out.RPS = *report.RPS.Mean
	}
	if r.rate > 0 {
		open, err := r.load.open(t.url, r.rate, r.loop, r.loop/4, plan.Seed)
		if err != nil {
			return err
		}
		if report, cpu, err = runLoop(ctx, open, t); err != nil {
			return err
		}
		out.Open = loopOf(report, cpu)
		out.P50, out.P99, out.P999 = report.Response.P50, report.Response.P99, report.Response.P999
		out.ResponseHDR = report.Response.HDR
		out.LagP99, out.Unsent, out.Due = report.Lag.P99, report.Unsent, report.Requests+report.Unsent
	}
	machine(out)
	out.CPU = perRequest(out.Closed, out.Open)
	return ctx.Err()
}

// perRequest returns the server's CPU time for each request that was answered well, in nanoseconds.
func perRequest(loops ...reports.GateLoop) *float64 {
	var used time.Duration
	n := int64(0)
	for _, loop := range loops {
		if loop.Requests > 0 && loop.CPU == nil {
			return nil
		}
		if loop.CPU != nil {
			used += *loop.CPU
			n += loop.Successes
		}
	}
	if n == 0 || used <= 0 {
		return nil
	}
	return new(float64(used) / float64(n))
}

func loopOf(r *reports.Report, cpu *time.Duration) reports.GateLoop {
	return reports.GateLoop{
		Requests: r.Requests, Successes: r.Successes, StatusCodes: r.StatusCodes, Errors: r.Errors, CPU: cpu,
		Generator: r.Generator.CPURatio,
	}
}

// timedSink is a recorder that reads the server's CPU time when recording begins.
type timedSink struct {
	*reports.Recorder
	read  func() attack.GroupCPU
	begin chan attack.GroupCPU // gets one reading
	timer *time.Timer
}

// Begin implements attack.Sink.
func (s *timedSink) Begin(start time.Time) {
	s.Recorder.Begin(start)
	s.timer = time.AfterFunc(time.Until(start), func() { s.begin <- s.read() })
}

// runLoop runs one loop to its end, drained, and returns what it measured and the CPU time the server used meanwhile;
// nil if that is not known.
func runLoop(ctx context.Context, o attack.Options, t *target) (*reports.Report, *time.Duration, error) {
	sink := &timedSink{Recorder: reports.NewRecorder(), read: t.cpu, begin: make(chan attack.GroupCPU, 1)}
	o.Sink, o.Stop, o.Remote = sink, ctx.Done(), t.apart
	summary, err := attack.Run(killContext(ctx), o)
	var script *attack.ScriptError
	switch {
	case errors.As(err, &script):
		return nil, nil, usageError(err)
	case err != nil:
		return nil, nil, err
	}
	used := usedSince(sink, t.cpu())
	return sink.Report(summary, reports.Meta{Version: version()}), used, nil
}

// usedSince returns what has been used since the sink's reading; nil if there was none.
func usedSince(sink *timedSink, now attack.GroupCPU) *time.Duration {
	if sink.timer == nil || sink.timer.Stop() {
		return nil // stopped in the warm-up
	}
	before := <-sink.begin // at the latest soon: the timer has fired
	if before == nil || now == nil {
		return nil
	}
	return new(now.Since(before))
}

// cpu reads the CPU time of the server's processes; nil if that is not known.
func (t *target) cpu() attack.GroupCPU {
	if t.side == nil {
		return nil
	}
	used, err := attack.ReadGroupCPU(t.side.group)
	if err != nil {
		return nil // it has died, which is found out elsewhere
	}
	return used
}
