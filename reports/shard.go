package reports

import (
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// shard is one place of several to add measurements to. Its mutex is its own: whoever adds to another shard never
// waits for it.
type shard struct {
	recorder *Recorder
	mu       sync.Mutex
	ledger   *ledger
	windows  [2]window // the two seconds last added to: second n is in windows[n%2]
	current  *interval // the one last added to
	index    int       // current's
}

// window is the part of one second that has not been handed to the recorder yet.
type window struct {
	index int
	second
}

func newShard(r *Recorder) *shard {
	s := &shard{recorder: r, ledger: newLedger(newDense), current: newInterval(newDense)}
	for i := range s.windows {
		s.windows[i] = window{index: i, second: second{response: newDense()}}
	}
	return s
}

// Add implements attack.Shard.
func (s *shard) Add(r *attack.Result) {
	sent := s.recorder.since(r.Timestamp)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window(secondOf(sent + r.Latency)).add(r)
	s.ledger.add(r, secondOf(sent-r.Lag))
	s.ledger.left(sent)
	s.interval(sent+r.Latency).add(r, sent+r.Latency, s.recorder.Apdex)
}

// Unsent implements attack.Shard.
func (s *shard) Unsent(due time.Time) {
	at := secondOf(s.recorder.since(due))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.unsent++
	s.ledger.offer(at)
}

// UserStarted implements attack.Shard.
func (s *shard) UserStarted(at time.Time, scenario int) {
	elapsed := s.recorder.since(at)
	s.recorder.userStarted(elapsed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window(secondOf(elapsed)).users++
	if elapsed >= 0 {
		s.ledger.created++
		s.interval(elapsed).userStarted(elapsed, scenario, 1)
	}
}

// UserEnded implements attack.Shard. A user of the warm-up counts as created if it is still at work at its end.
func (s *shard) UserEnded(at time.Time, session time.Duration, outcome attack.Outcome) {
	elapsed := s.recorder.since(at)
	s.recorder.userEnded(elapsed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window(secondOf(elapsed)).users--
	if elapsed < 0 {
		return
	}
	if elapsed < session {
		s.ledger.created++
		s.interval(elapsed).userStarted(elapsed, attack.NoScenario, 1)
	}
	s.ledger.userEnded(session, outcome)
	s.interval(elapsed).userEnded(elapsed, session, outcome)
}

// UserSkipped implements attack.Shard.
func (s *shard) UserSkipped(at time.Time) {
	s.tell(at, func(v *interval) { v.skipped++ })
}

// UserError implements attack.Shard.
func (s *shard) UserError(at time.Time, key string) {
	s.tell(at, func(v *interval) { addError(&v.userErrors, key) })
}

// Count implements attack.Shard.
func (s *shard) Count(at time.Time, name string, n int64) {
	s.tell(at, func(v *interval) { v.count(name, n) })
}

// Check implements attack.Shard.
func (s *shard) Check(at time.Time, kind, name string, ok bool) {
	s.tell(at, func(v *interval) {
		if ok {
			v.check(checkKey{kind, name}, 1, 0)
			return
		}
		v.check(checkKey{kind, name}, 0, 1)
	})
}

// tell has the interval of a time note something, unless that was in the warm-up.
func (s *shard) tell(at time.Time, note func(*interval)) {
	elapsed := s.recorder.since(at)
	if elapsed < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.interval(elapsed)
	v.events.include(elapsed)
	note(v)
}

// interval returns the interval of a time since the start. It hands over what is in its place if that is another one,
// as window does.
func (s *shard) interval(elapsed time.Duration) *interval {
	if index := intervalOf(elapsed); index != s.index {
		s.recorder.takeInterval(s.index, s.current)
		s.index = index
	}
	return s.current
}

// window returns the window of a second. It hands over what is in its place if that is another second, which
// happens once a second; a straggler of an earlier second is as welcome, and costs one hand-over more.
func (s *shard) window(index int) *window {
	w := &s.windows[index%len(s.windows)]
	if w.index != index {
		s.recorder.take(w)
		w.index = index
	}
	return w
}

// secondOf returns the second that a time since the start lies in.
func secondOf(elapsed time.Duration) int {
	return int(min(max(elapsed/time.Second, 0), maxSeconds-1))
}
