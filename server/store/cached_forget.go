package store

import (
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// age says how old the listings in memory may be. Each has the time at which it was asked for: of a change that was
// complete by then it knows.
type age struct {
	epoch  time.Time    // what times are counted from, in nanoseconds
	forgot atomic.Int64 // when ForgetAll was called last
	most   atomic.Int64 // nanoseconds that a listing may be old while nobody tells of changes; 0: any age will do
	always atomic.Int64 // nanoseconds that it may be old whoever tells; 0: any age will do
	told   atomic.Bool  // whether Forget is called for all that changes

	refreshing singleflight.Group
	resting    atomic.Int64 // until when nothing is fetched anew, since it would fail

	forgotten, flushed, refreshed, stale atomic.Uint64
}

// now returns the time since the epoch, in ns; it is never 0.
func (a *age) now() int64 { return int64(time.Since(a.epoch)) + 1 }

// oldest returns when the oldest listing that may still be used was asked for.
func (a *age) oldest() int64 {
	limit := a.always.Load()
	if most := a.most.Load(); most > 0 && (limit == 0 || most < limit) && !a.told.Load() {
		limit = most
	}
	if limit == 0 {
		return a.forgot.Load()
	}
	return max(a.forgot.Load(), a.now()-limit)
}

// SetMaxAge limits how old listings may be for as long as nobody calls Forget for all that changes (see Trust): an older
// one is asked for again before it is used. 0, with which a cache begins, is no limit.
func (c *Cached) SetMaxAge(limit time.Duration) { c.age.most.Store(int64(limit)) }

// SetFresh limits how old listings may be even if Forget is called for all that services change: others may change
// the store past them. 0, with which a cache begins, is no limit.
func (c *Cached) SetFresh(limit time.Duration) { c.age.always.Store(int64(limit)) }

// Trust says whether Forget is called, from now on, for every listing that changes.
func (c *Cached) Trust(told bool) { c.age.told.Store(told) }

// Forget forgets a listing that has changed. No read that begins afterwards finds the old one: what is being loaded for
// it is not kept, and who waits for that asks again.
func (c *Cached) Forget(id int64) {
	c.age.forgotten.Add(1)
	c.memory.Invalidate(id)
}

// ForgetAll has everything that was asked for until now be fetched anew before it is used: any listing may have changed.
// The memory is given back as the listings are asked for again, or make room.
func (c *Cached) ForgetAll() {
	c.age.flushed.Add(1)
	c.age.forgot.Store(c.age.now())
}
