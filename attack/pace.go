package attack

import (
	"math"
	"math/rand/v2"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Schedule says when events are due, as pure arithmetic. Events count from 0.
type Schedule interface {
	// Due returns when event k is due, measured from the start, and whether there is an event k. It never decreases
	// with k.
	Due(k uint64) (time.Duration, bool)
	// Rate returns how many events a second are due around t.
	Rate(t time.Duration) float64
	// End returns when the schedule is over; 0: never.
	End() time.Duration
}

// Ramp is a rate that moves evenly from From to To events a second over Duration, the first event at 0: event k is
// due when the integral of the rate reaches k. A Duration of 0 is a constant rate without end.
type Ramp struct {
	From, To float64
	Duration time.Duration
}

// Due solves ∫rate = k for the time. The form of the quadratic's solution is the one that stays exact for slopes
// near zero.
func (r Ramp) Due(k uint64) (time.Duration, bool) {
	if k == 0 {
		return 0, r.From+r.To > 0
	}
	n := float64(k)
	under := r.From*r.From + 2*r.slope()*n
	if under < 0 {
		return 0, false
	}
	seconds := 2 * n / (r.From + math.Sqrt(under))
	if math.IsNaN(seconds) || seconds > math.MaxInt64/1e9 {
		return 0, false
	}
	due := time.Duration(math.Round(seconds * 1e9))
	return due, r.Duration == 0 || due < r.Duration
}

// slope returns the change of the rate in events per second per second.
func (r Ramp) slope() float64 {
	if r.Duration == 0 {
		return 0
	}
	return (r.To - r.From) / r.Duration.Seconds()
}

// Rate returns the rate at t.
func (r Ramp) Rate(t time.Duration) float64 { return r.From + r.slope()*t.Seconds() }

// End returns the ramp's duration.
func (r Ramp) End() time.Duration { return r.Duration }

// first is the first n events of a schedule.
type first struct {
	Schedule
	n uint64
}

func (f first) Due(k uint64) (time.Duration, bool) {
	due, ok := f.Schedule.Due(k)
	return due, ok && k < f.n
}

// End returns when the event after the last one would have been due: n events take n gaps.
func (f first) End() time.Duration {
	next, ok := f.Schedule.Due(f.n)
	if !ok {
		return f.Schedule.End()
	}
	return next
}

// warmed is a schedule behind a warm-up.
type warmed struct {
	warm Ramp
	then Schedule
}

func (w warmed) Due(k uint64) (time.Duration, bool) {
	if due, ok := w.warm.Due(k); ok {
		return due, true
	}
	due, ok := w.then.Due(k - dueBy(w.warm, w.warm.Duration))
	return w.warm.Duration + due, ok
}

func (w warmed) Rate(t time.Duration) float64 {
	if t < w.warm.Duration {
		return w.warm.Rate(t)
	}
	return w.then.Rate(t - w.warm.Duration)
}

func (w warmed) End() time.Duration {
	if w.then.End() == 0 {
		return 0
	}
	return w.warm.Duration + w.then.End()
}

// even spaces count events equally, the first one gap after the start.
type even struct {
	gap, duration time.Duration
	count         uint64
}

func (e even) Due(k uint64) (time.Duration, bool) { return e.gap * time.Duration(k+1), k < e.count }
func (e even) Rate(time.Duration) float64         { return 1 / e.gap.Seconds() }
func (e even) End() time.Duration                 { return e.duration }

// steps ramps in whole seconds: from[i] is the number of events before second i, and those of one second are
// spaced by the whole milliseconds that fit, the first one a gap after the second begins.
type steps struct {
	from     []uint64
	duration time.Duration
}

// newSteps rounds the linear course from one rate to the other once a second, the last second having the last rate.
func newSteps(from, to float64, duration time.Duration) steps {
	seconds := max(1, int(duration/time.Second))
	s := steps{from: make([]uint64, seconds+1), duration: duration}
	for i := range seconds {
		rate := (from + to) / 2
		if seconds > 1 {
			rate = from + (to-from)*float64(i)/float64(seconds-1)
		}
		s.from[i+1] = s.from[i] + uint64(math.Round(rate))
	}
	return s
}

func (s steps) Due(k uint64) (time.Duration, bool) {
	second := s.second(k)
	if second == len(s.from)-1 {
		return 0, false
	}
	n := s.from[second+1] - s.from[second]
	gap := time.Duration(1000/n) * time.Millisecond
	if gap == 0 {
		gap = time.Second / time.Duration(n)
	}
	return time.Duration(second)*time.Second + gap*time.Duration(k-s.from[second]+1), true
}

// second returns the second in which event k lies, by bisection.
func (s steps) second(k uint64) int {
	low, high := 0, len(s.from)-1
	for low < high {
		if middle := (low + high) / 2; s.from[middle+1] > k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func (s steps) Rate(t time.Duration) float64 {
	i := min(max(0, int(t/time.Second)), len(s.from)-2)
	return float64(s.from[i+1] - s.from[i])
}

func (s steps) End() time.Duration { return s.duration }

// arrivals returns the schedule of an open phase. stream is what random gaps are drawn from, the same for the same run.
func arrivals(p scenarios.Phase, stream rand.PCG) Schedule {
	switch a := p.Arrivals; a.Law {
	case scenarios.Poisson:
		return newPoisson(a.Rate, p.Duration, stream)
	case scenarios.Linear:
		return Ramp{From: a.Rate, To: a.RampTo, Duration: p.Duration}
	case scenarios.PerSecond:
		return newSteps(a.Rate, a.RampTo, p.Duration)
	default:
		return even{gap: a.Every, duration: p.Duration, count: uint64(a.Count)}
	}
}

// openingRate returns the arrivals a second at the beginning of an open phase; 0 if none come.
func openingRate(p scenarios.Phase) float64 {
	if p.Arrivals.Law == scenarios.Even && p.Arrivals.Every <= 0 {
		return 0
	}
	return arrivals(p, rand.PCG{}).Rate(0)
}

// pacer makes a vegeta.Pacer of a schedule.
type pacer struct {
	Schedule
	full  func(hits uint64) bool // whether so many hits are all that may be under way at once
	until time.Duration          // when what a cap holds back is given up; 0: never
}

// Pace returns how long to wait for the next event, and whether there is none to wait for. A generator that is late
// catches up, also after the end. What a cap holds back when the time is over is not waited for: it is unsent.
func (p pacer) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	due, ok := p.Due(hits)
	if !ok || p.until > 0 && elapsed > p.until && p.full(hits) {
		return 0, true
	}
	return max(0, due-elapsed), false
}

var _ vegeta.Pacer = pacer{}

// dueBy counts the events of a schedule that are due by t.
func dueBy(s Schedule, t time.Duration) uint64 {
	isDue := func(k uint64) bool { due, ok := s.Due(k); return ok && due <= t }
	if !isDue(0) {
		return 0
	}
	low, high := uint64(0), uint64(1) // event low is due, event high is not
	for isDue(high) {
		low, high = high, high*2
	}
	for high-low > 1 {
		if middle := (low + high) / 2; isDue(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
