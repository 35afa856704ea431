package attack

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Users' requests that are under way together, which these are since they wait for each other, are spread evenly.
func TestConnectionsAreShared(t *testing.T) {
	const users, conns = 12, 4
	var arrived sync.WaitGroup
	var number atomic.Int64
	meet := func(w http.ResponseWriter, r *http.Request) {
		if number.Add(1) <= users {
			arrived.Done()
			arrived.Wait()
		}
		fine(w, r)
	}
	arrived.Add(users)
	for name, test := range map[string]struct {
		options Options
		handler http.HandlerFunc
	}{
		"users": {Options{Script: plan(scenarios.Phase{Users: users, Requests: 600})}, meet},
		"rate":  {Options{Rate: Ramp{From: 3000, To: 3000}, Requests: 600, Script: plan(scenarios.Phase{})}, fine},
	} {
		s := newStreamSite(t, H2C, test.handler)
		o := test.options
		o.Script = plan(o.Script.Phases[0], get(s.URL))
		o.Protocol, o.Connections = H2C, conns
		n, _ := mustRun(t, o)
		n.wantCodes(t, map[string]int{"200": 600})
		first, all := map[string]int{}, map[string]int{}
		for i, r := range s.requests {
			if all[r.RemoteAddr]++; i < users {
				first[r.RemoteAddr]++
			}
		}
		if s.conns.Load() != conns || len(all) != conns {
			t.Errorf("%s: %d connections, %d used, want %d", name, s.conns.Load(), len(all), conns)
		}
		for addr, n := range first {
			if name == "users" && n != users/conns {
				t.Errorf("connection %s had %d of %d requests at once, want %d", addr, n, users, users/conns)
			}
		}
		s.wantClosed(t)
	}
}

func TestConnectionsOverHTTP1(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(10 * time.Millisecond) // so that one connection is too few
		fine(w, r)
	})
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 1000, To: 1000}, Requests: 60, Connections: 2,
	})
	n.wantCodes(t, map[string]int{"200": 60})
	if got := s.conns.Load(); got > 2 {
		t.Errorf("%d connections, want at most 2", got)
	}
	var most time.Duration
	for _, r := range n.results {
		most = max(most, r.Lag)
	}
	if most < 100*time.Millisecond { // 60 requests take 300 ms over two connections, and are due within 60
		t.Errorf("the greatest lag is %v, want what the requests waited for a connection", most)
	}
}

// A service that takes one request at a time makes the others leave late, and is never asked twice at once.
func TestOneStreamAtATime(t *testing.T) {
	var at, most atomic.Int64
	s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
		now := at.Add(1)
		defer at.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		fine(w, r)
	}, mostStreams(1))
	one := Options{Script: plan(scenarios.Phase{}, get(s.URL)), Protocol: H2C, Connections: 1}
	one.Rate, one.Requests = Ramp{From: 1000, To: 1000}, 40 // due within 40 ms, and answered in no less than 200
	n, _ := mustRun(t, one)
	n.wantCodes(t, map[string]int{"200": 40})
	var lag time.Duration
	for _, r := range n.results {
		lag = max(lag, r.Lag)
	}
	if lag < 100*time.Millisecond || most.Load() > 1 {
		t.Errorf("greatest lag %v, %d requests at once; want at least 100ms and 1", lag, most.Load())
	}
	s.wantClosed(t)

	// When the time is over, nothing waits on.
	schedule := Ramp{From: 1000, To: 1000, Duration: 200 * time.Millisecond}
	one.Rate, one.Requests = schedule, 0
	n, _ = mustRun(t, one)
	if codes := n.codes(); len(codes) != 1 || len(n.results)+n.unsent != 200 || n.unsent == 0 {
		t.Errorf("results %v with %d unsent, want some 200s and the rest of 200 unsent", codes, n.unsent)
	}

	// Without a number of connections the schedule is kept, by as many as that takes.
	before := s.conns.Load()
	n, _ = mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: schedule, Protocol: H2C})
	n.wantCodes(t, map[string]int{"200": 200})
	if conns := s.conns.Load() - before; conns < 2 || n.unsent > 0 {
		t.Errorf("%d connections and %d unsent, want several and none", conns, n.unsent)
	}

	// Users who wait for a stream go home when the run is over.
	n, summary := mustRun(t, Options{
		Script: plan(scenarios.Phase{Users: 20, Duration: 100 * time.Millisecond}, get(s.URL)), Protocol: H2C, Connections: 1,
	})
	if n.codes()["200"] != len(n.results) || n.unsent > 0 || summary.Duration > 10*time.Second {
		t.Errorf("results %v, %d unsent in %v", n.codes(), n.unsent, summary.Duration)
	}
}
