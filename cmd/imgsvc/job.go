package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// job is one attack with its recording: what `attack` and `bench` have in common.
type job struct {
	options    attack.Options
	meta       reports.Meta
	thresholds []reports.Threshold
	abort      bool // stop as soon as a threshold is broken
	codes      exitCodes
	stderr     io.Writer
	quiet      bool
}

// mostSteps is how many requests of a script are reported one by one. A longer list is reported as one step: nobody
// would read it, and each step costs memory in every shard.
const mostSteps = 200

// newJob names what the attack's script has, for the report.
func newJob(o attack.Options, version string) *job {
	script := o.Script
	meta := reports.Meta{
		Script: script.Name, Target: script.Target, Version: version, ByEndpoint: byEndpointOf(script),
		Warnings: scriptWarnings(script),
	}
	for _, s := range script.Scenarios {
		meta.Scenarios = append(meta.Scenarios, s.Name)
	}
	for _, w := range script.Warnings {
		meta.Warnings = append(meta.Warnings, w.Error())
	}
	if len(script.Requests) > mostSteps {
		o.OneStep = true
		meta.Steps = []reports.StepName{{Step: fmt.Sprintf("%d requests in turn", len(script.Requests))}}
		return &job{options: o, meta: meta, codes: exitCodes{exitThreshold, exitThreshold}}
	}
	for _, r := range script.Requests {
		meta.Steps = append(meta.Steps, reports.StepName{
			Scenario: script.Scenarios[r.Scenario].Name, Step: r.Name, Method: r.Method, URL: r.URL.String(),
		})
	}
	return &job{options: o, meta: meta, codes: exitCodes{exitThreshold, exitThreshold}}
}

// run attacks and returns the report, judged. The first signal stops arrivals, the second cuts off what is in flight;
// both leave a report. The error, if there is a report as well, says why the exit code is not 0.
func (j *job) run(ctx context.Context) (*reports.Report, error) {
	floor := heapFloor
	if j.options.Rate != nil {
		floor = rateFloor
	}
	defer runtime.KeepAlive(collectLater(floor))
	progress := newProgress(j.stderr, j.quiet)
	defer progress.Close()
	defer logLess(progress.Say)()
	for _, w := range j.meta.Warnings {
		progress.Say("warning: " + w)
	}
	progress.Line("%s", j.announce())
	stop, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	recorder := reports.NewRecorder()
	recorder.Apdex = j.options.Script.Apdex
	j.options.Sink, j.options.Stop = recorder, stop.Done()
	j.options.Log = progress.Say
	j.options.Warn = func(text string) { progress.Say("warning: " + text) }

	unwatch := context.AfterFunc(ctx, func() {
		progress.Line("stopping when the requests in flight are answered; Ctrl-C again cuts them off")
	})
	defer unwatch()
	watching := make(chan struct{})
	var watched sync.WaitGroup
	watched.Go(func() { j.watch(recorder, progress, watching, cancel) })
	summary, err := attack.Run(killContext(ctx), j.options)
	close(watching)
	watched.Wait()
	progress.Close()
	var script *attack.ScriptError
	if errors.As(err, &script) {
		return nil, usageError(err)
	}
	if err != nil {
		return nil, err
	}
	j.meta.Plan = j.loadInWords()
	report := recorder.Report(summary, j.meta)
	if report.Responses > 0 {
		if c, found := openCeilings(version()).find(j.options, int64(report.Bytes.In)/report.Responses); found {
			report.AddCeiling(c)
		}
	}
	return report, j.verdict(ctx, report, summary, context.Cause(stop))
}

// addWarnings appends those that have not been given yet.
func addWarnings(given []string, more []error) []string {
	for _, w := range more {
		if !slices.Contains(given, w.Error()) {
			given = append(given, w.Error())
		}
	}
	return given
}

// errBroken is why a run was stopped by a threshold.
var errBroken = errors.New("a threshold was broken")

// watch shows progress and judges thresholds once a second until done.
func (j *job) watch(r *reports.Recorder, progress *progress, done <-chan struct{}, stop context.CancelCauseFunc) {
	judging := j.abort
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			progress.Show(func() string { return r.Snapshot(now).String() })
			if !judging {
				continue
			}
			for _, broken := range r.SoFar(now).Broken(j.thresholds) {
				progress.Line("%s: stopping", broken)
				stop(errBroken)
				judging = false
			}
		}
	}
}

// verdict judges the report and settles the exit code.
func (j *job) verdict(ctx context.Context, report *reports.Report, summary attack.Summary, why error) error {
	pass := report.Judge(j.thresholds)
	script := j.judgeScript(report)
	switch {
	case ctx.Err() != nil && summary.SetEnd:
		return &exitError{exitFailed, errors.New("stopped before its end: the report covers what was sent until then")}
	case errors.Is(why, errBroken):
		report.Warnings = append(report.Warnings, "stopped early: a threshold was broken on the way")
		return &exitError{code: exitThreshold}
	case noHTTP2(report) != nil:
		return noHTTP2(report)
	case !pass:
		return errors.Join(&exitError{code: exitThreshold}, script)
	}
	return script
}

// announce says what is about to happen and when it will end.
func (j *job) announce() string {
	var text strings.Builder
	fmt.Fprintf(&text, "attacking %s", j.meta.Script)
	if j.meta.Target != "" && j.meta.Target != j.meta.Script {
		fmt.Fprintf(&text, " at %s", j.meta.Target)
	}
	if j.options.Once != nil {
		return text.String() + ": one user for each scenario, one after the other"
	}
	fmt.Fprintf(&text, ": %s; ", j.load())
	if end := j.end(); end != "" {
		return text.String() + end
	}
	return text.String() + "it will not end by itself: Ctrl-C ends it and shows the report"
}

// load says how much is sent.
func (j *job) load() string { return strings.Join(j.phases(), ", then ") }

// phases says how much is sent, a text a phase.
func (j *job) phases() []string {
	if j.options.Rate != nil {
		from, to := j.options.Rate.Rate(0), j.options.Rate.Rate(j.options.Rate.End())
		if from != to {
			return []string{fmt.Sprintf("%.4g to %.4g requests/s", from, to)}
		}
		return []string{fmt.Sprintf("%.4g requests/s", from)}
	}
	var phases []string
	for _, p := range j.options.Script.Phases {
		phases = append(phases, describePhase(p))
	}
	return phases
}

// loadInWords is the load, as the report keeps it: a line a phase, and when it ends.
func (j *job) loadInWords() []string {
	plan := j.phases()
	if end := j.end(); end != "" {
		plan = append(plan, end)
	}
	return append(plan, fmt.Sprintf("seed %d", j.options.Seed))
}

func describePhase(p scenarios.Phase) string {
	switch {
	case p.Users == 1:
		return "1 user in a loop"
	case p.Users > 0:
		return fmt.Sprintf("%d users in a loop", p.Users)
	case p.Arrivals != nil:
		return describeArrivals(p)
	}
	return fmt.Sprintf("a pause of %s", p.Duration)
}

func describeArrivals(p scenarios.Phase) string {
	over := ""
	if p.Duration > 0 {
		over = fmt.Sprintf(" over %s", p.Duration)
	}
	if p.Arrivals.Law == scenarios.Even {
		return fmt.Sprintf("%d users arriving%s", p.Arrivals.Count, over)
	}
	if p.Arrivals.Law == scenarios.Poisson {
		return fmt.Sprintf("%.4g users/s arriving at random%s", p.Arrivals.Rate, over)
	}
	if p.Arrivals.Rate == p.Arrivals.RampTo {
		return fmt.Sprintf("%.4g users/s arriving%s", p.Arrivals.Rate, over)
	}
	return fmt.Sprintf("%.4g to %.4g users/s arriving%s", p.Arrivals.Rate, p.Arrivals.RampTo, over)
}

// ownRequests returns how many requests a script of one phase sends by itself; 0: it does not say.
func ownRequests(s *scenarios.Script) int64 {
	if len(s.Phases) != 1 {
		return 0
	}
	return s.Phases[0].Requests
}

// end says when the run ends; it is empty if it does not end by itself.
func (j *job) end() string {
	o := j.options
	requests := o.Requests
	if own := ownRequests(o.Script); requests == 0 || own > 0 && own < requests {
		requests = own
	}
	limit := o.Duration
	if o.Rate != nil {
		limit = o.Rate.End()
	}
	switch {
	case requests > 0 && limit > 0:
		return fmt.Sprintf("ends after %d requests or %s", requests, limit)
	case requests > 0:
		return fmt.Sprintf("ends after %d requests", requests)
	case limit > 0:
		return fmt.Sprintf("ends after %s", limit)
	case o.Rate != nil:
		return ""
	}
	var arriving time.Duration
	for _, p := range o.Script.Phases {
		if p.Duration == 0 && p.Requests == 0 || p.Arrivals != nil && o.Script.Endless {
			return ""
		}
		arriving += p.Duration
	}
	text := fmt.Sprintf("ends when the last user is done, after %s at the earliest", arriving)
	if o.Script.RoundsVary() {
		text += "; some loops run as often as a variable says"
	}
	return text
}
