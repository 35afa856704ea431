package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/reports"
)

// runner reads what the flags say. Its errors are the caller's to mend.
func (f *gateFlags) runner(arg string) (*gateRunner, error) {
	r := &gateRunner{
		sides: map[string]string{reports.SideBase: f.base, reports.SideCandidate: f.candidate},
		ready: f.ready, patience: f.patience, loop: f.loop, users: f.users, rate: f.rate, data: f.data,
	}
	if err := f.checkSides(r); err != nil {
		return nil, err
	}
	if err := f.checkNumbers(); err != nil {
		return nil, err
	}
	var err error
	if r.load, err = newGateLoad(arg, f.timeout); err != nil {
		return nil, err
	}
	var margin, maxErrors, maxOthers, maxSteal float64
	for _, share := range []struct {
		flag, text string
		to         *float64
	}{
		{"--margin", f.margin, &margin}, {"--max-errors", f.maxErrors, &maxErrors},
		{"--max-other-cpu", f.maxOthers, &maxOthers}, {"--max-steal", f.steal, &maxSteal},
	} {
		if *share.to, err = parseShare(share.flag, share.text); err != nil {
			return nil, err
		}
	}
	if f.seed == 0 {
		f.seed = rand.Uint64N(1 << 53) // so that every reader of JSON has it exactly
	}
	r.gate, err = reports.NewGate(reports.GateOptions{
		Margin: &margin, Alpha: f.alpha, Pairs: f.pairs, MaxRedos: &f.redos, MaxErrors: &maxErrors, Metrics: f.metrics,
		Seed: f.seed, Version: version(),
	})
	if err != nil {
		return nil, err
	}
	rules := &r.gate.Rules
	rules.MaxLag, rules.MaxOthers, rules.MaxSteal = f.maxLag, maxOthers, maxSteal
	f.describe(r)
	return r, nil
}

// describe tells the document what is compared.
func (f *gateFlags) describe(r *gateRunner) {
	g := r.gate
	g.Describe(shownCommand(f.base), shownCommand(f.candidate), r.load.String())
	g.LoopTime = f.loop
	g.Warnings = append(g.Warnings, r.load.notes...)
	if r.urls {
		g.CompareInstances()
	}
	g.Warnings = append(g.Warnings, g.Limits()...)
}

// checkSides refuses sides that cannot be compared.
func (f *gateFlags) checkSides(r *gateRunner) error {
	r.urls = isURL(f.base) && isURL(f.candidate)
	switch {
	case f.base == "" || f.candidate == "":
		return errors.New("--base and --candidate are both needed: the commands that start the two builds, with {port} in them")
	case isURL(f.base) != isURL(f.candidate):
		return errors.New("--base and --candidate want to be two commands or two URLs: a server that is started anew for every " +
			"round cannot be compared with one that is not")
	case r.urls && f.data != "":
		return errors.New("--data is for commands, whose {dir} it fills")
	case r.urls:
		return nil
	}
	for _, side := range []string{reports.SideBase, reports.SideCandidate} {
		if !strings.Contains(r.sides[side], "{port}") {
			return fmt.Errorf("--%s %q does not say {port}: the server is to listen on the port the gate gives it", side, r.sides[side])
		}
	}
	if f.data == "" {
		return nil
	}
	if info, err := os.Stat(f.data); err != nil || !info.IsDir() {
		return fmt.Errorf("--data %s is no folder", f.data)
	}
	return nil
}

func (f *gateFlags) checkNumbers() error {
	switch {
	case f.loop < 50*time.Millisecond:
		return fmt.Errorf("--round-duration %s: want 50ms or more", f.loop)
	case !(f.alpha > 0), f.pairs < 1: // 0 would be the default
		return errors.New("--alpha and --pairs want to be more than 0")
	case f.users < 1, f.users > 10_000:
		return errors.New("--vus wants a number from 1 to 10,000")
	case f.rate < 0, f.rate > fastest:
		return errors.New("--rate wants a number of requests a second")
	case f.timeout <= 0, f.patience <= 0:
		return errors.New("--timeout and --ready-timeout want to be more than 0")
	case f.ready != "" && !strings.HasPrefix(f.ready, "/"):
		return fmt.Errorf("--ready %s: want a path, which begins with /", f.ready)
	}
	return nil
}

// parseShare reads a share: 5%, 0.05.
func parseShare(flag, text string) (float64, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 10) {
		return 0, fmt.Errorf("%s %q: want a share, such as 5%% or 0.05", flag, text)
	}
	return v, nil
}
