package main

import (
	"context"
	"errors"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

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
