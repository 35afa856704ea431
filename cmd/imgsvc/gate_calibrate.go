package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starkillersystems/imgsvc/reports"
)

// How the rate of the open loop is found.
const (
	openShare    = 0.65  // of what the base holds in a closed loop
	pilotUsers   = 50.0  // a second, to see how many requests a user makes
	mostUsers    = 4000. // a second: each has a connection of its own, and ports are to last
	lowerRate    = 0.7   // times, where the generator cannot keep the rate punctual
	mostLowered  = 4
	punctual     = 0.7 // of the lag, and of the cores, that the rules allow the generator
	mostCapacity = 3   // rounds to find one that nothing disturbed
)

// calibrate finds out, on the base alone and before anything is compared, at which rate the open loops run and which
// metrics can be gated. What the base breaks down with leaves a verdict in the gate.
func (r *gateRunner) calibrate(ctx context.Context, progress *progress) error {
	progress.Line("calibrating on the base")
	given := r.rate
	if err := r.findCapacity(ctx); err != nil || r.gate.Verdict != "" {
		return err
	}
	perUser := 1.0
	if !r.load.plain {
		r.rate = pilotUsers
		out, err := r.trial(ctx)
		if err != nil || r.gate.Verdict != "" {
			return err
		}
		perUser = max(1, float64(out.Due)/(r.rate*r.loop.Seconds()))
	}
	r.rate = given
	if given == 0 {
		r.rate = openShare * r.gate.CapacityRPS / perUser
		if !r.load.plain {
			r.rate = min(r.rate, mostUsers)
		}
	}
	if err := r.lowerRate(ctx, perUser, given > 0); err != nil || r.gate.Verdict != "" {
		return err
	}
	g := r.gate
	if due := g.OfferedRPS * r.loop.Seconds(); due < reports.MinForP99 {
		g.DoNotGate(reports.MetricP99, fmt.Sprintf("an open loop has %.0f requests, and %d are needed for it: "+
			"a longer --round-duration has more", due, reports.MinForP99))
	}
	progress.Line("the base holds %.0f requests/s in a closed loop; the open loops run at %.0f requests/s",
		g.CapacityRPS, g.OfferedRPS)
	return nil
}

// findCapacity measures what the base holds in a closed loop.
func (r *gateRunner) findCapacity(ctx context.Context) error {
	r.rate = 0
	for range mostCapacity {
		out, err := r.trial(ctx)
		if err != nil || r.gate.Verdict != "" {
			return err
		}
		r.gate.CapacityRPS = max(r.gate.CapacityRPS, out.RPS)
		if out.CPU == nil && !r.urls {
			r.gate.DoNotGate(reports.MetricCPU, "the CPU time of the server's processes is not known here")
		}
		if out.Closed.Generator > r.gate.Rules.MaxCPURatio {
			r.gate.Warnings = addWarnings(r.gate.Warnings, []error{errors.New("in the closed loop the generator, not the base, was the limit: " +
				"rps would not show a slower candidate")})
		}
		if len(out.Disturbed) == 0 && out.RPS > 0 {
			break
		}
	}
	if r.gate.CapacityRPS <= 0 {
		r.gate.Invalidate("the base answered no request well in a closed loop")
	}
	return nil
}

// lowerRate lowers the rate until the generator keeps it punctual; one that was given stays as it is.
func (r *gateRunner) lowerRate(ctx context.Context, perUser float64, given bool) error {
	for range mostLowered {
		r.gate.OfferedRPS = r.rate * perUser
		out, err := r.trial(ctx)
		if err != nil || r.gate.Verdict != "" {
			return err
		}
		rules := r.gate.Rules
		late := time.Duration(out.LagP99) > time.Duration(punctual*float64(rules.MaxLag))
		if !late && out.Open.Generator <= punctual*rules.MaxCPURatio || given {
			return nil
		}
		r.rate *= lowerRate
	}
	r.gate.OfferedRPS = r.rate * perUser
	return nil
}

// trial runs a round of the base that is no part of a pair.
func (r *gateRunner) trial(ctx context.Context) (reports.GateRound, error) {
	began := time.Now()
	out, err := r.round(ctx, reports.GatePlan{Side: reports.SideBase, Seed: r.gate.Seed})
	var breakdown *reports.Breakdown
	switch {
	case ctx.Err() != nil:
		r.gate.Invalidate("stopped before the first pair")
		return out, nil
	case errors.As(err, &breakdown):
		out.Error = breakdown.Error()
		r.gate.Invalidate("the base " + breakdown.Error())
	case err != nil:
		return out, err
	}
	out.Side, out.StartedAt = reports.SideBase, began.Round(0).UTC()
	r.gate.Calibrated(out)
	return out, nil
}
