package reports

import (
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// intervalLength is how long an interval is: as long as Artillery's, since Artillery's report is made of them.
const intervalLength = 10 * time.Second

// Bounds of what the intervals of a run take.
const (
	maxIntervals   = maxSeconds / int(intervalLength/time.Second)
	maxScenarios   = 1000    // whose users are counted apart; those of the rest count with those of none
	maxNames       = 300     // of counters, and of checks, with figures of their own; the rest share otherNames
	maxNameLength  = 1024    // bytes, as in Artillery
	maxBraids      = 100_000 // histograms of all intervals together; what comes later counts into the last interval
	otherNames     = "others"
	withoutOne     = 0 // index in interval.created of users without a scenario; scenario i has index i+1
	satisfied      = 0 // indexes in interval.apdex
	tolerated      = 1
	frustrated     = 2
	toleratedTimes = 4 // what takes up to so many times the threshold is tolerated
)

// interval is what happened in ten seconds, by the time it happened; an answer counts when it is complete.
type interval struct {
	events, samples            span // when something was counted, when a duration was measured
	steps                      []intervalStep
	created                    []int64 // users
	completed, failed, skipped int64   // users
	session                    durations
	broken                     durations // request written → head of answers that did not come whole
	bytesIn                    uint64
	userErrors                 tally[string]
	apdex                      [3]int64
	counters                   map[string]int64
	checks                     map[checkKey]checkCount
	fresh                      func() durations // dense in a shard, sparse in the recorder
}

// intervalStep is one step's part of an interval.
type intervalStep struct {
	errors tally[string]
	braids []braid
}

// braid is the answers of a step that are alike: of one class of status, all followed redirects or none.
type braid struct {
	class     uint16
	followed  bool
	codes     tally[uint16]
	firstByte durations
}

// checkKey names a check.
type checkKey struct{ kind, name string }

type checkCount struct{ passed, failed int64 }

// span is the time from the first to the last of something, since the start.
type span struct {
	first, last time.Duration
	any         bool
}

func (s *span) include(at time.Duration) {
	if !s.any {
		*s = span{at, at, true}
		return
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}

func (s *span) merge(from span) {
	if from.any {
		s.include(from.first)
		s.include(from.last)
	}
}

func newInterval(fresh func() durations) *interval {
	return &interval{
		fresh: fresh, session: fresh(), broken: newSparse(), counters: map[string]int64{}, checks: map[checkKey]checkCount{},
	}
}

// intervalOf returns the interval that a time since the start lies in.
func intervalOf(elapsed time.Duration) int {
	return int(min(max(elapsed/intervalLength, 0), time.Duration(maxIntervals-1)))
}

// add takes a request that ended then. satisfying is the threshold of Apdex; 0: not wanted.
func (v *interval) add(r *attack.Result, ended, satisfying time.Duration) {
	v.events.include(ended)
	step := v.step(r.Step)
	if r.Error != "" {
		addError(&step.errors, r.Error)
		if r.FirstByte > 0 {
			v.broken.add(r.FirstByte)
		}
		return
	}
	v.samples.include(ended)
	v.bytesIn += r.BytesIn
	b := step.braid(min(r.Code/100, 9), r.Followed, v.freshFor(r.Step))
	b.codes.add(r.Code, 1)
	b.firstByte.add(r.FirstByte)
	if satisfying > 0 && !r.Followed {
		v.apdex[rank(r.Latency, satisfying)]++
	}
}

// rank returns which of Apdex' three counts a duration belongs to.
func rank(d, satisfying time.Duration) int {
	switch {
	case d <= satisfying:
		return satisfied
	case d <= toleratedTimes*satisfying:
		return tolerated
	}
	return frustrated
}

func (v *interval) step(i int) *intervalStep {
	i = min(i, maxSteps)
	for len(v.steps) <= i {
		v.steps = append(v.steps, intervalStep{})
	}
	return &v.steps[i]
}

// freshFor returns how to make a histogram of a step.
func (v *interval) freshFor(step int) func() durations {
	if step < quickSteps {
		return v.fresh
	}
	return newSparse
}

func (s *intervalStep) braid(class uint16, followed bool, fresh func() durations) *braid {
	for i := range s.braids {
		if b := &s.braids[i]; b.class == class && b.followed == followed {
			return b
		}
	}
	s.braids = append(s.braids, braid{class: class, followed: followed, firstByte: fresh()})
	return &s.braids[len(s.braids)-1]
}

func (v *interval) userStarted(at time.Duration, scenario int, n int64) {
	v.events.include(at)
	index := scenario + 1
	if scenario < 0 || scenario >= maxScenarios {
		index = withoutOne
	}
	for len(v.created) <= index {
		v.created = append(v.created, 0)
	}
	v.created[index] += n
}

func (v *interval) userEnded(at, session time.Duration, outcome attack.Outcome) {
	switch outcome {
	case attack.Completed:
		v.completed++
		v.samples.include(at)
		v.session.add(session)
	case attack.Failed:
		v.failed++
	default:
		return
	}
	v.events.include(at)
}

func (v *interval) count(name string, n int64) {
	name = known(v.counters, name, otherNames, clipName)
	v.counters[name] += n
}

func (v *interval) check(key checkKey, passed, failed int64) {
	key = known(v.checks, key, checkKey{key.kind, otherNames}, checkKey.clip)
	c := v.checks[key]
	c.passed, c.failed = c.passed+passed, c.failed+failed
	v.checks[key] = c
}

// known returns the key to count under: the key itself if it is counted already or there is room for one more, else
// other. Kinds of checks are few, so others are too.
func known[K comparable, V any](counts map[K]V, key, other K, own func(K) K) K {
	if _, ok := counts[key]; ok {
		return key
	}
	if len(counts) >= maxNames {
		return other
	}
	return own(key)
}

// clipName is a name at most as long as it may be. It may be part of something larger, and so is copied.
func clipName(name string) string { return strings.Clone(name[:min(len(name), maxNameLength)]) }

func (k checkKey) clip() checkKey { return checkKey{clipName(k.kind), clipName(k.name)} }

// merge adds what from holds to v, whose durations are sparse. It returns how many histograms that took.
func (v *interval) merge(from *interval) (braids int) {
	v.events.merge(from.events)
	v.samples.merge(from.samples)
	for i := range from.steps {
		step := v.step(i)
		step.errors.merge(from.steps[i].errors)
		had := len(step.braids)
		for j := range from.steps[i].braids {
			b := &from.steps[i].braids[j]
			if b.firstByte.count == 0 {
				continue // of an interval before
			}
			to := step.braid(b.class, b.followed, newSparse)
			to.codes.merge(b.codes)
			to.firstByte.merge(&b.firstByte)
		}
		braids += len(step.braids) - had
	}
	v.mergeUsers(from)
	v.bytesIn += from.bytesIn
	for i, n := range from.apdex {
		v.apdex[i] += n
	}
	for name, n := range from.counters {
		v.count(name, n)
	}
	for key, c := range from.checks {
		v.check(key, c.passed, c.failed)
	}
	return braids
}

func (v *interval) mergeUsers(from *interval) {
	for i, n := range from.created {
		if n > 0 {
			v.userStarted(from.events.first, i-1, n)
		}
	}
	v.completed += from.completed
	v.failed += from.failed
	v.skipped += from.skipped
	v.session.merge(&from.session)
	v.userErrors.merge(from.userErrors)
}

// firstBytes adds request written → head of all answers, whole or not, to a set that is sparse.
func (v *interval) firstBytes(to *durations) {
	to.merge(&v.broken)
	for i := range v.steps {
		for j := range v.steps[i].braids {
			to.merge(&v.steps[i].braids[j].firstByte)
		}
	}
}

// compact lets go of what v's histograms have to spare.
func (v *interval) compact() {
	v.session.sparse.Compact()
	for i := range v.steps {
		for j := range v.steps[i].braids {
			v.steps[i].braids[j].firstByte.sparse.Compact()
		}
	}
}

// reset empties v and keeps its memory.
func (v *interval) reset() {
	for i := range v.steps {
		step := &v.steps[i]
		step.errors = step.errors[:0]
		for j := range step.braids {
			step.braids[j].codes = step.braids[j].codes[:0]
			step.braids[j].firstByte.reset()
		}
	}
	v.session.reset()
	v.broken.reset()
	clear(v.created)
	clear(v.counters)
	clear(v.checks)
	*v = interval{
		fresh: v.fresh, steps: v.steps, created: v.created, session: v.session, broken: v.broken,
		userErrors: v.userErrors[:0], counters: v.counters, checks: v.checks,
	}
}
