package reports

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// Recorder is an attack.Sink that ends in a Report. The order of calls is:
//
//  1. Shard, a few times per core, and Begin, once; its time may lie ahead, at the end of the warm-up
//  2. the shards' methods, from any goroutines; meanwhile Snapshot and SoFar, once a second or less
//  3. Report, when all shards have come to rest
//
// Its memory is bounded by shards, steps and seconds, never by requests. A shard takes 155 KB, 31 KB for each class of
// status, 62 KB for each of the first eight steps and at most 92 KB (rather 10) for any other, of which it keeps a
// thousand; a second takes at most 46 KB (rather 3) and 8 bytes per shard. An hour of 1,000 requests a second to five
// steps in eight shards takes 13 MB (BenchmarkHour).
type Recorder struct {
	start       atomic.Pointer[time.Time]
	users, peak atomic.Int64 // touched when a user starts or ends, not by requests

	mu                  sync.Mutex // of what follows; shards take it once a second, holding their own
	shards              []*shard
	seconds             []*second // nil where nothing happened
	requests, successes int64     // sums over seconds
	total               *ledger   // what collect has brought together
	spare               *ledger   // empty; collect swaps it for a shard's
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	return &Recorder{total: newLedger(newSparse), spare: newLedger(newDense)}
}

// Shard implements attack.Sink.
func (r *Recorder) Shard() attack.Shard {
	s := newShard(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shards = append(r.shards, s)
	return s
}

// Begin implements attack.Sink. Requests of before that time count into the first second; a measurement without
// Begin panics.
func (r *Recorder) Begin(started time.Time) { r.start.Store(&started) }

func (r *Recorder) since(t time.Time) time.Duration { return t.Sub(*r.start.Load()) }

// userStarted and userEnded keep the number of users at work, and the most there were after the warm-up: the number
// is highest after a start or, of those who started before, until an end.
func (r *Recorder) userStarted(elapsed time.Duration) { r.sawUsers(elapsed, r.users.Add(1)) }

func (r *Recorder) userEnded(elapsed time.Duration) { r.sawUsers(elapsed, r.users.Add(-1)+1) }

func (r *Recorder) sawUsers(elapsed time.Duration, users int64) {
	if elapsed < 0 {
		return
	}
	for peak := r.peak.Load(); users > peak && !r.peak.CompareAndSwap(peak, users); {
		peak = r.peak.Load()
	}
}

// take brings what a window holds to its second, and empties it. The shard's mutex is held.
func (r *Recorder) take(w *window) {
	if w.requests == 0 && w.users == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests += w.requests
	r.successes += w.successes
	r.second(w.index).merge(&w.second)
	w.reset()
}

// second returns the second with an index, making it if need be. A new one also lets go of what the one before last
// has to spare: all but stragglers have come to it.
func (r *Recorder) second(index int) *second {
	if missing := index + 1 - len(r.seconds); missing > 0 {
		r.seconds = append(r.seconds, make([]*second, missing)...)
	}
	if r.seconds[index] == nil {
		r.seconds[index] = &second{response: newSparse()}
		if index >= 2 && r.seconds[index-2] != nil {
			r.seconds[index-2].response.sparse.Compact()
		}
	}
	return r.seconds[index]
}

// collectSeconds brings in what the shards hold of each second.
func (r *Recorder) collectSeconds() {
	r.mu.Lock()
	shards := slices.Clone(r.shards)
	r.mu.Unlock()
	for _, s := range shards {
		s.mu.Lock()
		for i := range s.windows {
			r.take(&s.windows[i])
		}
		s.mu.Unlock()
	}
}

// collect brings in all that the shards hold. A shard's ledger is swapped for an empty one, so that its workers wait
// no longer than that takes.
func (r *Recorder) collect() {
	r.collectSeconds()
	r.mu.Lock()
	shards, spare := slices.Clone(r.shards), r.spare
	r.spare = nil // a second collect at the same time makes its own
	r.mu.Unlock()
	if spare == nil {
		spare = newLedger(newDense)
	}
	for _, s := range shards {
		s.mu.Lock()
		s.ledger, spare = spare, s.ledger
		s.mu.Unlock()
		r.mu.Lock()
		r.total.merge(spare)
		r.mu.Unlock()
		spare.reset()
	}
	r.mu.Lock()
	r.spare = spare
	r.mu.Unlock()
}
