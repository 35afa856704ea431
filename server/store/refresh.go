package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
)

// Whoever asks for a listing that is too old has it fetched anew, once however many ask, and waits for it, but not for
// long: when the store fails, has too much to do or takes its time, the listing is handed out as it is with its age,
// and for a moment nobody else tries. So an answer without an age is never older than age allows, and a listing in memory
// is answered within refreshPatience whatever the store does.
const (
	refreshPatience = 200 * time.Millisecond // over what a slow Redis may take before the store is asked
	refreshRest     = 100 * time.Millisecond
)

// refresh returns the listing as the next finder has it now, or old with its age.
func (c *Cached) refresh(ctx context.Context, id int64, old Listing) (Listing, error) {
	if c.age.now() < c.age.resting.Load() {
		return c.aged(old), nil
	}
	// Whoever has found another listing than old, one just written, or comes after ForgetAll, must not be handed what was
	// asked for before.
	key := fmt.Sprintf("%d %d %d", id, old.at, c.age.forgot.Load())
	fetched := c.age.refreshing.DoChan(key, func() (any, error) {
		return c.fetchAnew(context.WithoutCancel(ctx), id, old)
	})
	patience := time.NewTimer(refreshPatience)
	defer patience.Stop()
	select {
	case answer := <-fetched:
		switch {
		case answer.Err == nil:
			return answer.Val.(Listing), nil
		case errors.Is(answer.Err, ErrNotFound), errors.Is(answer.Err, ErrCorrupt):
			return Listing{}, fmt.Errorf("find listing %d: %w", id, answer.Err)
		}
	case <-patience.C:
	case <-ctx.Done():
	}
	c.age.resting.Store(c.age.now() + int64(refreshRest))
	return c.aged(old), nil
}

// fetchAnew has the listing from the next finder and puts it in old's place. If old is not there any more, somebody has
// written or evicted it meanwhile, and what was fetched may be what was there before: then it is not kept.
func (c *Cached) fetchAnew(ctx context.Context, id int64, old Listing) (Listing, error) {
	if !c.work.add() {
		return Listing{}, context.Canceled
	}
	defer c.work.finish()
	c.age.refreshed.Add(1)
	listing, err := c.fetch(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
		return Listing{}, err
	}
	kept, present := c.memory.ComputeIfPresent(id, func(kept Listing) (Listing, otter.ComputeOp) {
		switch {
		case kept.at != old.at:
			return kept, otter.CancelOp
		case err != nil:
			return kept, otter.InvalidateOp
		}
		return listing, otter.WriteOp
	})
	if present {
		return kept, nil
	}
	return listing, err
}

// aged returns the listing with its age.
func (c *Cached) aged(l Listing) Listing {
	c.age.stale.Add(1)
	l.age = max(time.Duration(c.age.now()-l.at), 1)
	return l
}
