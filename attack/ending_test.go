package attack

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// stopAfter returns a channel that is closed when the site has been asked n times, and the site.
func stopAfter(t *testing.T, n int64, handler http.HandlerFunc) (*site, chan struct{}) {
	t.Helper()
	stop := make(chan struct{})
	var asked atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == n {
			close(stop)
		}
		handler(w, r)
	})
	return s, stop
}

// A stopped run lasted as long as it did, not as long as it would have.
func TestStoppedRunReportsItsOwnDuration(t *testing.T) {
	hour := scenarios.Phase{
		Duration: time.Hour,
		Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: 1000, RampTo: 1000},
	}
	for range 25 {
		for name, o := range map[string]Options{
			"users": {},
			"rate":  {Rate: Ramp{From: 1000, To: 1000, Duration: time.Hour}},
		} {
			s, stop := stopAfter(t, 3, fine)
			o.Script, o.Stop = plan(hour, get(s.URL)), stop
			_, summary := mustRun(t, o)
			if summary.Duration > 10*time.Minute || !summary.Stopped {
				t.Fatalf("%s: a run that was stopped at once reports %v, stopped %v", name, summary.Duration, summary.Stopped)
			}
		}
	}
}

// What falls due while the last requests finish was never to be sent.
func TestNothingIsUnsentBecauseOfTheDrain(t *testing.T) {
	var asked atomic.Int64
	s, stop := stopAfter(t, 20, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) >= 20 {
			time.Sleep(300 * time.Millisecond) // in which 60 more fall due
		}
		fine(w, r)
	})
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)), Stop: stop,
		Rate: Ramp{From: 200, To: 200, Duration: time.Hour},
	})
	// The generator itself may have been late when it was stopped, by what fell due since the last request it sent.
	late := time.Duration(0)
	for _, r := range n.results {
		late = max(late, r.Lag)
	}
	if allowed := int(late.Seconds()*200) + 5; n.unsent > allowed {
		t.Errorf("%d requests are called unsent, want at most %d: no cap held them back", n.unsent, allowed)
	}
}

// The last request ends the run: later phases have nothing to send.
func TestQuotaEndsAnOpenScript(t *testing.T) {
	s := newSite(t, fine)
	script := plan(arriving(200), get(s.URL))
	script.Phases = append(script.Phases, scenarios.Phase{Duration: time.Hour}, arriving(10))
	n, summary := mustRun(t, Options{Script: script, Requests: 4})
	n.wantCodes(t, map[string]int{"200": 4})
	if summary.Duration > 10*time.Minute || n.unsent != 0 || summary.Stopped {
		t.Errorf("summary %+v with %d unsent; want the short time it took, 0 unsent, not stopped", summary, n.unsent)
	}
}

// A number of requests without a time is sent however long it takes.
func TestCapDoesNotCutANumberOfRequests(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		fine(w, r)
	})
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 1000, To: 1000}, Requests: 30, MaxVUs: 1,
	})
	if len(n.results) != 30 || n.unsent != 0 {
		t.Errorf("%d sent and %d unsent, want 30 and 0", len(n.results), n.unsent)
	}
}

// Five requests at ten a second take half a second, not four gaps.
func TestNumberOfRequestsTakesAsManyGaps(t *testing.T) {
	s := newSite(t, fine)
	_, summary := mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 100, To: 100}, Requests: 5})
	if summary.Duration < 50*time.Millisecond {
		t.Errorf("5 requests at 100/s lasted %v, want at least 50ms", summary.Duration)
	}
}

func TestNoRedirectIsFollowedAfterTheEnd(t *testing.T) {
	s, stop := stopAfter(t, 1, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond) // until the engine has seen the stop
		http.Redirect(w, r, "/on", http.StatusFound)
	})
	n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1}, get(s.URL)), Stop: stop})
	if len(n.results) > 2 {
		t.Errorf("%d requests, want the one in flight (and at most one that had begun)", len(n.results))
	}
}

// The warm-up comes before the script, not out of it.
func TestWarmupOfAScriptComesBeforeIt(t *testing.T) {
	s := newSite(t, fine)
	n, _ := mustRun(t, Options{Script: plan(arriving(40), get(s.URL)), Warmup: 100 * time.Millisecond})
	n.wantCodes(t, map[string]int{"200": 40})
	if warm := len(s.asked()) - 40; warm < 1 || warm > 21 {
		t.Errorf("%d requests in a warm-up of 100ms at 200/s, want 20 or, on a machine that is late, fewer", warm)
	}
}

// A target that does not answer does not keep the others from being asked.
func TestListGoesOnBehindADeadTarget(t *testing.T) {
	s := newSite(t, fine)
	script := plan(scenarios.Phase{Users: 2, Requests: 10}, get("http://127.0.0.1:1/"), get(s.URL))
	script.Scenarios[0].Independent = true
	n, _ := mustRun(t, Options{Script: script})
	if n.codes()["200"] < 4 || len(n.results) != 10 {
		t.Errorf("results %v, want about as many of each target", n.codes())
	}
}

// A closed loop over nothing ends instead of spinning.
func TestLoopOverNothingEnds(t *testing.T) {
	request := get("http://127.0.0.1:1/")
	script := plan(scenarios.Phase{Users: 2, Requests: 10}, request)
	script.Names.Slot("i")
	script.Scenarios[0].Steps = []scenarios.Step{&scenarios.Loop{Count: 0, Steps: []scenarios.Step{request}}}
	_, summary := mustRun(t, Options{Script: script})
	if summary.UserErrors["ERR_NOTHING_TO_SEND"] != 2 {
		t.Errorf("user errors %v, want both users to have nothing to send", summary.UserErrors)
	}
}

func TestWhetherARunHasAnEnd(t *testing.T) {
	open := scenarios.Phase{Duration: time.Second, Arrivals: &scenarios.Arrivals{Rate: 1}}
	tests := []struct {
		name    string
		phase   scenarios.Phase
		endless bool
		options Options
		want    bool
	}{
		{"arrivals of users who go", open, false, Options{}, true},
		{"arrivals of users who stay", open, true, Options{}, false},
		{"who stay, for a time", open, true, Options{Duration: time.Second}, true},
		{"users with requests to send, in a loop", scenarios.Phase{Users: 1, Requests: 5}, true, Options{}, true},
		{"users without", scenarios.Phase{Users: 1}, false, Options{}, false},
		{"a rate without end", scenarios.Phase{}, false, Options{Rate: Ramp{From: 1, To: 1}}, false},
	}
	for _, test := range tests {
		o := test.options
		o.Script = &scenarios.Script{Phases: []scenarios.Phase{test.phase}, Endless: test.endless}
		if got := (&run{opts: o}).hasEnd(); got != test.want {
			t.Errorf("%s: has an end: %v, want %v", test.name, got, test.want)
		}
	}
}
