package server

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v5"
)

// handicap burns CPU time in every answer of a listing, as a share of what the service costs without it. It is for trying
// out what is to notice such a thing: a gate.
//
// What a request costs is not known beforehand: most of it is spent outside the handler, in the kernel and in net/http.
// So it is measured: every adjustEvery the process's CPU time since the last look, less what was burned, is divided by
// the requests since, and the share of that is what the next ones burn. Burning is a number of turns of a loop, so that
// a request that loses its core meanwhile still burns what it should, where one that watched the clock would not. The
// price of a turn is measured at each look, too: on a core whose sibling is busy everything takes longer, turns as well.
type handicap struct {
	share     float64
	used      func() time.Duration // CPU time of the process
	ownThread func() time.Duration // and of the calling thread
	perTurn   float64              // ns, as of the last look; only one request at a time looks

	turns    atomic.Int64 // that a request burns
	requests atomic.Int64 // since the last look
	next     atomic.Int64 // look, in Unix nanoseconds
	last     time.Duration
	priced   float64       // ns that the last look burned to find the price
	own      float64       // ns of a request without what it burns, smoothed
	sink     atomic.Uint64 // keeps the loop from being thrown out
}

const (
	adjustEvery = 50 * time.Millisecond
	fewest      = 50 // requests that a look needs, to tell their cost from the process's own
	smoothing   = 0.4
	pricedTurns = 30_000
)

// newHandicap returns one that burns nothing until its first look.
func newHandicap(share float64, used, ownThread func() time.Duration) *handicap {
	h := &handicap{share: share, used: used, ownThread: ownThread, last: used()}
	h.next.Store(time.Now().Add(adjustEvery).UnixNano())
	return h
}

// price measures what a turn takes now.
func (h *handicap) price() float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := h.ownThread()
	h.burn(pricedTurns)
	return float64(max(h.ownThread()-began, 1)) / pricedTurns
}

// burn takes turns of a loop that the compiler cannot shorten (a linear congruential generator).
func (h *handicap) burn(turns int64) {
	x := uint64(turns)
	for range turns {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		h.sink.Add(1)
	}
}

// on returns the handler with its handicap; of a nil handicap it is the handler itself.
func (h *handicap) on(next echo.HandlerFunc) echo.HandlerFunc {
	if h == nil {
		return next
	}
	return func(c *echo.Context) error {
		err := next(c)
		h.burn(h.turns.Load())
		h.requests.Add(1)
		if due, now := h.next.Load(), time.Now().UnixNano(); now >= due && h.next.CompareAndSwap(due, now+int64(time.Hour)) {
			h.adjust() // one at a time: the others see an hour
			h.next.Store(time.Now().Add(adjustEvery).UnixNano())
		}
		return err
	}
}

// adjust sets what a request burns by what requests have cost since the last look.
func (h *handicap) adjust() {
	n := h.requests.Load()
	if n < fewest {
		return // and looks at more of them the next time
	}
	h.requests.Add(-n)
	now := h.used()
	price := h.price()
	if h.perTurn > 0 {
		price = smoothing*price + (1-smoothing)*h.perTurn
	}
	burned := float64(n*h.turns.Load())*price + h.priced
	h.priced = price * pricedTurns
	own := (float64(now-h.last) - burned) / float64(n)
	h.last, h.perTurn = now, price
	if h.own == 0 {
		h.own = own
	}
	// One look may count requests that another's time went to, so that a single one can even be below 0; their mean is not.
	h.own = smoothing*own + (1-smoothing)*h.own
	h.turns.Store(int64(max(0, h.own*h.share/price)))
}
