package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

func TestHealthAndReadiness(t *testing.T) {
	var trouble error
	service := start(t, Config{Ready: func(context.Context) error { return trouble }})
	c := service.dial(t)
	check := func(path string, status int) {
		t.Helper()
		got := c.get(path)
		if got.StatusCode != status {
			t.Errorf("%s: status %d, want %d", path, got.StatusCode, status)
		}
		checkHead(t, c, path, got)
	}
	check("/healthz", 200)
	check("/readyz", 200)
	trouble = errors.New("no route to store")
	check("/healthz", 200)
	check("/readyz", 503)
	trouble = nil
	check("/readyz", 200)
}

// TestReadinessIsBounded checks that a store that hangs makes the service not ready rather than silent.
func TestReadinessIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t.Context(), Config{ReadyTimeout: time.Minute, Ready: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}.withDefaults())
		begin := time.Now()
		if err := s.ready(); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("error %v after %s", err, time.Since(begin))
		}
	})
}

func TestMetrics(t *testing.T) {
	cached := store.NewCached(finderFunc(shelf), 1<<20)
	service := start(t, Config{Finder: cached, Cache: cached.Stats, Redis: func() store.RedisStats {
		return store.RedisStats{Hits: 5, Dropped: 6, CircuitStats: store.CircuitStats{Up: true}}
	}, Pools: map[string]func() store.PoolStats{"redis": func() store.PoolStats {
		return store.PoolStats{Open: 7, Used: 4, Opened: 9, Failures: 2}
	}}})
	c := service.dial(t)
	for range 3 {
		c.get("/reviews/2?index=1")
	}
	c.get("/listings/2")
	c.get("/reviews/99")
	c.get("/nowhere")
	metrics := c.get("/metrics")
	if kind := metrics.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("Content-Type %q", kind)
	}
	for _, line := range []string{
		`imgsvc_request_duration_seconds_count{route="/reviews/{id}",status="200"} 3`,
		`imgsvc_request_duration_seconds_bucket{route="/reviews/{id}",status="200",le="+Inf"} 3`,
		`imgsvc_request_duration_seconds_count{route="/reviews/{id}",status="404"} 1`,
		`imgsvc_request_duration_seconds_count{route="/listings/{id}",status="200"} 1`,
		`imgsvc_request_duration_seconds_count{route="none",status="404"} 1`,
		`imgsvc_cache_hits_total{tier="memory"} 3`,
		`imgsvc_cache_misses_total{tier="memory"} 2`,
		`imgsvc_cache_entries{tier="memory"} 1`,
		`imgsvc_cache_hits_total{tier="redis"} 5`,
		`imgsvc_cache_dropped_total{tier="redis"} 6`,
		`imgsvc_cache_up{tier="redis"} 1`,
		`imgsvc_breaker_open{of="redis"} 0`,
		`imgsvc_pool_connections{pool="redis"} 7`,
		`imgsvc_pool_used{pool="redis"} 4`,
		`imgsvc_pool_failures_total{pool="redis"} 2`,
		`go_goroutines `,
	} {
		if !strings.Contains(metrics.body, "\n"+line) {
			t.Errorf("no line %s", line)
		}
	}
	if t.Failed() {
		t.Log(metrics.body)
	}
}

func TestAdminAddress(t *testing.T) {
	service := start(t, Config{Admin: listen(t)})
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if got := service.dial(t).get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s on the main address: status %d", path, got.StatusCode)
		}
		res, err := http.Get(service.adminURL + path)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	if res, err := http.Get(service.adminURL + "/listings/1"); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("a listing on the admin address: %v, %v", res, err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestBuckets(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want int
	}{
		{-1, 0}, {0, 0}, {1, 0}, {1 << 10, 0}, {1<<10 + 1, 1}, {1 << 12, 1}, {1<<12 + 1, 2},
		{time.Millisecond, 5}, {1 << 34, 12}, {1<<34 + 1, 13}, {time.Hour, 13}, {1<<63 - 1, 13},
	} {
		got := bucketOf(test.d)
		if got != test.want {
			t.Errorf("%d ns: bucket %d, want %d", test.d, got, test.want)
		}
		if got < lastBucket && test.d.Seconds() > bound(got) {
			t.Errorf("%s is over the bound %g of its bucket", test.d, bound(got))
		}
	}
}

// TestTroubleLog checks that a store that is down does not fill the log.
func TestTroubleLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := &troubleLog{log: slog.New(slog.NewTextHandler(&text, nil))}
		r, _ := http.NewRequest("GET", "/listings/7?token=secret", nil)
		for range 1000 {
			log.add(r, errors.New("disk on fire"))
		}
		time.Sleep(time.Second)
		log.add(r, errors.New("still on fire"))
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "disk on fire") || !strings.Contains(lines[1], "unlogged=999") {
			t.Errorf("log:\n%s", &text)
		}
		if strings.Contains(text.String(), "secret") {
			t.Errorf("the log tells the query:\n%s", &text)
		}
	})
}
