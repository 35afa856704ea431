package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Deadline is a finder that gives each call to the next one a limited time.
type Deadline struct {
	next  finder
	limit time.Duration
}

// NewDeadline returns a finder that asks next and waits at most limit, from call to answer. It relies on next to
// return when its context ends. When time is up, the error wraps context.DeadlineExceeded.
func NewDeadline(next finder, limit time.Duration) *Deadline {
	return &Deadline{next: next, limit: limit}
}

// FindListing asks the next finder.
func (d *Deadline) FindListing(ctx context.Context, id int64) (Listing, error) {
	limited, cancel := context.WithTimeout(ctx, d.limit)
	defer cancel()
	listing, err := d.next.FindListing(limited, id)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return Listing{}, fmt.Errorf("no answer within %s: %w", d.limit, err)
	}
	return listing, err
}
