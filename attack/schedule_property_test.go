package attack_test

import (
	"context"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
)

// anyRamp is a rate or a ramp as --rate, --ramp and --duration can give, of 30,000 events at most.
var anyRamp = rapid.Custom(func(t *rapid.T) attack.Ramp {
	unit := rapid.SampledFrom([]time.Duration{time.Second, time.Second, 100 * ms, 7919 * time.Microsecond, time.Minute})
	r := attack.Ramp{Duration: unit.Draw(t, "unit") * time.Duration(rapid.IntRange(1, 100).Draw(t, "length"))}
	rate := func(name string) float64 {
		n := float64(rapid.IntRange(0, 2000).Draw(t, name))
		return n / rapid.SampledFrom([]float64{1, 1, 60, 3600, 3, r.Duration.Seconds()}).Draw(t, "per")
	}
	r.From = rate("from")
	if r.To = r.From; rapid.Bool().Draw(t, "ramps") {
		r.To = rate("to")
	}
	return r
}).Filter(func(r attack.Ramp) bool { return integral(r, r.Duration) < 30_000 })

// integral is how many events a ramp has until t: the area below the straight line from one rate to the other.
func integral(r attack.Ramp, t time.Duration) float64 {
	seconds, share := t.Seconds(), t.Seconds()/r.Duration.Seconds()
	return r.From*seconds*(1-share/2) + r.To*seconds*share/2
}

// As many requests are due as the integral of the rate says, give or take one, and the k-th when that has come to k.
func TestScheduleIsTheIntegralOfItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRamp.Draw(t, "ramp")
		whole := integral(r, r.Duration)
		last := time.Duration(-1)
		for k := uint64(0); ; k++ {
			due, ok := r.Due(k)
			if !ok {
				if float64(k) < whole-1e-6 || float64(k) > whole+1+1e-6 {
					t.Fatalf("%d events, want %v", k, whole)
				}
				return
			}
			if due < last || due >= r.Duration {
				t.Fatalf("event %d is due at %v, the one before at %v, the end at %v", k, due, last, r.Duration)
			}
			last = due
			nanosecond := max(r.From, r.To) * 1e-9 // as exactly as a time can be told
			if off := integral(r, due) - float64(k); math.Abs(off) > nanosecond+1e-9*float64(k+1) {
				t.Fatalf("event %d is due at %v, when the integral is off by %v", k, due, off)
			}
		}
	})
}

// What was due by any moment can be counted without looking at every event, which is how unsent requests are found.
func TestScheduleCountsWhatIsDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRamp.Draw(t, "ramp")
		at := time.Duration(rapid.Int64Range(0, int64(r.Duration)).Draw(t, "at"))
		n := attack.DueBy(r, at)
		if before, ok := r.Due(n - 1); n > 0 && (!ok || before > at) {
			t.Fatalf("%d are due by %v, but the last of them at %v", n, at, before)
		}
		if after, ok := r.Due(n); ok && after <= at {
			t.Fatalf("%d are due by %v, but so is another at %v", n, at, after)
		}
	})
}

// What is sent is the schedule: each of its requests, when it is due and, up to 7,000 a second, not a nanosecond later.
func TestRateSendsItsSchedule(t *testing.T) {
	script := asking(t)
	for seed := range 20 {
		r := anyRamp.Filter(func(r attack.Ramp) bool {
			return integral(r, r.Duration) < 1000 && max(r.From, r.To) < 7000
		}).Example(seed)
		inBubble(t, delaying([]time.Duration{5 * time.Millisecond}), func(t *testing.T, n *network) {
			out := run(t, context.Background(), n, attack.Options{Script: script, Rate: r})
			due, ok := r.Due(0)
			k := 0
			for ; ok; due, ok = r.Due(uint64(k)) {
				if k >= len(out.results) || out.results[k].Due().Sub(out.summary.Started) != due || out.results[k].Lag != 0 {
					t.Fatalf("%+v: request %d of %d was not sent at %v", r, k, len(out.results), due)
				}
				k++
			}
			if k != len(out.results) || out.Unsent != 0 || out.Duration < r.Duration {
				t.Errorf("%+v: %d sent in %v and %d unsent, want %d", r, len(out.results), out.Duration, out.Unsent, k)
			}
		})
	}
}
