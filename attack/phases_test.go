package attack_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
)

// written is a phase as an Artillery script has it; what is negative is left out.
type written struct {
	duration, pause, rate, rampTo, count, most int
}

var anyWritten = rapid.Custom(func(t *rapid.T) written {
	number := func(low, high int, name string) int { return rapid.IntRange(low, high).Draw(t, name) }
	w := written{duration: number(1, 40, "duration"), pause: -1, rate: -1, rampTo: -1, count: -1, most: -1}
	if rapid.Bool().Draw(t, "capped") {
		w.most = number(1, 20, "maxVusers")
	}
	switch rapid.SampledFrom([]string{"rate", "ramp", "count", "pause"}).Draw(t, "law") {
	case "rate":
		w.rate = number(0, 1500, "arrivalRate")
	case "ramp":
		w.rate, w.rampTo = number(-1, 1200, "arrivalRate"), number(0, 1200, "rampTo")
	case "count":
		w.count = number(1, 3000, "arrivalCount")
	default:
		w.pause, w.duration, w.most = w.duration, -1, -1
	}
	return w
})

func (w written) String() string {
	var parts []string
	for _, p := range []struct {
		name  string
		value int
	}{
		{"duration", w.duration}, {"pause", w.pause}, {"arrivalRate", w.rate}, {"rampTo", w.rampTo},
		{"arrivalCount", w.count}, {"maxVusers", w.most},
	} {
		if p.value >= 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", p.name, p.value))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// arrivals is when users arrive in Artillery 2 with one worker, as its phases.ts has it, written down once more with
// nothing but loops: microseconds from the phase's begin.
func (w written) arrivals() (us []int) {
	switch {
	case w.pause >= 0:
	case w.rampTo >= 0:
		return w.ramp()
	case w.count > 0:
		return ticking(w.duration*1_000_000/w.count, w.duration*1_000_000)
	case w.rate > 0:
		return ticking(1_000_000/w.rate, w.duration*1_000_000)
	}
	return us
}

// ticking is a timer that goes off every tick, the first time a tick after the start.
func ticking(tick, until int) (us []int) {
	for at := tick; at <= until; at += tick {
		us = append(us, at)
	}
	return us
}

// ramp lets as many users in each second as the straight line has there, the last second having rampTo.
func (w written) ramp() (us []int) {
	from, to := float64(max(w.rate, 0)), float64(w.rampTo)
	for second := range w.duration {
		n := (from + to) / 2
		if w.duration > 1 {
			n = from + (to-from)*float64(second)/float64(w.duration-1)
		}
		users := int(math.Floor(n + 0.5)) // Math.round
		for i := range users {
			gap := 1000 / users * 1000
			if gap == 0 { // where Artillery's timer has no whole millisecond to wait, they are as even as can be
				gap = 1_000_000_000 / users
				us = append(us, second*1_000_000+gap*(i+1)/1000)
				continue
			}
			us = append(us, second*1_000_000+gap*(i+1))
		}
	}
	return us
}

// A phase of a script has the arrivals of Artillery's, to the microsecond.
func TestArrivalsAreArtillerys(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := anyWritten.Draw(rt, "phase")
		script := arriving(t, w.String())
		var got []int
		if phase := script.Phases[0]; phase.Arrivals != nil {
			schedule := attack.Arrivals(phase, 1, 0)
			for k := uint64(0); ; k++ {
				due, ok := schedule.Due(k)
				if !ok {
					break
				}
				got = append(got, int(due.Microseconds()))
			}
		}
		if want := w.arrivals(); !slices.Equal(got, want) {
			rt.Fatalf("%s: %d arrivals, want %d; the first to differ is %s", w, len(got), len(want), firstDifference(got, want))
		}
	})
}

func firstDifference(got, want []int) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("number %d, at %d µs instead of %d", i, got[i], want[i])
		}
	}
	return "the last"
}

// staying is how long a user of these tests is at work: never until a moment when another arrives.
const staying = 137*ms + 500*time.Nanosecond

// admitted is which users of a script get in, and how many maxVusers keeps out, when each stays for the same time and
// the users of a phase stay into the next ones.
func admitted(phases []written) (at []time.Duration, skipped int64) {
	start := time.Duration(0)
	var leaving []time.Duration
	for _, w := range phases {
		for _, us := range w.arrivals() {
			now := start + time.Duration(us)*time.Microsecond
			leaving = slices.DeleteFunc(leaving, func(end time.Duration) bool { return end < now })
			if w.most >= 0 && len(leaving) >= w.most {
				skipped++
				continue
			}
			at, leaving = append(at, now), append(leaving, now+staying)
		}
		start += time.Duration(max(w.duration, w.pause)) * time.Second
	}
	return at, skipped
}

// Whole scripts of several phases let in whom Artillery lets in, when it does: phases one after the other, maxVusers,
// users who stay into the next phase.
func TestUsersArriveAsInArtillery(t *testing.T) {
	few := anyWritten.Filter(func(w written) bool { n := len(w.arrivals()); return n < 400 && w.duration <= 10 })
	scripts := rapid.SliceOfN(few, 1, 4).Filter(func(ws []written) bool { // an empty one is refused
		return slices.ContainsFunc(ws, func(w written) bool { return len(w.arrivals()) > 0 })
	})
	for seed := range 15 {
		phases := scripts.Example(seed)
		var texts []string
		for _, w := range phases {
			texts = append(texts, w.String())
		}
		script := arriving(t, strings.Join(texts, ", "))
		inBubble(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(staying)
			_, _ = io.WriteString(w, "hello")
		}, func(t *testing.T, n *network) {
			out := run(t, context.Background(), n, attack.Options{Script: script})
			var got []time.Duration
			for _, r := range out.results {
				got = append(got, r.Timestamp.Sub(out.summary.Started))
			}
			want, skipped := admitted(phases)
			if !slices.Equal(got, want) || out.Users.Skipped != skipped || out.Users.Completed != int64(len(want)) {
				t.Errorf("%v: %d users arrived and %d were skipped, want %d and %d:\n%v\n%v", texts, len(got), out.Users.Skipped,
					len(want), skipped, got, want)
			}
		})
	}
}
