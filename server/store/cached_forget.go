package store

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// age says how old the listings in memory may be. Each has the time at which it was asked for: of a change that was
// complete by then it knows.
type age struct {
	epoch    time.Time    // what times are counted from, in nanoseconds
	forgot   atomic.Int64 // when ForgetAll was called last
	most     atomic.Int64 // nanoseconds that a listing may be old while nobody tells of changes; 0: any age will do
	told     atomic.Bool  // whether Forget is called for all that changes
	renewing singleflight.Group

	forgotten, flushed, renewed atomic.Uint64
}

func (a *age) now() int64 { return int64(time.Since(a.epoch)) }

// oldest returns when the oldest listing that may still be used was asked for.
func (a *age) oldest() int64 {
	oldest := a.forgot.Load()
	if most := a.most.Load(); most > 0 && !a.told.Load() {
		oldest = max(oldest, a.now()-most)
	}
	return oldest
}

// SetMaxAge limits how old listings may be for as long as nobody calls Forget for all that changes (see Trust): an older
// one is asked for again before it is used. If the next finder fails then, the old one is used all the same. 0, with
// which a cache begins, is no limit.
func (c *Cached) SetMaxAge(limit time.Duration) { c.age.most.Store(int64(limit)) }

// Trust says whether Forget is called, from now on, for every listing that changes.
func (c *Cached) Trust(told bool) { c.age.told.Store(told) }

// Forget forgets a listing that has changed. No read that begins afterwards finds the old one: what is being loaded for
// it is not kept, and who waits for that asks again.
func (c *Cached) Forget(id int64) {
	c.age.forgotten.Add(1)
	c.memory.Invalidate(id)
}

// ForgetAll forgets everything that was asked for until now: any listing may have changed. The memory is given back
// as the listings are asked for again, or make room.
func (c *Cached) ForgetAll() {
	c.age.flushed.Add(1)
	c.age.forgot.Store(c.age.now())
}

// renew asks for a listing that is too old, once however many callers find it so.
func (c *Cached) renew(ctx context.Context, id int64, old Listing) (Listing, error) {
	// A question that was asked before ForgetAll is none to wait for after it.
	key := strconv.FormatInt(id, 10) + " " + strconv.FormatInt(c.age.forgot.Load(), 10)
	flight := c.age.renewing.DoChan(key, func() (any, error) {
		c.age.renewed.Add(1)
		fresh, err := c.load.Load(context.WithoutCancel(ctx), id)
		return c.keep(id, old, fresh, err)
	})
	select {
	case answer := <-flight:
		if answer.Err != nil {
			return Listing{}, answer.Err
		}
		return answer.Val.(Listing), nil
	case <-ctx.Done():
		return Listing{}, ctx.Err()
	}
}

// keep puts what was found in the place of what was too old, unless that was forgotten or replaced meanwhile.
func (c *Cached) keep(id int64, old, fresh Listing, err error) (Listing, error) {
	gone := errors.Is(err, ErrNotFound)
	switch {
	case errors.Is(err, ErrCorrupt):
		return Listing{}, err
	case err != nil && !gone:
		return old, nil
	}
	c.memory.ComputeIfPresent(id, func(now Listing) (Listing, otter.ComputeOp) {
		switch {
		case now.at != old.at:
			return now, otter.CancelOp
		case gone:
			return now, otter.InvalidateOp
		}
		return fresh, otter.WriteOp
	})
	return fresh, err
}
