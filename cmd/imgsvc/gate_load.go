package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// gateLoad is what a gate sends: GET requests for a path, or a script's scenarios without its phases.
type gateLoad struct {
	arg     string // a path, or the name of a script
	script  bool
	prefix  string // the path of the script's own target
	plain   bool   // it has requests, sent in turn, and no users who walk
	timeout time.Duration
	notes   []string
}

// newGateLoad finds out what arg is and reads it once. Its errors are the caller's to mend.
func newGateLoad(arg string, timeout time.Duration) (*gateLoad, error) {
	l := &gateLoad{arg: arg, timeout: timeout, plain: true}
	if l.arg == "" {
		l.arg = "/"
	}
	_, err := os.Stat(l.arg)
	if strings.HasPrefix(l.arg, "/") && (err != nil || l.arg == "/") {
		_, err := l.load("http://127.0.0.1:1")
		return l, err
	}
	switch {
	case l.arg == "-":
		return nil, errors.New("a gate reads its script for every round, and standard input only once: give it a file")
	case isURL(l.arg):
		return nil, fmt.Errorf("%s is a URL: a gate attacks what --base and --candidate name, and wants the path alone", l.arg)
	}
	l.script = true
	if own, err := scenarios.LoadFile(l.arg, scenarios.LoadOptions{}); err == nil {
		if target, err := url.Parse(own.Target); err == nil {
			l.prefix = strings.TrimSuffix(target.Path, "/")
		}
	}
	script, err := l.load("http://127.0.0.1:1")
	switch {
	case err != nil:
		return nil, err
	case script.Endless:
		return nil, fmt.Errorf("%s has a loop without an end, so that its users never leave and no rate of them can be held: "+
			"give the loop a count", l.arg)
	}
	if len(script.Phases) > 0 {
		l.plain = false
		l.notes = append(l.notes, "the script's phases are replaced by the gate's own loads, and its thinking times left out")
	}
	for _, w := range script.Warnings {
		l.notes = append(l.notes, w.Error())
	}
	if _, err := attack.Plan(attack.Options{Script: script}); err != nil {
		return nil, err
	}
	return l, nil
}

// load reads the load for a server.
func (l *gateLoad) load(server string) (*scenarios.Script, error) {
	if !l.script {
		return scenarios.ForURL(scenarios.URLRequest{URL: strings.TrimSuffix(server, "/") + l.arg})
	}
	script, err := scenarios.LoadFile(l.arg, scenarios.LoadOptions{Target: strings.TrimSuffix(server, "/") + l.prefix})
	if err != nil {
		return nil, err
	}
	restless := *script
	restless.Scenarios = nil
	for _, s := range script.Scenarios {
		s.Steps = withoutThinks(s.Steps)
		restless.Scenarios = append(restless.Scenarios, s)
	}
	return &restless, nil
}

// withoutThinks returns the steps without those that only wait.
func withoutThinks(steps []scenarios.Step) (busy []scenarios.Step) {
	for _, step := range steps {
		switch step := step.(type) {
		case *scenarios.Think:
		case *scenarios.Loop:
			loop := *step
			loop.Steps = withoutThinks(step.Steps)
			busy = append(busy, &loop)
		default:
			busy = append(busy, step)
		}
	}
	return busy
}

// closed returns the attack of so many users in a loop.
func (l *gateLoad) closed(server string, users int, seed uint64) (attack.Options, error) {
	script, err := l.load(server)
	if err != nil {
		return attack.Options{}, err
	}
	script.Phases = []scenarios.Phase{{Name: "closed loop", Users: users}}
	return attack.Options{Script: script, Seed: seed, Timeout: l.timeout}, nil
}

// open returns the attack at a rate: of requests, or of users where those walk.
func (l *gateLoad) open(server string, rate float64, duration, warmup time.Duration, seed uint64) (attack.Options, error) {
	script, err := l.load(server)
	if err != nil {
		return attack.Options{}, err
	}
	o := attack.Options{Script: script, Seed: seed, Timeout: l.timeout, Warmup: warmup}
	if l.plain {
		script.Phases = nil
		o.Rate = attack.Ramp{From: rate, To: rate, Duration: duration}
		return o, nil
	}
	script.Phases = []scenarios.Phase{{
		Name: "open loop", Duration: duration,
		Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: rate, RampTo: rate},
	}}
	return o, nil
}

// String names the load.
func (l *gateLoad) String() string {
	if l.script {
		return l.arg
	}
	return "GET " + l.arg
}
