package attack

import (
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// all returns when every event of a schedule is due.
func all(s Schedule) []time.Duration {
	var dues []time.Duration
	for k := uint64(0); ; k++ {
		due, ok := s.Due(k)
		if !ok {
			return dues
		}
		dues = append(dues, due)
	}
}

func TestSchedules(t *testing.T) {
	ms := time.Millisecond
	phase := func(seconds int, a scenarios.Arrivals) Schedule {
		return arrivals(scenarios.Phase{Duration: time.Duration(seconds) * time.Second, Arrivals: &a}, arrivalStream(1, 0))
	}
	tests := []struct {
		name     string
		schedule Schedule
		count    int
		first    []time.Duration
		last     time.Duration
	}{
		{"400 a second for 30 s", Ramp{From: 400, To: 400, Duration: 30 * time.Second}, 12000,
			[]time.Duration{0, 2500 * time.Microsecond, 5 * ms}, 29997500 * time.Microsecond},
		{"ramp up is the integral", Ramp{From: 0, To: 1000, Duration: 10 * time.Second}, 5000,
			[]time.Duration{0, 141421356, 200 * ms}, 9998999950},
		{"ramp down is the integral", Ramp{From: 10, To: 0, Duration: 10 * time.Second}, 50,
			[]time.Duration{0}, 8585786438},
		{"one in three seconds", Ramp{From: 1.0 / 3, To: 1.0 / 3, Duration: 7 * time.Second}, 3,
			[]time.Duration{0, 3 * time.Second, 6 * time.Second}, 6 * time.Second},
		{"no rate", Ramp{Duration: time.Second}, 0, nil, 0},
		{"first n", first{Ramp{From: 10, To: 10}, 4}, 4, []time.Duration{0, 100 * ms}, 300 * ms},
		{"behind a warm-up", warmed{Ramp{From: 2, To: 2, Duration: time.Second}, first{Ramp{From: 4, To: 4}, 2}}, 4,
			[]time.Duration{0, 500 * ms, time.Second, 1250 * ms}, 1250 * ms},
		{"Artillery's 20 a second for 20 s", phase(20, scenarios.Arrivals{Law: scenarios.Even, Every: 50 * ms, Count: 400}), 400,
			[]time.Duration{50 * ms, 100 * ms}, 20 * time.Second},
		{"Artillery's ramp", phase(3, scenarios.Arrivals{Law: scenarios.PerSecond, Rate: 1, RampTo: 5}), 9,
			[]time.Duration{1000 * ms, 1333 * ms, 1666 * ms, 1999 * ms, 2200 * ms}, 3000 * ms},
		{"Artillery's ramp down", phase(3, scenarios.Arrivals{Law: scenarios.PerSecond, Rate: 4, RampTo: 0}), 6,
			[]time.Duration{250 * ms, 500 * ms, 750 * ms, 1000 * ms, 1500 * ms, 2000 * ms}, 2000 * ms},
		{"Artillery's ramp of one second is its mean", phase(1, scenarios.Arrivals{Law: scenarios.PerSecond, Rate: 2, RampTo: 6}), 4,
			[]time.Duration{250 * ms, 500 * ms, 750 * ms, 1000 * ms}, 1000 * ms},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dues := all(test.schedule)
			if len(dues) != test.count {
				t.Fatalf("%d events, want %d", len(dues), test.count)
			}
			for i, want := range test.first {
				if diff := dues[i] - want; diff < -1 || diff > 1 {
					t.Errorf("event %d is due at %v, want %v", i, dues[i], want)
				}
			}
			if test.count > 0 && (dues[len(dues)-1]-test.last).Abs() > time.Microsecond {
				t.Errorf("the last event is due at %v, want %v", dues[len(dues)-1], test.last)
			}
			for i := 1; i < len(dues); i++ {
				if dues[i] < dues[i-1] {
					t.Fatalf("event %d is due before event %d", i, i-1)
				}
			}
			checkDueBy(t, test.schedule, dues)
		})
	}
}

// checkDueBy compares dueBy's bisection with counting.
func checkDueBy(t *testing.T, s Schedule, dues []time.Duration) {
	t.Helper()
	for _, at := range []time.Duration{-1, 0, 1, 999 * time.Millisecond, time.Second, 5 * time.Second, time.Hour} {
		want := uint64(0)
		for _, due := range dues {
			if due <= at {
				want++
			}
		}
		if got := dueBy(s, at); got != want {
			t.Errorf("dueBy(%v) = %d, want %d", at, got, want)
		}
	}
}

// However late a generator runs, the pacer asks it to catch up at once; when the schedule is over it stops as soon as
// a cap holds events back.
func TestPacerCatchesUpAndStops(t *testing.T) {
	tests := []struct {
		name    string
		elapsed time.Duration
		hits    uint64
		full    bool
		wait    time.Duration
		stop    bool
	}{
		{"on time", 0, 3, false, 300 * time.Millisecond, false},
		{"late", 900 * time.Millisecond, 3, false, 0, false},
		{"late and full", 900 * time.Millisecond, 3, true, 0, false},
		{"late after the end", 5 * time.Second, 9, false, 0, false},
		{"full after the end", 1001 * time.Millisecond, 9, true, 0, true},
		{"all granted", 500 * time.Millisecond, 10, false, 0, true},
	}
	for _, test := range tests {
		p := pacer{Ramp{From: 10, To: 10, Duration: time.Second}, func(uint64) bool { return test.full }, time.Second}
		if wait, stop := p.Pace(test.elapsed, test.hits); wait != test.wait || stop != test.stop {
			t.Errorf("%s: wait %v, stop %v; want %v, %v", test.name, wait, stop, test.wait, test.stop)
		}
	}
}

// TestPause checks that a generator that is late lets its workers come back now and then, rather than start a new one
// with a new connection for each late request, and that a wait is never so short that waking up is most of the work,
// nor so long that a request of a low rate leaves late for it.
func TestPause(t *testing.T) {
	p := &hitPacer{}
	for round := range 3 {
		for hit := range maxCrowd - 1 {
			if got := p.pause(0, 20_000); got != 0 {
				t.Fatalf("late hit %d of round %d waits %s", hit, round, got)
			}
		}
		if got := p.pause(0, 20_000); got != afterCrowd {
			t.Fatalf("after %d late hits, a wait of %s", maxCrowd, got)
		}
	}
	p.pause(time.Second, 1)
	for range maxCrowd - 1 {
		if got := p.pause(0, 1); got != 0 {
			t.Fatalf("a wait did not begin a new count: %s", got)
		}
	}
	for _, test := range []struct {
		rate       float64
		wait, want time.Duration
	}{
		{1, time.Second, time.Second},
		{5_000, 200 * time.Microsecond, 200 * time.Microsecond},
		{10_000, 100 * time.Microsecond, 200 * time.Microsecond},
		{20_000, time.Nanosecond, 400 * time.Microsecond},
		{1e7, time.Nanosecond, 400 * time.Microsecond},
	} {
		if got := p.pause(test.wait, test.rate); got != test.want {
			t.Errorf("at %g/s, due in %s: a wait of %s, want %s", test.rate, test.wait, got, test.want)
		}
	}
}
