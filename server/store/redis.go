package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

// Redis is a finder in front of a finder that keeps listings in a Redis that several services may share. It asks
// Redis, then the next finder, and fills Redis behind the caller's back. Whatever is wrong with Redis costs time at
// most: no error of it ever becomes the answer to a read.
//
// Concurrent reads of one listing share one GET, reads of different listings share a round trip (AutoPipeline), and
// of the reads that miss one listing one asks the next finder. So a reader may be handed what was in Redis up to one
// round trip before it asked.
type Redis struct {
	next   finder
	client redis.UniversalClient
	reads  *redis.AutoPipeliner
	base   string                 // what keys begin with, up to the generation
	prefix atomic.Pointer[string] // what keys begin with
	opts   RedisOptions

	flights  atomic.Pointer[flights]
	fills    chan fill
	window   atomic.Pointer[window]
	health   health
	counts   redisCounts
	watching watching

	stop context.CancelFunc // ends what runs in the background
	done context.Context    // ended by stop; for the goroutines of this tier alone
	work workers
}

// flights are the questions under way, of Redis and of the next finder.
type flights struct{ reading, loading singleflight.Group }

// RedisOptions are what can be chosen about the tier. A zero field means the default given here.
type RedisOptions struct {
	Timeout     time.Duration // of one read or one batch of fills, from call to answer; default 100 ms
	Cooldown    time.Duration // between looks at a Redis that failed, which is not asked meanwhile; default 500 ms
	TTL         time.Duration // of a listing, at most; each has up to a tenth less; default 1 h
	NegativeTTL time.Duration // of the note that there is no such listing; default 5 s
	LeaseTTL    time.Duration // from a read's miss to its fill, at most; see redis_lease.go; default 3 s
	FillQueue   int           // fills that wait, of up to 64 KiB each; further ones are dropped; default 256

	Generations Generations   // of the store; nil: it is never written to
	PollEvery   time.Duration // between two looks at the generation; default 1 s

	// State is told each change: an error when Redis is given up, nil when it is back. It may be called from several
	// goroutines, never from two at once; nil: nobody is told. No error holds a password.
	State func(error)
}

func (o RedisOptions) withDefaults() RedisOptions {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.Timeout, 100 * time.Millisecond}, {&o.Cooldown, 500 * time.Millisecond},
		{&o.TTL, time.Hour}, {&o.NegativeTTL, 5 * time.Second}, {&o.LeaseTTL, 3 * time.Second},
		{&o.PollEvery, pollEvery},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.FillQueue == 0 {
		o.FillQueue = 256
	}
	if o.State == nil {
		o.State = func(error) {}
	}
	return o
}

// OpenRedis returns a cache in front of next in the Redis at url (see RedisURLForms), for the store that meta
// describes: two different stores never share a key. A Redis that cannot be reached is no error: State is told, and
// the tier joins in when Redis does. It must be closed.
func OpenRedis(next finder, url string, meta Meta, opts RedisOptions) (*Redis, error) {
	opts = opts.withDefaults()
	client, err := newRedisClient(url, opts.Timeout)
	if err != nil {
		return nil, err
	}
	reads, err := client.AsyncAutoPipelineWithOptions(readPipeline())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the cache in Redis: %w", err), client.Close())
	}
	r := &Redis{
		next: next, client: client, reads: reads, opts: opts, base: keyPrefix(meta),
		fills: make(chan fill, opts.FillQueue),
	}
	r.done, r.stop = context.WithCancel(context.Background())
	r.watching.turn = make(chan struct{}, 1)
	r.flights.Store(new(flights))
	if err := r.firstGeneration(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := r.look(); err != nil {
		r.giveUp(err)
	}
	r.work.start(r.fillUntilStopped)
	return r, nil
}

// keyPrefix returns what all keys of a store begin with, up to its generation. The encoding's version is part of it, so
// that services of two versions can share a Redis while one replaces the other.
func keyPrefix(m Meta) string {
	return fmt.Sprintf("imgsvc:e%d:g%d:s%d:n%d:", encodingVersion, m.Generator, m.Seed, m.Records)
}

func (r *Redis) key(id int64) string {
	var buf [96]byte // enough for any prefix and id; a longer one would be moved to the heap
	return string(strconv.AppendInt(append(buf[:0], *r.prefix.Load()...), id, 10))
}

// FindListing returns the listing with this id, from Redis if it is there.
func (r *Redis) FindListing(ctx context.Context, id int64) (Listing, error) {
	key := r.key(id)
	if !r.health.down.Load() {
		found := r.read(key)
		switch found.state {
		case hit:
			r.counts.hits.Add(1)
			return found.listing, nil
		case absent:
			r.counts.hits.Add(1)
			return Listing{}, fmt.Errorf("find listing %d: %w", id, ErrNotFound)
		}
		r.counts.misses.Add(1)
		return r.load(ctx, id, key, found.state == miss)
	}
	r.counts.skipped.Add(1)
	return r.load(ctx, id, key, false)
}

// load asks the next finder, once for all who miss the same listing at the same time, and leaves the answer to be
// filled in, unless it is not to be or somebody else is about to. Each waits for no longer than its own context lasts; the
// one question goes on without them, for as long as the next finder lets it.
func (r *Redis) load(ctx context.Context, id int64, key string, fills bool) (Listing, error) {
	flight := r.flights.Load().loading.DoChan(key, func() (any, error) {
		if !r.work.add() {
			return nil, fmt.Errorf("find listing %d: %w", id, redis.ErrClosed)
		}
		defer r.work.finish()
		lease := ""
		if fills {
			lease = r.lease(key)
		}
		listing, err := r.next.FindListing(context.WithoutCancel(ctx), id)
		if err != nil {
			if errors.Is(err, ErrNotFound) {
				r.fill(fill{key: key, lease: lease, ttl: r.opts.NegativeTTL})
			}
			return nil, err
		}
		r.fill(fill{key: key, lease: lease, value: listing.raw, ttl: jittered(r.opts.TTL)})
		return listing.WithTag(), nil
	})
	select {
	case answer := <-flight:
		if answer.Err != nil {
			return Listing{}, answer.Err
		}
		return answer.Val.(Listing), nil
	case <-ctx.Done():
		return Listing{}, fmt.Errorf("find listing %d: %w", id, ctx.Err())
	}
}

// Close ends the tier and waits for what it started: loads, fills and looks at a Redis that failed. Fills that still
// wait are dropped.
func (r *Redis) Close() error {
	r.stop()
	r.work.close()
	return errors.Join(r.reads.Close(), r.client.Close())
}

// workers counts goroutines and flights, and refuses new ones once it is closed.
type workers struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// add says whether one more may work; it must then call finish.
func (w *workers) add() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.group.Add(1)
	}
	return !w.closed
}

func (w *workers) finish() { w.group.Done() }

// start runs work in a goroutine, unless it is too late.
func (w *workers) start(work func()) bool {
	if !w.add() {
		return false
	}
	go func() {
		defer w.finish()
		work()
	}()
	return true
}

func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.group.Wait()
}

// redisCounts are counted by every read.
type redisCounts struct {
	hits, misses, skipped, failures, corrupt, filled, dropped atomic.Uint64
	refused, forgotten, told, generations                     atomic.Uint64
}

// RedisStats are counts since the tier was opened, and its state now.
type RedisStats struct {
	Hits     uint64 // reads answered, also those with the note that there is no such listing
	Misses   uint64 // reads that were passed on, for want of an entry or of an answer
	Skipped  uint64 // reads that were passed on unasked, while Redis was given up
	Failures uint64 // calls of Redis that failed, reads and fills
	Corrupt  uint64 // entries that were not a whole listing
	Filled   uint64 // entries written
	Dropped  uint64 // entries not written: the queue was full, or Redis failed
	Up       bool

	Refused     uint64 // entries not written: the listing may have changed since it was read
	Forgotten   uint64 // entries removed because this service wrote, and the others told
	Told        uint64 // listings that another service, or this one, said it wrote
	Generations uint64 // how often all entries became past
	Listening   bool   // whether this service hears what others write
}

// Stats returns the counts.
func (r *Redis) Stats() RedisStats {
	c := &r.counts
	return RedisStats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Skipped: c.skipped.Load(), Failures: c.failures.Load(),
		Corrupt: c.corrupt.Load(), Filled: c.filled.Load(), Dropped: c.dropped.Load(), Up: !r.health.down.Load(),
		Refused: c.refused.Load(), Forgotten: c.forgotten.Load(), Told: c.told.Load(), Generations: c.generations.Load(),
		Listening: r.watching.live.Load(),
	}
}
