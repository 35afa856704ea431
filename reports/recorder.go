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
// Its memory is bounded by shards, steps and seconds, never by requests. A shard takes 160 KB, 31 KB for each class of
// status, 62 KB for each of the first eight steps and 31 more for each class of its status, and at most 138 KB (rather
// 15) for any other step, of which it keeps a thousand; a second takes at most 46 KB (rather 3) and 8 bytes per shard;
// an interval takes at most 46 KB (rather 4) for each step and class of status in it, until there are 100,000 of those.
// An hour of 1,000 requests a second to five steps in eight shards takes 21 MB (BenchmarkHour).
type Recorder struct {
	// Apdex, if not 0, has answers counted by whether their latency is at most so long (satisfied), at most four times
	// as long (tolerated) or longer (frustrated). It is set before the first Shard.
	Apdex time.Duration

	start       atomic.Pointer[time.Time]
	users, peak atomic.Int64 // touched when a user starts or ends, not by requests

	mu                  sync.Mutex // of what follows; shards take it once a second, holding their own
	shards              []*shard
	seconds             []*second   // nil where nothing happened
	requests, successes int64       // sums over seconds
	intervals           []*interval // nil where nothing happened
	braids, mostBraids  int         // histograms they hold, and may hold before the last one takes all that comes
	firstByte           durations   // what takeInterval has brought together
	total               *ledger     // what collect has brought together
	spare               *ledger     // empty; collect swaps it for a shard's
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	return &Recorder{
		total: newLedger(newSparse), spare: newLedger(newDense), firstByte: newSparse(), mostBraids: maxBraids,
	}
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

// takeInterval brings what a shard holds of an interval to the recorder's, and empties it. The shard's mutex is held.
func (r *Recorder) takeInterval(index int, v *interval) {
	if !v.events.any {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.braids += r.interval(index).merge(v)
	v.firstBytes(&r.firstByte)
	v.reset()
}

// interval returns the interval with an index, making it if need be; or the last one, if there are to be no more.
func (r *Recorder) interval(index int) *interval {
	if index >= len(r.intervals) && r.braids >= r.mostBraids {
		index = len(r.intervals) - 1
	}
	if missing := index + 1 - len(r.intervals); missing > 0 {
		r.intervals = append(r.intervals, make([]*interval, missing)...)
	}
	if r.intervals[index] == nil {
		r.intervals[index] = newInterval(newSparse)
		if index >= 2 && r.intervals[index-2] != nil {
			r.intervals[index-2].compact()
		}
	}
	return r.intervals[index]
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
