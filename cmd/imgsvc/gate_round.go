package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

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
		r.gate.Warnings = append(r.gate.Warnings, "servers and generator share this machine's CPUs: what one uses the other has not")
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
	if !r.urls {
		err = r.startAndDrive(ctx, plan, &out)
		return out, err
	}
	url := r.sides[plan.Side]
	if err := awaitReady(ctx, url, r.ready, r.patience, func() error { return nil }); err != nil {
		return out, brokeDown(false, err)
	}
	return out, r.drive(ctx, plan, &target{url: url}, &out)
}

// startAndDrive starts a side's command, sends the load, and ends whatever it has started.
func (r *gateRunner) startAndDrive(ctx context.Context, plan reports.GatePlan, out *reports.GateRound) (err error) {
	place, log, err := r.prepare(plan.Place)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close(), os.RemoveAll(filepath.Dir(place.dir))) }()
	out.Port, out.CPUs = place.port, cpuList(place.cpus)
	began := time.Now()
	side, err := startSide(r.sides[plan.Side], place, log)
	if err != nil {
		return err
	}
	defer func() {
		if end := side.stop(killContext(ctx)); end != nil {
			err = errors.Join(err, end)
		}
	}()
	if err := awaitReady(ctx, side.url, r.ready, r.patience, side.died); err != nil {
		if side.died() == nil { // else it has been said
			err = fmt.Errorf("%w%s", err, side.said())
		}
		return brokeDown(false, err)
	}
	out.Ready = int64(time.Since(began))
	err = r.drive(ctx, plan, &target{side.url, side, r.places != nil}, out)
	if died := side.died(); died != nil {
		return brokeDown(true, fmt.Errorf("died under load: %w", died))
	}
	return err
}

// prepare finds a port and CPUs for a server, puts this process on the others, and makes the round's folder, with {dir}
// and the file a server prints to in it.
func (r *gateRunner) prepare(half int) (place gatePlace, log *os.File, err error) {
	if r.places != nil {
		place.cpus = r.places[half][0]
		if err := pinProcess(r.places[half][1]); err != nil {
			return place, nil, err
		}
	}
	if place.port, err = freePort(); err != nil {
		return place, nil, err
	}
	r.rounds++
	folder := filepath.Join(r.home, fmt.Sprint(r.rounds))
	place.dir = filepath.Join(folder, "dir")
	if err := os.MkdirAll(place.dir, 0o755); err != nil {
		return place, nil, fmt.Errorf("make a folder for the round: %w", err)
	}
	if r.data != "" {
		if err := os.CopyFS(place.dir, os.DirFS(r.data)); err != nil { // shares blocks where the file system can
			return place, nil, fmt.Errorf("copy --data %s: %w", r.data, err)
		}
	}
	log, err = os.Create(filepath.Join(folder, "log"))
	return place, log, err
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
	if err := r.driveOpen(ctx, plan, t, out); err != nil {
		return err
	}
	machine(out)
	out.CPU = perRequest(out.Closed, out.Open)
	return ctx.Err()
}

// driveOpen sends the open loop, once its rate is known.
func (r *gateRunner) driveOpen(ctx context.Context, plan reports.GatePlan, t *target, out *reports.GateRound) error {
	if r.rate == 0 {
		return nil
	}
	open, err := r.load.open(t.url, r.rate, r.loop, r.loop/4, plan.Seed)
	if err != nil {
		return err
	}
	report, cpu, err := runLoop(ctx, open, t)
	if err != nil {
		return err
	}
	out.Open = loopOf(report, cpu)
	out.P50, out.P99, out.P999 = report.Response.P50, report.Response.P99, report.Response.P999
	out.ResponseHDR = report.Response.HDR
	out.LagP99, out.Unsent, out.Due = report.Lag.P99, report.Unsent, report.Requests+report.Unsent
	return nil
}
