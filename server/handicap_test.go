package server

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
)

// A handicap converges on its share of what requests cost, whatever that is and although its own cost is part of what
// it measures. The process's CPU time is made up here, so that no clock decides.
func TestHandicapConverges(t *testing.T) {
	for _, cost := range []float64{3_000, 12_000, 400_000} { // ns a request, without the handicap
		used, share := 0.0, 0.2
		h := &handicap{share: share, perTurn: 0.75, used: func() time.Duration { return time.Duration(used) }}
		for range 40 {
			const n = 1000
			used += n * (cost + float64(h.turns.Load())*h.perTurn)
			h.requests.Add(n)
			h.adjust()
		}
		if got := float64(h.turns.Load()) * h.perTurn; math.Abs(got-share*cost) > 0.01*share*cost+1 {
			t.Errorf("requests of %v ns burn %v more, want %v", cost, got, share*cost)
		}
	}
}

// Few requests are not looked at: most of what the process used then is not theirs.
func TestHandicapWaitsForRequests(t *testing.T) {
	h := &handicap{share: 0.2, perTurn: 1, used: func() time.Duration { return time.Second }}
	h.requests.Add(fewest - 1)
	if h.adjust(); h.turns.Load() != 0 || h.requests.Load() != fewest-1 {
		t.Errorf("%d turns after %d requests", h.turns.Load(), fewest-1)
	}
	h.requests.Add(1)
	if h.adjust(); h.turns.Load() != int64(0.2*1e9/fewest) {
		t.Errorf("%d turns after %d requests of a second", h.turns.Load(), fewest)
	}
}

// What is burned is a loop of a price that was measured, and the answer is the handler's.
func TestHandicapBurns(t *testing.T) {
	h := newHandicap(0.5, processCPU)
	if h.perTurn < 0.05 || h.perTurn > 100 {
		t.Errorf("a turn takes %v ns", h.perTurn)
	}
	h.next.Store(0)
	e := echo.New()
	e.GET("/", h.on(func(c *echo.Context) error { return c.NoContent(http.StatusTeapot) }))
	for range 3 {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusTeapot {
			t.Errorf("status %d", w.Code)
		}
	}
	if h.requests.Load() != 3 {
		t.Errorf("%d requests counted of 3", h.requests.Load())
	}
}
