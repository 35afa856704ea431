package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// mergedInterval is an interval while it is put together.
type mergedInterval struct {
	Interval // counts
	session  durations
	checks   map[checkKey]checkCount
	steps    map[int]*mergedIntervalStep
}

type mergedIntervalStep struct {
	errors  map[string]int64
	answers map[answersKey]*mergedAnswers
}

// answersKey tells the answers of a step apart.
type answersKey struct {
	class    int // status / 100, as a recorder has it
	followed bool
}

type mergedAnswers struct {
	codes     map[string]int64
	firstByte durations
}

// addIntervals adds a run's. If it has none, as it is older than they are, neither has the merged report.
func (m *Merger) addIntervals(intervals []Interval) error {
	m.undivided = m.undivided || intervals == nil
	if m.undivided {
		m.intervals = nil
		return nil
	}
	for i := range intervals {
		if i == len(m.intervals) {
			m.intervals = append(m.intervals, newMergedInterval(i))
		}
		if err := m.intervals[i].add(&intervals[i]); err != nil {
			return fmt.Errorf("interval %d: %w", i, err)
		}
	}
	return nil
}

func newMergedInterval(index int) *mergedInterval {
	return &mergedInterval{
		Interval: Interval{
			At: time.Duration(index) * intervalLength, Users: IntervalUsers{ByScenario: map[string]int64{}},
			UserErrors: map[string]int64{}, Counters: map[string]int64{},
		},
		session: newSparse(), checks: map[checkKey]checkCount{}, steps: map[int]*mergedIntervalStep{},
	}
}

func (v *mergedInterval) add(from *Interval) error {
	v.Sent += from.Sent
	v.SentAt = bothSpans(v.SentAt, from.SentAt)
	v.EventsAt = bothSpans(v.EventsAt, from.EventsAt)
	v.SamplesAt = bothSpans(v.SamplesAt, from.SamplesAt)
	v.Users.Created += from.Users.Created
	v.Users.Completed += from.Users.Completed
	v.Users.Failed += from.Users.Failed
	v.Users.Skipped += from.Users.Skipped
	addAll(v.Users.ByScenario, from.Users.ByScenario)
	v.BytesIn += from.BytesIn
	addAll(v.UserErrors, from.UserErrors)
	addAll(v.Counters, from.Counters)
	addChecks(v.checks, from.Checks)
	for i := range from.Steps {
		if err := v.addStep(&from.Steps[i]); err != nil {
			return err
		}
	}
	return v.session.take(from.Session.durations())
}

// bothSpans returns the span over two, either of which may be missing.
func bothSpans(a, b *Span) *Span {
	var all span
	all.mergeSpan(a)
	all.mergeSpan(b)
	return all.report()
}

func (v *mergedInterval) addStep(from *IntervalStep) error {
	step := v.steps[from.Step]
	if step == nil {
		step = &mergedIntervalStep{errors: map[string]int64{}, answers: map[answersKey]*mergedAnswers{}}
		v.steps[from.Step] = step
	}
	addAll(step.errors, from.Errors)
	for i := range from.Answers {
		key := from.Answers[i].key()
		answers := step.answers[key]
		if answers == nil {
			answers = &mergedAnswers{codes: map[string]int64{}, firstByte: newSparse()}
			step.answers[key] = answers
		}
		addAll(answers.codes, from.Answers[i].StatusCodes)
		if err := answers.firstByte.take(from.Answers[i].FirstByte.durations()); err != nil {
			return err
		}
	}
	return nil
}

// key returns what the answers have in common, by the lowest of their statuses.
func (a *Answers) key() answersKey {
	lowest := 999
	for text := range a.StatusCodes {
		if code, err := strconv.Atoi(text); err == nil {
			lowest = min(lowest, code)
		}
	}
	return answersKey{lowest / 100, a.Followed}
}

// mergedIntervals returns the intervals as they are written; nil if a report had none.
func (m *Merger) mergedIntervals(enc *encoder) []Interval {
	if m.undivided {
		return nil
	}
	intervals := []Interval{}
	for _, v := range m.intervals {
		intervals = append(intervals, v.report(enc))
	}
	return intervals
}

func (v *mergedInterval) report(enc *encoder) Interval {
	out := v.Interval
	out.Checks = listChecks(v.checks)
	if v.session.count > 0 {
		out.Session = enc.samples(&v.session)
	}
	for _, i := range slices.Sorted(maps.Keys(v.steps)) {
		step := IntervalStep{Step: i, Errors: v.steps[i].errors}
		keys := slices.SortedFunc(maps.Keys(v.steps[i].answers), func(a, b answersKey) int {
			return cmp.Or(cmp.Compare(a.class, b.class), compareBools(a.followed, b.followed))
		})
		for _, key := range keys {
			a := v.steps[i].answers[key]
			step.Answers = append(step.Answers, Answers{key.followed, a.codes, enc.samples(&a.firstByte)})
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
