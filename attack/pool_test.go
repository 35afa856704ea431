package attack

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// TestPool keeps that users who share connections never have more of them open, and use those that are.
func TestPool(t *testing.T) {
	const users, size = 12, 3
	var now, most atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for before := most.Load(); n > before && !most.CompareAndSwap(before, n); before = most.Load() {
		}
		time.Sleep(time.Millisecond) // so that others come meanwhile
		io.WriteString(w, "hello")
	})
	script := plan(scenarios.Phase{Users: users, Requests: 240}, get(s.URL+"/a"), get(s.URL+"/b"))
	script.Pool = size
	n, _ := mustRun(t, Options{Script: script})
	n.wantCodes(t, map[string]int{"200": 240})
	if conns := s.conns.Load(); conns > size || most.Load() > size {
		t.Errorf("%d connections, %d at once, want at most %d", conns, most.Load(), size)
	}
}

// TestPoolReplaces keeps that the place of a connection that was closed is taken by a new one.
func TestPoolReplaces(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, "hello")
	})
	script := plan(scenarios.Phase{Users: 4, Requests: 40}, get(s.URL))
	script.Pool = 1
	n, _ := mustRun(t, Options{Script: script})
	n.wantCodes(t, map[string]int{"200": 40})
	if conns := s.conns.Load(); conns != 40 {
		t.Errorf("%d connections, want 40", conns)
	}
}

// TestPoolWaits keeps that who waits for a connection in vain runs into the same limit of time as who waits for an
// answer, and that a place is free again when its connection has failed.
func TestPoolWaits(t *testing.T) {
	s := newSite(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	script := plan(arriving(3), get(s.URL))
	script.Pool = 1
	n, _ := mustRun(t, Options{Script: script, Timeout: 100 * time.Millisecond})
	n.wantCodes(t, map[string]int{"ETIMEDOUT": 3})
	for _, r := range n.results {
		if r.Latency < 90*time.Millisecond {
			t.Errorf("gave up after %v", r.Latency)
		}
	}
}

// TestPoolRefused keeps that a failed dial costs no place.
func TestPoolRefused(t *testing.T) {
	s := newSite(t, fine)
	s.Close()
	script := plan(arriving(5), get(s.URL))
	script.Pool = 1
	n, _ := mustRun(t, Options{Script: script, Timeout: 5 * time.Second})
	n.wantCodes(t, map[string]int{"ECONNREFUSED": 5})
}
