package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// stallable is a store that can be made to hang, without a look at any context.
type stallable struct {
	stalled atomic.Pointer[chan struct{}]
}

func (s *stallable) FindListing(ctx context.Context, id int64) (store.Listing, error) {
	if wait := s.stalled.Load(); wait != nil {
		<-*wait
	}
	return shelf(ctx, id)
}

// stall has calls hang until the function that it returns is called.
func (s *stallable) stall() (resume func()) {
	wait := make(chan struct{})
	s.stalled.Store(&wait)
	return func() {
		s.stalled.Store(nil)
		close(wait)
	}
}

// startGuarded runs a service whose store db is guarded, behind memory.
func startGuarded(t *testing.T, db Finder, fresh time.Duration, opts store.GuardOptions, log *slog.Logger) *running {
	t.Helper()
	calls := NewCalls(db)
	guard := store.NewGuard(calls, opts)
	cached := store.NewCached(guard, 1<<20)
	cached.SetFresh(fresh)
	t.Cleanup(func() {
		if err := errors.Join(cached.Close(), guard.Close()); err != nil {
			t.Error(err)
		}
	})
	return start(t, Config{Log: log, Finder: cached, Cache: cached.Stats, Ready: guard.Ready, Guard: guard.Stats, Calls: calls})
}

// TestStoreStalls has a store hang under clients who ask without a pause. What is in memory is answered all the time,
// with its age when that is over; the rest is refused, and not by breaking the connection; and all is well afterwards.
func TestStoreStalls(t *testing.T) {
	db := &stallable{}
	var lines counter
	log := slog.New(slog.NewTextHandler(&lines, nil))
	service := startGuarded(t, db, time.Millisecond, store.GuardOptions{Timeout: 50 * time.Millisecond, Look: 5 * time.Millisecond}, log)
	cached, missing := service.dial(t), service.dial(t)
	first := cached.get("/listings/2")
	if first.StatusCode != http.StatusOK || first.Header.Get("Age") != "" || first.Header.Get("Warning") != "" {
		t.Fatalf("status %d, header %v", first.StatusCode, first.Header)
	}
	resume := db.stall()
	stale := cached.get("/listings/2")
	for stale.Header.Get("Warning") == "" { // it was fresh for a moment
		stale = cached.get("/listings/2")
	}
	if age, err := strconv.Atoi(stale.Header.Get("Age")); err != nil || age < 0 || stale.StatusCode != http.StatusOK ||
		stale.Header.Get("Warning") != `110 - "Response is Stale"` || stale.body != first.body {
		t.Errorf("status %d, header %v", stale.StatusCode, stale.Header)
	}
	one := cached.get("/reviews/2?index=1")
	if one.StatusCode != http.StatusOK || one.Header.Get("Warning") == "" {
		t.Errorf("one image: status %d, header %v", one.StatusCode, one.Header)
	}
	for range 10 {
		checkRefused(t, missing.get("/listings/3"))
	}
	checkRefused(t, missing.get("/readyz"))
	if got := missing.get("/metrics"); !strings.Contains(got.body, "\nimgsvc_breaker_open{of=\"store\"} 1\n") ||
		!strings.Contains(got.body, "\nimgsvc_shed_total{reason=\"breaker\"} ") {
		t.Errorf("the breaker is not open:\n%s", got.body)
	}
	before := lines.Load()
	for range 100 {
		checkRefused(t, missing.get("/listings/3"))
	}
	if lines.Load() != before {
		t.Error("what is refused because the store is left out is logged, request by request")
	}
	resume()
	until(t, "the store is asked again", func() bool { return missing.get("/listings/3").StatusCode == http.StatusOK })
	until(t, "nothing is stale", func() bool { return cached.get("/listings/2").Header.Get("Warning") == "" })
	if got := missing.get("/readyz"); got.StatusCode != http.StatusOK {
		t.Errorf("ready: status %d", got.StatusCode)
	}
}

// TestStallIsCounted has a store hang and go on, again and again, under many clients: every request has one answer, 200 or
// 503, and the metrics say the same.
func TestStallIsCounted(t *testing.T) {
	db := &stallable{}
	service := startGuarded(t, db, time.Millisecond, store.GuardOptions{Timeout: 20 * time.Millisecond, Look: 2 * time.Millisecond, Inflight: 4}, nil)
	var clients sync.WaitGroup
	var sent atomic.Int64
	var byStatus [600]atomic.Int64
	done := make(chan struct{})
	for id := range 9 {
		c := service.dial(t)
		clients.Go(func() {
			for ended := false; !ended; {
				sent.Add(1)
				byStatus[c.get("/listings/"+strconv.Itoa(id)).StatusCode].Add(1)
				select {
				case <-done:
					ended = true
				default:
				}
			}
		})
	}
	for range 5 {
		resume := db.stall()
		before := byStatus[503].Load()
		late := service.dial(t)
		until(t, "somebody is refused", func() bool {
			sent.Add(1)
			byStatus[late.get("/reviews/99").StatusCode].Add(1)
			return byStatus[503].Load() > before
		})
		resume()
		until(t, "the store is asked again", func() bool {
			sent.Add(1)
			status := late.get("/reviews/99").StatusCode
			byStatus[status].Add(1)
			return status == http.StatusNotFound
		})
	}
	close(done)
	clients.Wait()
	ok, missing, refused := byStatus[200].Load(), byStatus[404].Load(), byStatus[503].Load()
	if ok+missing+refused != sent.Load() || ok == 0 || refused == 0 {
		t.Errorf("%d requests, %d answered with 200, %d with 404, %d with 503", sent.Load(), ok, missing, refused)
	}
	metrics := service.dial(t).get("/metrics").body
	for _, line := range []string{
		fmt.Sprintf(`imgsvc_request_duration_seconds_count{route="/listings/{id}",status="200"} %d`, ok),
		fmt.Sprintf(`imgsvc_request_duration_seconds_count{route="/reviews/{id}",status="404"} %d`, missing),
	} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, metrics)
		}
	}
}

// counter counts what is written to it.
type counter struct{ atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.Add(1)
	return len(p), nil
}

func checkRefused(t *testing.T, got answer) {
	t.Helper()
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || !strings.HasPrefix(got.body, `{"error":"`) {
		t.Errorf("status %d, header %v, body %s", got.StatusCode, got.Header, got.body)
	}
}

func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for begin := time.Now(); !happened(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > patient {
			t.Fatal("it never happened that ", what)
		}
	}
}

// TestOverload asks for more than a store can give at once: as many as may be are asked for and wait, the rest is
// refused without a wait for any of them, what is in memory is answered, and every request has an answer.
func TestOverload(t *testing.T) {
	db := &stallable{}
	service := startGuarded(t, db, 0, store.GuardOptions{Timeout: time.Minute, Inflight: 2}, nil)
	service.dial(t).get("/listings/9")
	resume := db.stall()
	var clients sync.WaitGroup
	var ok, refused atomic.Int64
	for id := range 4 { // two are under way, two wait
		clients.Go(func() {
			if got := service.dial(t).get("/listings/" + strconv.Itoa(id)); got.StatusCode == http.StatusOK {
				ok.Add(1)
			}
		})
	}
	metrics := service.dial(t)
	until(t, "two wait", func() bool {
		return strings.Contains(metrics.get("/metrics").body, "\nimgsvc_store_waiting 2\n")
	})
	for id := 4; id < 9; id++ {
		got := service.dial(t).get("/listings/" + strconv.Itoa(id))
		checkRefused(t, got)
		refused.Add(1)
		if !strings.Contains(got.body, "too many requests") {
			t.Errorf("body %s", got.body)
		}
	}
	if got := service.dial(t).get("/listings/9"); got.StatusCode != http.StatusOK {
		t.Errorf("a listing in memory: status %d", got.StatusCode)
	}
	resume()
	clients.Wait()
	if ok.Load() != 4 || refused.Load() != 5 {
		t.Errorf("%d answered and %d refused of 9", ok.Load(), refused.Load())
	}
	for _, line := range []string{
		`imgsvc_shed_total{reason="overload"} 5`, `imgsvc_shed_total{reason="breaker"} 0`, `imgsvc_store_inflight 0`,
		`imgsvc_store_call_duration_seconds_count{end="found"} 5`, `imgsvc_breaker_open{of="store"} 0`,
		`imgsvc_request_duration_seconds_count{route="/listings/{id}",status="503"} 5`,
	} {
		if got := metrics.get("/metrics"); !strings.Contains(got.body, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, got.body)
		}
	}
}

// TestConnectionFlood opens many more connections than there may be and says nothing on them. Who has a connection goes
// on, and who comes later is served once the silent ones have been seen off.
func TestConnectionFlood(t *testing.T) {
	service := start(t, Config{MaxConns: 8, HeaderTimeout: 30 * time.Millisecond})
	early := service.dial(t)
	early.get("/listings/1")
	for range 64 {
		service.dial(t)
	}
	for range 100 {
		if got := early.get("/listings/1"); got.StatusCode != http.StatusOK {
			t.Fatalf("status %d", got.StatusCode)
		}
	}
	if got := service.dial(t).get("/listings/2"); got.StatusCode != http.StatusOK {
		t.Errorf("behind the flood: status %d", got.StatusCode)
	}
}

// TestProfiles checks that profiles are where those who run the service look, and nowhere else.
func TestProfiles(t *testing.T) {
	service := start(t, Config{Admin: listen(t)})
	for path, want := range map[string]string{
		"/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile:", "/debug/pprof/cmdline": "test",
		"/debug/pprof/profile?seconds=1": "", "/debug/pprof/nothing": "Unknown profile",
	} {
		res, err := http.Get(service.adminURL + path)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 1<<20)
		n, _ := res.Body.Read(body)
		res.Body.Close()
		if n == 0 || !strings.Contains(string(body[:n]), want) {
			t.Errorf("%s: status %d, body %.200s", path, res.StatusCode, body[:n])
		}
		if got := service.dial(t).get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s on the main address: status %d", path, got.StatusCode)
		}
	}
	plain := start(t, Config{}).dial(t) // without an address of their own there are none
	if got := plain.get("/debug/pprof/"); got.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", got.StatusCode)
	}
	if got := plain.get("/metrics"); got.StatusCode != http.StatusOK {
		t.Errorf("status %d", got.StatusCode)
	}
}
