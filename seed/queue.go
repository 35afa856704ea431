package seed

import (
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// queue hands out ranges of at most batch ids, each id of the given ranges once.
type queue struct {
	mu     sync.Mutex
	ranges []store.Range
	batch  int64
}

// next returns the next range, or false if there is none.
func (q *queue) next() (store.Range, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ranges) == 0 {
		return store.Range{}, false
	}
	first := &q.ranges[0]
	r := store.Range{Lo: first.Lo, Hi: min(first.Lo+q.batch, first.Hi)}
	if first.Lo = r.Hi; first.Len() == 0 {
		q.ranges = q.ranges[1:]
	}
	return r, true
}

// meter counts records as they are done, and tells.
type meter struct {
	mu    sync.Mutex
	tell  func(Progress)
	now   Progress
	start time.Time
	base  int64 // what was done before the start
}

func newMeter(stage string, base int64, opts Options) *meter {
	return &meter{
		tell:  opts.Progress,
		now:   Progress{Stage: stage, Done: base, Total: opts.Records},
		start: time.Now(),
		base:  base,
	}
}

func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Done += n
	if m.tell == nil {
		return
	}
	if seconds := time.Since(m.start).Seconds(); seconds > 0 {
		m.now.Rate = float64(m.now.Done-m.base) / seconds
		m.now.Remaining = time.Duration(float64(m.now.Total-m.now.Done) / m.now.Rate * float64(time.Second))
	}
	m.tell(m.now)
}

func (m *meter) done() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now.Done
}

func (m *meter) elapsed() time.Duration { return time.Since(m.start) }
