package server

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Calls is a finder in front of a finder that counts its calls and how long they took, by what came of them. It stands
// right in front of the database, so that nothing is counted that was answered before.
type Calls struct {
	next  Finder
	byEnd [len(callEnds)]histogram
}

// callEnds are what can come of a call.
var callEnds = [...]string{"found", "not_found", "corrupt", "timeout", "failed"}

const (
	callFound = iota
	callNotFound
	callCorrupt
	callTimeout
	callFailed
)

// NewCalls returns a finder that asks next and counts.
func NewCalls(next Finder) *Calls { return &Calls{next: next} }

// FindListing asks the next finder.
func (c *Calls) FindListing(ctx context.Context, id int64) (store.Listing, error) {
	begin := time.Now()
	listing, err := c.next.FindListing(ctx, id)
	c.byEnd[callEnd(err)].add(time.Since(begin))
	return listing, err
}

func callEnd(err error) int {
	switch {
	case err == nil:
		return callFound
	case errors.Is(err, store.ErrNotFound):
		return callNotFound
	case errors.Is(err, store.ErrCorrupt):
		return callCorrupt
	case errors.Is(err, context.DeadlineExceeded):
		return callTimeout
	default:
		return callFailed
	}
}

func (c *Calls) collect(to chan<- prometheus.Metric) {
	duration := prometheus.NewDesc("imgsvc_store_call_duration_seconds",
		"From a call of the store to what came of it.", []string{"end"}, nil)
	for i := range c.byEnd {
		to <- c.byEnd[i].metric(duration, callEnds[i])
	}
}
