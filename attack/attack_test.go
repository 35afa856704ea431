package attack

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

func TestClosedLoopSendsExactlyTheRequestsOverOneConnectionAUser(t *testing.T) {
	s := newSite(t, fine)
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 7, Requests: 1003}, get(s.URL+"/x?y=1"))})
	n.wantCodes(t, map[string]int{"200": 1003})
	if got := len(s.asked()); got != 1003 {
		t.Errorf("server saw %d requests, want 1003", got)
	}
	if got := s.conns.Load(); got > 7 {
		t.Errorf("server saw %d connections, want at most one for each of 7 users", got)
	}
	if n.started != 7 || n.outcomes[Completed] != 7 {
		t.Errorf("users started %d, completed %d; want 7, 7", n.started, n.outcomes[Completed])
	}
	if !summary.SetEnd || summary.Stopped || summary.OpenLoop || summary.Users != 7 {
		t.Errorf("summary %+v: want a set end, not stopped, closed loop of 7", summary)
	}
	for _, r := range n.results {
		if r.Latency <= 0 || r.Lag < 0 || r.FirstByte <= 0 || r.FirstByte > r.Latency || r.BytesIn != 5 {
			t.Fatalf("result %+v: want 0 < first byte ≤ latency, lag ≥ 0 and 5 bytes", r)
		}
	}
}

func TestArrivingUsersLoopUntilTheRunIsStopped(t *testing.T) {
	var names scenarios.Names
	stop := make(chan struct{})
	var seen atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) == 500 {
			close(stop)
		}
		fine(w, r)
	})
	url, err := scenarios.Compile(s.URL+"/reviews/{{ $loopCount }}?index=1", &names)
	if err != nil {
		t.Fatal(err)
	}
	request := &scenarios.Request{Method: "GET", URL: url}
	script := plan(arriving(4), request)
	script.Names = names
	script.Scenarios[0].Steps = []scenarios.Step{
		&scenarios.Loop{Count: -1, Index: script.Names.Slot("$loopCount"), Steps: []scenarios.Step{request}},
	}
	script.Endless = true
	n, summary := mustRun(t, Options{Script: script, Stop: stop})
	if !summary.Stopped || summary.SetEnd || !summary.OpenLoop {
		t.Errorf("summary %+v: want stopped, without a set end, open loop", summary)
	}
	if n.outcomes[Interrupted] != n.started || n.started == 0 {
		t.Errorf("of %d users the outcomes are %v, want all interrupted", n.started, n.outcomes)
	}
	if got := len(n.codes()); got != 1 {
		t.Errorf("results %v, want only 200", n.codes())
	}
	byConn := map[string][]string{}
	for _, r := range s.asked() {
		byConn[r.RemoteAddr] = append(byConn[r.RemoteAddr], r.RequestURI)
	}
	if len(byConn) > n.started { // a user that came as the run was stopped sent nothing
		t.Errorf("%d connections for %d users, want one each", len(byConn), n.started)
	}
	for addr, uris := range byConn {
		for i, uri := range uris {
			if want := fmt.Sprintf("/reviews/%d?index=1", i); uri != want {
				t.Fatalf("request %d of %s is %s, want %s", i, addr, uri, want)
			}
		}
	}
}

func TestRateSendsTheScheduleAndNothingOfOurs(t *testing.T) {
	s := newSite(t, fine)
	a, b := get(s.URL+"/a"), get(s.URL+"/b")
	b.Method, b.Body = "POST", scenarios.Literal("some body")
	b.Headers = []scenarios.Header{{Name: "X-Own", Value: scenarios.Literal("1")}}
	n, summary := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, a, b),
		Rate:   Ramp{From: 500, To: 500, Duration: 400 * time.Millisecond},
	})
	n.wantCodes(t, map[string]int{"200": 200})
	if summary.Duration < 400*time.Millisecond || n.unsent != 0 {
		t.Errorf("lasted %v with %d unsent, want at least 400ms and 0", summary.Duration, n.unsent)
	}
	steps, seqs := map[int]int{}, map[uint64]bool{}
	for _, r := range n.results {
		steps[r.Step]++
		seqs[r.Seq] = true
	}
	if steps[0] != 100 || steps[1] != 100 || len(seqs) != 200 {
		t.Errorf("requests by step %v with %d sequence numbers, want 100 of each and 200", steps, len(seqs))
	}
	for _, r := range s.asked() {
		for name := range r.Header {
			if name != "X-Own" && name != "Content-Length" {
				t.Fatalf("header %s was sent: nobody asked for it", name)
			}
		}
		if r.Method == "POST" && r.ContentLength != 9 {
			t.Fatalf("body of %d bytes was sent, want 9", r.ContentLength)
		}
	}
}

func TestRateIsCutToTheNumberOfRequests(t *testing.T) {
	s := newSite(t, fine)
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 2000, To: 2000}, Requests: 50})
	n.wantCodes(t, map[string]int{"200": 50})
	if !summary.SetEnd || summary.Stopped {
		t.Errorf("summary %+v: want a set end, not stopped", summary)
	}
}

func TestWarmupIsSentButNotRecorded(t *testing.T) {
	s := newSite(t, fine)
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)),
		Rate:   Ramp{From: 500, To: 500, Duration: 200 * time.Millisecond}, Warmup: 100 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 100})
	if got := len(s.asked()); got != 150 {
		t.Errorf("server saw %d requests, want 50 more than the 100 recorded", got)
	}
	n, _ = mustRun(t, Options{
		Script: plan(scenarios.Phase{Users: 3, Requests: 100}, get(s.URL)), Warmup: 20 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 100})
	if got := len(s.asked()); got <= 250 {
		t.Errorf("server saw %d requests, want some more than the 100 recorded", got-150)
	}
}

func TestCapShowsAsLagAndUnsent(t *testing.T) {
	schedule := Ramp{From: 100, To: 100, Duration: 300 * time.Millisecond}
	for name, options := range map[string]Options{
		"rate":  {Rate: schedule},
		"users": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(50 * time.Millisecond) // of service time: one user can send at most 9 of the 30 in time
				fine(w, r)
			})
			options.Script = plan(scenarios.Phase{
				Duration: schedule.Duration,
				Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: 100, RampTo: 100},
			}, get(s.URL))
			options.MaxVUs = 1
			n, _ := mustRun(t, options)
			if len(n.results)+n.unsent != 30 || n.unsent < 20 || len(n.results) == 0 {
				t.Errorf("%d sent and %d unsent, want 30 in all, most of them unsent", len(n.results), n.unsent)
			}
			for i, r := range n.results {
				if late := time.Duration(i) * 35 * time.Millisecond; r.Lag < late {
					t.Errorf("request %d has lag %v, want at least %v: the time its turn was held back", i, r.Lag, late)
				}
			}
		})
	}
}

func TestUserEndsWithAnUnansweredRequestNotWithABadStatus(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang-up":
			panic(http.ErrAbortHandler)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	n, _ := mustRun(t, Options{Script: plan(arriving(3), get(s.URL+"/busy"), get(s.URL+"/hang-up"), get(s.URL+"/never"))})
	n.wantCodes(t, map[string]int{"503": 3, "ECONNRESET": 3})
	if n.outcomes[Failed] != 3 {
		t.Errorf("outcomes %v, want 3 failed", n.outcomes)
	}
}

func TestMaxUsersSkipsArrivals(t *testing.T) {
	release := make(chan struct{})
	var held atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		held.Add(1)
		<-release
		fine(w, r)
	})
	phase := arriving(20)
	phase.MaxUsers = 2
	done := make(chan struct{})
	var n *notebook
	var summary Summary
	go func() {
		defer close(done)
		n, summary = mustRun(t, Options{Script: plan(phase, get(s.URL))})
	}()
	for held.Load() < 2 {
		runtime.Gosched()
	}
	time.Sleep(phase.Duration) // all arrivals have come; how many came while two were at work is not asked
	close(release)
	<-done
	if n.skipped != summary.Skipped {
		t.Errorf("the sink was told of %d skipped, the summary says %d", n.skipped, summary.Skipped)
	}
	if total := int64(len(n.results)) + summary.Skipped; total != 20 || summary.Skipped == 0 {
		t.Errorf("%d requests and %d skipped, want 20 in all and some skipped", len(n.results), summary.Skipped)
	}
}

func TestSameSeedSameScenarios(t *testing.T) {
	s := newSite(t, fine)
	order := func(seed uint64) string {
		script := plan(scenarios.Phase{Users: 1, Requests: 40}, get(s.URL+"/a"), get(s.URL+"/b"))
		script.Scenarios = []scenarios.Scenario{
			{Weight: 1, Steps: []scenarios.Step{script.Requests[0]}},
			{Weight: 3, Steps: []scenarios.Step{script.Requests[1]}},
			{Weight: 0, Steps: nil},
		}
		n, _ := mustRun(t, Options{Script: script, Seed: seed})
		var steps []string
		for _, r := range n.results {
			steps = append(steps, fmt.Sprint(r.Step))
		}
		return strings.Join(steps, "")
	}
	one := order(1)
	if again := order(1); again != one {
		t.Errorf("seed 1 chose %s, then %s", one, again)
	}
	if other := order(2); other == one {
		t.Errorf("seeds 1 and 2 both chose %s", one)
	}
	if ones := strings.Count(one, "1"); ones < 20 || ones > 39 {
		t.Errorf("the scenario of weight 3 in 4 was chosen %d times in 40", ones)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	s := newSite(t, fine)
	before := runtime.NumGoroutine()
	mustRun(t, Options{Script: plan(scenarios.Phase{Users: 10, Requests: 100}, get(s.URL))})
	mustRun(t, Options{Script: plan(arriving(10), get(s.URL))})
	mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 1000, To: 1000}, Requests: 100})
	s.CloseClientConnections()
	for range 200 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}
