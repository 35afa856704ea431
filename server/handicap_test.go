package server

import (
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
)

// made is a handicap in a process whose CPU time is made up, so that no clock decides: a turn takes price ns, whatever
// the machine does.
type made struct {
	*handicap
	used, price float64
}

func newMade(share, price float64) *made {
	m := &made{price: price}
	reads := 0
	m.handicap = newHandicap(share, func() time.Duration { return time.Duration(m.used) }, func() time.Duration {
		reads++
		return time.Duration(float64(reads) * m.price * pricedTurns)
	})
	return m
}

// serve has the process answer n requests that cost so much without a handicap, and look.
func (m *made) serve(n int64, cost float64) {
	m.used += float64(n) * (cost + float64(m.turns.Load())*m.price)
	m.requests.Add(n)
	m.adjust()
	m.used += pricedTurns * m.price
}

// A handicap converges on its share of what requests cost, whatever that is and although its own cost is part of what
// it measures; also when the machine becomes slower, for requests and turns alike.
func TestHandicapConverges(t *testing.T) {
	for _, cost := range []float64{3_000, 12_000, 400_000} { // ns a request, without the handicap
		m := newMade(0.2, 0.75)
		for _, slower := range []float64{1, 2} {
			m.price = 0.75 * slower
			for range 40 {
				m.serve(1000, cost*slower)
			}
			if got, want := float64(m.turns.Load())*m.price, 0.2*cost*slower; math.Abs(got-want) > 0.01*want+1 {
				t.Errorf("requests of %v ns burn %v more, want %v", cost*slower, got, want)
			}
		}
	}
}

// Few requests are not looked at: most of what the process used then is not theirs.
func TestHandicapWaitsForRequests(t *testing.T) {
	m := newMade(0.2, 1)
	m.serve(fewest-1, 1e6)
	if m.turns.Load() != 0 || m.requests.Load() != fewest-1 {
		t.Errorf("%d turns after %d requests", m.turns.Load(), fewest-1)
	}
	m.serve(1, 1e6)
	if m.turns.Load() == 0 || m.requests.Load() != 0 {
		t.Errorf("%d turns after %d requests", m.turns.Load(), fewest)
	}
}

// What is burned is a loop of a price that was measured, and the answer is the handler's.
func TestHandicapBurns(t *testing.T) {
	h := newHandicap(0.5, processCPU, threadCPU)
	if price := h.price(); runtime.GOOS == "linux" && (price < 0.05 || price > 100) {
		t.Errorf("a turn takes %v ns", price)
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
