package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// How a ceiling is measured.
const (
	ceilingWarmup = 500 * time.Millisecond
	ceilingTime   = 2 * time.Second
	assumedBytes  = 500     // of body, where the target does not say
	mostAtOnce    = 64      // users for a script whose users arrive; requests in flight at a rate
	ceilingRate   = 500_000 // requests/s: more than the engine for rates can send
)

// measureCeiling measures what this process can do with the requests of an attack: it sends the same requests, by the
// same engine, in a closed loop, to a null handler in a process of its own, for some 2.5 s. The body of the answers has
// so many bytes, at most maxNullBody (askTarget finds out how many the target's have). Where this process may use every
// core there is, it keeps to one half of them meanwhile, so that the handler has the other.
func measureCeiling(ctx context.Context, o attack.Options, bytes int64) (c reports.Ceiling, err error) {
	defer runtime.KeepAlive(collectLater(heapFloor))
	bytes = min(bytes, maxNullBody)
	secure, err := speaksTLS(o.Script)
	if err != nil {
		return c, err
	}
	cpus, err := allowedCPUs()
	if err != nil {
		return c, err
	}
	handler, restore, err := startApart(ctx, cpus, bytes, secure)
	if err != nil {
		return c, fmt.Errorf("start a null handler: %w", err)
	}
	began := time.Now()
	report, err := runCeiling(ctx, ceilingOptions(o, handler))
	if err = errors.Join(err, handler.stop(), restore()); err != nil {
		return c, err
	}
	cores := handler.cores
	cores.CPURatio = handler.cpuRatio(time.Since(began))
	if c, err = reports.NewCeiling(report, cores, atOnce(o), len(cpus)); err != nil {
		return c, err
	}
	c.ResponseBytes, c.TLS, c.Engine = bytes, secure, engineOf(o)
	return c, nil
}

// runCeiling runs the attack on the null handler. It is no ceiling if the run was cut short.
func runCeiling(ctx context.Context, o attack.Options) (*reports.Report, error) {
	recorder := reports.NewRecorder()
	o.Sink, o.Stop = recorder, ctx.Done()
	summary, err := attack.Run(killContext(ctx), o)
	var script *attack.ScriptError
	switch {
	case errors.As(err, &script):
		return nil, usageError(err)
	case err != nil:
		return nil, err
	case summary.Stopped:
		return nil, errors.New("stopped before the ceiling was measured")
	}
	return recorder.Report(summary, reports.Meta{Version: version()}), nil
}

// ceilingOptions turns an attack on the target into one on the null handler: the same requests by the same engine, as
// fast as they are answered.
func ceilingOptions(o attack.Options, handler *nullHandler) attack.Options {
	script := *o.Script
	script.Timeout = 0
	script.Scenarios = withoutThinking(o.Script.Scenarios)
	script.Before, script.After = nil, nil
	script.Requests = nil
	for _, r := range o.Script.Requests {
		script.Requests = append(script.Requests, r.Bare())
	}
	c := attack.Options{
		Script: &script, ConnectTo: handler.addr, Timeout: 10 * time.Second, Warmup: ceilingWarmup, Duration: ceilingTime,
		Seed: o.Seed, MaxVUs: atOnce(o), Remote: !handler.cores.Shared, OneStep: true,
		TLS: &tls.Config{InsecureSkipVerify: true}, // the handler's certificate is nobody's
	}
	if engineOf(o) == reports.EngineRate {
		c.Warmup = 0 // whatever is sent was due long before, when recording had not begun
		c.Rate = attack.Ramp{From: ceilingRate, To: ceilingRate, Duration: ceilingTime}
		return c
	}
	script.Phases = []scenarios.Phase{{Name: "ceiling", Users: atOnce(o)}}
	return c
}

func engineOf(o attack.Options) string {
	if o.Rate != nil {
		return reports.EngineRate
	}
	return reports.EngineUsers
}

// atOnce returns how many users, or requests in flight, the ceiling is measured with: those of the attack's largest
// closed phase, else as many as keep a generator busy.
func atOnce(o attack.Options) int {
	users := 0
	if o.Rate == nil {
		for _, p := range o.Script.Phases {
			users = max(users, p.Users)
		}
	}
	if users == 0 {
		users = mostAtOnce
	}
	if o.MaxVUs > 0 {
		users = min(users, o.MaxVUs)
	}
	return users
}

// withoutThinking copies scenarios and leaves out what only takes time.
func withoutThinking(all []scenarios.Scenario) []scenarios.Scenario {
	var busy []scenarios.Scenario
	for _, s := range all {
		s.Steps = sendingSteps(s.Steps)
		busy = append(busy, s)
	}
	return busy
}

func sendingSteps(steps []scenarios.Step) (sending []scenarios.Step) {
	for _, step := range steps {
		switch step := step.(type) {
		case *scenarios.Think, *scenarios.Log:
		case *scenarios.Loop:
			loop := *step
			loop.Steps = sendingSteps(step.Steps)
			if loop.Over != nil || loop.Varies.String() != "" { // the null handler's answers say nothing of how often
				loop.Over, loop.Varies, loop.Count = nil, scenarios.Template{}, 1
			}
			sending = append(sending, &loop)
		case *scenarios.Parallel:
			sending = append(sending, sendingSteps(step.Steps)...)
		case *scenarios.Request:
			sending = append(sending, step.Bare())
		}
	}
	return sending
}

// speaksTLS reports whether the script's requests go over TLS.
func speaksTLS(s *scenarios.Script) (bool, error) {
	secure := 0
	for _, r := range s.Requests {
		if strings.HasPrefix(strings.ToLower(r.URL.Prefix()), "https://") {
			secure++
		}
	}
	if secure > 0 && secure < len(s.Requests) {
		return false, usageError(errors.New("--ceiling is for requests that are all http or all https: these are mixed"))
	}
	return secure > 0, nil
}

// nullHandler is an `imgsvc null` in a process of its own.
type nullHandler struct {
	*service
	addr  string
	cores reports.HandlerCores
}

// startApart starts a null handler on cores this process does not use. If there are none but the cpus it may use, it
// keeps to the first half of them until restore is called; with a single one, both share it.
func startApart(ctx context.Context, cpus []int, bytes int64, secure bool) (*nullHandler, func() error, error) {
	h, err := startNull(ctx, cpus, bytes, secure)
	if err != nil || !h.cores.Shared || len(cpus) == 1 || !canPin {
		return h, func() error { return nil }, err
	}
	threads := runtime.GOMAXPROCS(0)
	restore := func() error {
		defer runtime.GOMAXPROCS(threads)
		return pinProcess(cpus)
	}
	mine := cpus[:(len(cpus)+1)/2]
	if err := errors.Join(h.stop(), pinProcess(mine)); err != nil {
		return nil, nil, errors.Join(err, restore())
	}
	if h, err = startNull(ctx, mine, bytes, secure); err != nil {
		return nil, nil, errors.Join(err, restore())
	}
	return h, restore, nil
}

// startNull starts a null handler that keeps away from cpus, if it can.
func startNull(ctx context.Context, cpus []int, bytes int64, secure bool) (*nullHandler, error) {
	var avoid []string
	for _, cpu := range cpus {
		avoid = append(avoid, strconv.Itoa(cpu))
	}
	s, err := startProgram(ctx, os.Environ(), "null", "--bytes", strconv.FormatInt(bytes, 10),
		"--tls="+strconv.FormatBool(secure), "--avoid-cpus", strings.Join(avoid, ","))
	if err != nil {
		return nil, err
	}
	var hello nullServing
	err = json.Unmarshal(s.hello, &hello)
	at, urlErr := url.Parse(hello.URL)
	if err = errors.Join(err, urlErr); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return &nullHandler{s, at.Host, reports.HandlerCores{Cores: hello.CPUs, Shared: hello.Shared}}, nil
}

// cpuRatio returns the share of its cores the handler used; it has ended.
func (h *nullHandler) cpuRatio(elapsed time.Duration) float64 {
	used := h.cmd.ProcessState.UserTime() + h.cmd.ProcessState.SystemTime()
	return used.Seconds() / elapsed.Seconds() / float64(max(h.cores.Cores, 1))
}
