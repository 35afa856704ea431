package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// found is the answer of one read of Redis.
type found struct {
	state   foundState
	listing Listing
}

type foundState int

const (
	miss   foundState = iota
	hit               // with the listing
	absent            // Redis knows that there is no such listing
	leased            // somebody is about to fill it
)

// noListing is the value of an entry for an id that has no listing. No encoded listing is as short.
const noListing = "-"

// readPipeline returns how reads are batched: the first leaves at once, and what comes while a batch is on its way
// makes up the next one.
func readPipeline() *redis.AutoPipelineOptions {
	opts := redis.DefaultAutoPipelineOptions()
	opts.MaxQueuedCommands = 16384 // one per connection that serve allows; more than that fails as a Redis too slow does
	return opts
}

// read asks Redis, once for all who ask for the same key at the same time, for at most the tier's Timeout.
func (r *Redis) read(key string) found {
	answer, _, _ := r.flights.Load().reading.Do(key, func() (any, error) { return r.get(key), nil })
	return answer.(found)
}

// get asks Redis and checks what comes back. It waits for no caller's context, since many wait for it, but for
// Timeout, or up to a quarter less (see limit).
func (r *Redis) get(key string) found {
	cmd := redis.NewStringCmd(r.done, "get", key)
	err := r.reads.Submit(r.done, cmd).WaitContext(r.limit())
	switch {
	case errors.Is(err, redis.Nil):
		return found{}
	case err != nil: // after a time-out cmd still belongs to the pipeline: it is not looked at
		r.counts.failures.Add(1)
		r.giveUp(err)
		return found{}
	}
	raw, _ := cmd.Bytes() // the error has been looked at
	switch {
	case string(raw) == noListing:
		return found{state: absent}
	case isLease(raw):
		return found{state: leased}
	}
	listing, err := ParseListing(raw)
	if err != nil {
		r.counts.corrupt.Add(1)
		r.remove(key) // so that the fill that follows has a place
		return found{}
	}
	return found{state: hit, listing: listing.WithTag()}
}

// window is a context that ends Timeout after it was made, and that all GETs of its first quarter wait with: a context
// of its own for each would cost a timer and a place in its parent's table.
type window struct {
	context.Context
	made   time.Time
	cancel context.CancelFunc
}

// limit returns a context that ends in three quarters of Timeout at the earliest, in Timeout at the latest.
func (r *Redis) limit() context.Context {
	now := time.Now()
	old := r.window.Load()
	if old != nil && now.Sub(old.made) < r.opts.Timeout/4 {
		return old
	}
	ctx, cancel := context.WithTimeout(r.done, r.opts.Timeout)
	fresh := &window{ctx, now, cancel}
	if !r.window.CompareAndSwap(old, fresh) {
		cancel()
		return r.window.Load()
	}
	return fresh // it ends by itself: others still wait with it
}

// health is whether Redis is asked at all.
type health struct {
	down atomic.Bool
	tell sync.Mutex // held while State is told, so that it hears the changes in their order
}

// giveUp stops asking Redis until it answers a look again. Of many who fail at once, one tells.
func (r *Redis) giveUp(err error) {
	r.health.tell.Lock()
	defer r.health.tell.Unlock()
	if r.done.Err() != nil || r.health.down.Load() {
		return
	}
	if r.work.start(r.lookUntilUp) {
		r.health.down.Store(true)
		r.opts.State(err)
	}
}

// lookUntilUp looks every Cooldown whether Redis is back. No request waits for it.
func (r *Redis) lookUntilUp() {
	every := time.NewTicker(r.opts.Cooldown)
	defer every.Stop()
	for {
		select {
		case <-r.done.Done():
			return
		case <-every.C:
		}
		if r.look() == nil {
			r.comeBack()
			return
		}
	}
}

func (r *Redis) comeBack() {
	r.health.tell.Lock()
	defer r.health.tell.Unlock()
	r.opts.State(nil)
	r.health.down.Store(false)
}

// look tries what the tier does: write an entry and read it. A Redis that answers but refuses one of the two, for want
// of memory or of a right, is of no use here, and a mere PING would call it back again and again.
func (r *Redis) look() error {
	limited, cancel := context.WithTimeout(r.done, r.opts.Timeout)
	defer cancel()
	_, err := r.client.Pipelined(limited, func(pipe redis.Pipeliner) error {
		pipe.Set(limited, r.base+"look", noListing, r.opts.NegativeTTL)
		pipe.Get(limited, r.base+"look")
		return nil
	})
	if errors.Is(err, redis.Nil) { // evicted or expired in between
		return nil
	}
	return err
}
