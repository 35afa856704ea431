package store

import (
	"context"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
)

// finder is what Cached and Deadline stand in front of: a database, or another of their kind.
type finder interface {
	FindListing(ctx context.Context, id int64) (Listing, error)
}

// Cached is a finder in front of a finder. It keeps the listings that were asked for most, in the memory of this
// process, and asks the next finder for the others, once however many callers wait for the same one. Answers
// without a listing are never kept, neither ErrNotFound nor any other error.
type Cached struct {
	memory *otter.Cache[int64, Listing]
	load   otter.Loader[int64, Listing]
	age    age
}

// CacheStats are counts since the cache was made, and what it holds now.
type CacheStats struct {
	Hits, Misses, Evictions uint64
	Entries                 int
	Bytes                   uint64 // of the heap, see NewCached

	Forgotten uint64 // calls of Forget
	Flushed   uint64 // calls of ForgetAll
	Renewed   uint64 // listings that were asked for again because they were too old
}

// entryOverhead is what one entry takes besides its encoded bytes: the cache's node, its places in the table and the
// sketch of frequencies, and the entity tag. 145 to 170 bytes were measured; TestCachedBound holds it to that.
const entryOverhead = 176

// NewCached returns a cache in front of next that holds at most maxBytes bytes of heap, entries and the cache's own
// tables together. The collector lets the heap of a process grow to about twice what is in use before it cleans up
// (GOGC=100), so that resident memory can be more than that.
func NewCached(next finder, maxBytes int64) *Cached {
	c := &Cached{
		memory: otter.Must(&otter.Options[int64, Listing]{
			MaximumWeight: uint64(max(maxBytes, 0)),
			Weigher:       weigh,
			StatsRecorder: stats.NewCounter(),
		}),
	}
	c.age.epoch = time.Now()
	c.load = otter.LoaderFunc[int64, Listing](func(ctx context.Context, id int64) (Listing, error) {
		asked := c.age.now()
		listing, err := next.FindListing(ctx, id)
		if err != nil {
			return Listing{}, err
		}
		listing.at = asked
		return listing.WithTag(), nil
	})
	return c
}

func weigh(_ int64, l Listing) uint32 { return uint32(cap(l.raw) + entryOverhead) }

// FindListing returns the listing with this id, from memory if it is there. Of several callers that miss the same
// listing one asks the next finder with its own context and the others wait, each for no longer than its own
// context lasts; if the one that asks is cancelled, another takes its place.
func (c *Cached) FindListing(ctx context.Context, id int64) (Listing, error) {
	listing, err := c.memory.Get(ctx, id, c.load)
	if err == nil && listing.at < c.age.oldest() {
		listing, err = c.renew(ctx, id, listing)
	}
	if err != nil {
		return Listing{}, fmt.Errorf("find listing %d: %w", id, err)
	}
	return listing, nil
}

// Stats returns the counts. It may be called at any time and locks for a moment.
func (c *Cached) Stats() CacheStats {
	s := c.memory.Stats()
	return CacheStats{
		Hits:      s.Hits,
		Misses:    s.Misses,
		Evictions: s.Evictions,
		Entries:   c.memory.EstimatedSize(),
		Bytes:     c.memory.WeightedSize(),
		Forgotten: c.age.forgotten.Load(),
		Flushed:   c.age.flushed.Load(),
		Renewed:   c.age.renewed.Load(),
	}
}
