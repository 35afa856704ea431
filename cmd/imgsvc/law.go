package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// law settles how requests or users arrive.
func (f *attackFlags) law(o *attack.Options) error {
	schedule, err := f.schedule()
	if err != nil {
		return err
	}
	plain := len(o.Script.Phases) == 0
	if plain && schedule == nil && f.vus == 0 {
		f.vus = 10
		if f.duration == 0 && f.requests == 0 {
			o.Duration = 10 * time.Second
		}
	}
	switch {
	case schedule != nil && plain:
		o.Rate, o.Requests, o.Duration = *schedule, f.requests, 0
	case schedule != nil:
		o.Requests = f.requests
		o.Script.Phases = []scenarios.Phase{{
			Name: "rate", Duration: schedule.Duration,
			Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: schedule.From, RampTo: schedule.To},
		}}
	case f.vus > 0:
		o.Script.Phases = []scenarios.Phase{{Name: "users", Users: f.vus, Requests: f.requests}}
	default:
		o.Requests = f.requests
	}
	for _, p := range o.Script.Phases {
		if p.Users > o.MaxVUs {
			return fmt.Errorf("the script wants %d users at once, and --max-vus lets %d work: raise it", p.Users, o.MaxVUs)
		}
	}
	if schedule != nil && schedule.From == 0 && f.warmup > 0 {
		return errors.New("--warmup sends what the ramp begins with, and this one begins with nothing: ramp from more than 0")
	}
	return nil
}

// schedule reads --rate or --ramp; it is nil without one.
func (f *attackFlags) schedule() (*attack.Ramp, error) {
	given := 0
	for _, set := range []bool{f.rate != "", f.ramp != "", f.vus != 0} {
		if set {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errors.New("--rate, --ramp and --vus exclude each other: give one")
	case f.rate != "":
		rate, err := parseRate(f.rate)
		if err == nil && rate == 0 {
			err = errors.New("--rate 0 sends nothing: for as fast as the service answers, use --vus N")
		}
		return &attack.Ramp{From: rate, To: rate, Duration: f.duration}, err
	case f.ramp != "":
		return parseRamp(f.ramp, f.duration)
	}
	return nil, nil
}

// The rates that are accepted, in events a second: one a day, and more than any generator sends.
const (
	slowest = 1.0 / 86400
	fastest = 1e7
)

// parseRate reads a number of events per second: 400, 400/s, 6000/m, 100000/h.
func parseRate(text string) (float64, error) {
	number, unit, _ := strings.Cut(text, "/")
	per, ok := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	rate, err := strconv.ParseFloat(number, 64)
	rate /= per
	if !ok || err != nil || !(rate == 0 || rate >= slowest && rate <= fastest) { // so that NaN is none, either
		return 0, fmt.Errorf("%q is not a rate: write it as 400, 400/s, 6000/m or 100000/h, from one a day to 10,000,000 a second", text)
	}
	return rate, nil
}

// parseRamp reads two rates with dots between them.
func parseRamp(text string, duration time.Duration) (*attack.Ramp, error) {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		return nil, fmt.Errorf("--ramp %q: write it as FROM..TO, for instance 0..1000", text)
	}
	if duration == 0 {
		return nil, errors.New("--ramp needs a --duration to ramp over")
	}
	low, err := parseRate(from)
	if err != nil {
		return nil, err
	}
	high, err := parseRate(to)
	if err == nil && low+high == 0 {
		err = errors.New("--ramp 0..0 sends nothing")
	}
	return &attack.Ramp{From: low, To: high, Duration: duration}, err
}
