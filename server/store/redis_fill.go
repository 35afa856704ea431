package store

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

// fill is an entry to be written. Without a value it is the note that there is no such listing.
type fill struct {
	key   string
	lease string // who may write it
	value []byte
	ttl   time.Duration
}

// fillBatch is how many entries go to Redis in one round trip at most: 4 MiB of the largest listings.
const fillBatch = 64

// jittered returns between nine tenths of ttl and all of it, so that what was filled in one burst does not end in one.
func jittered(ttl time.Duration) time.Duration { return ttl - rand.N(ttl/10+1) }

// fill leaves an entry to be written, or drops it: a reader never waits for Redis to take it.
func (r *Redis) fill(f fill) {
	if f.lease == "" {
		return // Redis is down, or somebody else is about to fill it
	}
	if r.health.down.Load() {
		r.counts.dropped.Add(1)
		return
	}
	select {
	case r.fills <- f:
	default:
		r.counts.dropped.Add(1)
	}
}

// fillUntilStopped writes entries in batches of what has come together.
func (r *Redis) fillUntilStopped() {
	batch := make([]fill, 0, fillBatch)
	for {
		select {
		case <-r.done.Done():
			return
		case first := <-r.fills:
			batch = r.gather(append(batch[:0], first))
		}
		r.write(batch)
		clear(batch)
	}
}

// gather adds what waits already.
func (r *Redis) gather(batch []fill) []fill {
	for len(batch) < fillBatch {
		select {
		case f := <-r.fills:
			batch = append(batch, f)
		default:
			return batch
		}
	}
	return batch
}

// write writes a batch in one round trip. A Redis that refuses it, for want of memory say, is given up as one that
// does not answer: State then says why.
func (r *Redis) write(batch []fill) {
	if r.health.down.Load() {
		r.counts.dropped.Add(uint64(len(batch)))
		return
	}
	limited, cancel := context.WithTimeout(r.done, r.opts.Timeout)
	defer cancel()
	pipe := r.client.Pipeline()
	done := make([]*redis.Cmd, len(batch))
	for i, f := range batch {
		done[i] = f.queue(limited, pipe)
	}
	if _, err := pipe.Exec(limited); err != nil {
		r.counts.failures.Add(1)
		r.counts.dropped.Add(uint64(len(batch)))
		r.giveUp(err)
		return
	}
	for _, cmd := range done {
		if n, _ := cmd.Int(); n == 1 {
			r.counts.filled.Add(1)
		} else {
			r.counts.refused.Add(1)
		}
	}
}
