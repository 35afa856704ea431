package reports

import (
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// Bounds of what a run can make a recorder keep.
const (
	maxSeconds    = 7 * 24 * 3600 // what comes later counts into the last one
	maxSteps      = 1000          // with figures of their own; the rest share one row
	quickSteps    = 8             // whose durations a shard keeps where adding is quickest
	maxErrorKinds = 100           // with a count of their own; the rest share otherErrors
	otherErrors   = "OTHER"
)

// step is what was measured of one step of the script. Every request belongs to a step, so the run's own outcome,
// latency and response are the sums over its steps.
type step struct {
	outcome
	latency, response durations
}

// second is what was measured of requests that ended in one second.
type second struct {
	outcome
	users    int64 // started minus ended
	response durations
}

func (s *second) add(r *attack.Result) {
	s.outcome.add(r)
	if r.Error == "" {
		s.response.add(r.Response())
	}
}

func (s *second) merge(from *second) {
	s.outcome.merge(&from.outcome)
	s.users += from.users
	s.response.merge(&from.response)
}

func (s *second) reset() {
	s.outcome.reset()
	s.users = 0
	s.response.reset()
}

// ledger is what was measured of a whole run, but for what a second holds.
type ledger struct {
	fresh                      func() durations // dense or sparse
	steps                      []step
	offered                    []int64 // by second of due time
	sent                       []sent  // by interval
	lag, session               durations
	classes                    [10]*durations // response by status / 100; nil until there is one
	bytesIn, bytesOut          uint64
	unsent                     int64
	created, completed, failed int64 // users
}

func newLedger(fresh func() durations) *ledger {
	return &ledger{fresh: fresh, lag: fresh(), session: fresh()}
}

// add takes a request that was due in second due.
func (l *ledger) add(r *attack.Result, due int) {
	l.offer(due)
	l.lag.add(r.Lag)
	l.bytesIn += r.BytesIn
	l.bytesOut += r.BytesOut
	step := l.step(r.Step)
	step.add(r)
	if r.Error == "" {
		step.latency.add(r.Latency)
		step.response.add(r.Response())
		l.class(int(r.Code / 100)).add(r.Response())
	}
}

func (l *ledger) offer(due int) {
	l.growOffered(due + 1)
	l.offered[due]++
}

// sent is the requests that left in an interval.
type sent struct {
	n  int64
	at span
}

// left counts a request that left then.
func (l *ledger) left(at time.Duration) {
	i := intervalOf(at)
	l.growSent(i + 1)
	l.sent[i].n++
	l.sent[i].at.include(max(at, 0))
}

func (l *ledger) growSent(n int) {
	if missing := n - len(l.sent); missing > 0 {
		l.sent = append(l.sent, make([]sent, missing)...)
	}
}

func (l *ledger) growOffered(n int) {
	if missing := n - len(l.offered); missing > 0 {
		l.offered = append(l.offered, make([]int64, missing)...)
	}
}

func (l *ledger) step(i int) *step {
	i = min(i, maxSteps)
	for len(l.steps) <= i {
		fresh := newSparse
		if len(l.steps) < quickSteps {
			fresh = l.fresh
		}
		l.steps = append(l.steps, step{latency: fresh(), response: fresh()})
	}
	return &l.steps[i]
}

func (l *ledger) class(i int) *durations {
	i = min(i, len(l.classes)-1)
	if l.classes[i] == nil {
		d := l.fresh()
		l.classes[i] = &d
	}
	return l.classes[i]
}

func (l *ledger) userEnded(session time.Duration, outcome attack.Outcome) {
	switch outcome {
	case attack.Completed:
		l.completed++
		l.session.add(session)
	case attack.Failed:
		l.failed++
	}
}

// merge adds what from holds to l, whose durations are sparse.
func (l *ledger) merge(from *ledger) {
	for i := range from.steps {
		step := l.step(i)
		step.outcome.merge(&from.steps[i].outcome)
		step.latency.merge(&from.steps[i].latency)
		step.response.merge(&from.steps[i].response)
	}
	l.growOffered(len(from.offered))
	for i, n := range from.offered {
		l.offered[i] += n
	}
	l.growSent(len(from.sent))
	for i := range from.sent {
		l.sent[i].n += from.sent[i].n
		l.sent[i].at.merge(from.sent[i].at)
	}
	l.lag.merge(&from.lag)
	l.session.merge(&from.session)
	for i, class := range from.classes {
		if class != nil {
			l.class(i).merge(class)
		}
	}
	l.bytesIn += from.bytesIn
	l.bytesOut += from.bytesOut
	l.unsent += from.unsent
	l.created += from.created
	l.completed += from.completed
	l.failed += from.failed
}

// reset empties l and keeps its memory.
func (l *ledger) reset() {
	for i := range l.steps {
		l.steps[i].outcome.reset()
		l.steps[i].latency.reset()
		l.steps[i].response.reset()
	}
	for _, class := range l.classes {
		if class != nil {
			class.reset()
		}
	}
	l.lag.reset()
	l.session.reset()
	*l = ledger{
		fresh: l.fresh, steps: l.steps, offered: l.offered[:0], sent: l.sent[:0], classes: l.classes,
		lag: l.lag, session: l.session,
	}
}
