package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxApart is how far apart the starts of runs that ran together may be. Whoever starts generators by one command has
// them begin within a second or two, and machines that ask a time server agree within milliseconds.
const maxApart = 5 * time.Second

// Merger makes one report of those of generators that ran together, as if one had sent it all. Counts add up,
// durations are merged by their histograms: counts, extremes, quantiles and the standard deviation are those that one
// recorder of all requests would have. A mean is at most 1 ns too low, however many reports there are, as theirs are
// rounded down; where merged reports are merged again, that much once more. Seconds and intervals are counted from
// each run's own start. The order of reports changes nothing.
//
// It keeps sums, not reports: as much as one recorder of all that (see Recorder), whatever their number.
type Merger struct {
	// AlignStarts merges runs whatever their clocks say of when they started.
	AlignStarts bool

	first     *shape // of the report that was added first: all others are like it
	sources   []Source
	total     Report // sums, where there is nothing more to them
	durations [5]durations
	classes   map[string]*durations
	custom    map[string]*durations
	steps     []mergedStep
	seconds   []mergedSecond
	intervals []*mergedInterval
	undivided bool // a report has no intervals
	checks    map[checkKey]checkCount
	judged    map[string]bool // thresholds
}

// mergedStep is a step, and what its durations are while they are merged.
type mergedStep struct {
	Step
	latency, response durations
}

// mergedSecond is a second, and its responses.
type mergedSecond struct {
	Second
	response durations
}

// NewMerger returns a merger of no reports.
func NewMerger() *Merger {
	m := &Merger{
		classes: map[string]*durations{}, custom: map[string]*durations{}, checks: map[checkKey]checkCount{},
		judged: map[string]bool{},
	}
	for i := range m.durations {
		m.durations[i] = newSparse()
	}
	m.total = *unknown()
	m.total.complete()
	m.total.Schema = Schema
	return m
}

// Add takes a report, which a file of that name holds. The error says why it cannot be merged with those before it,
// and what can be done instead; the merger is of no use then. The report is not kept.
func (m *Merger) Add(file string, r *Report) error {
	sources := r.sources(file)
	if err := m.accept(file, r, sources); err != nil {
		return err
	}
	m.sources = append(m.sources, sources...)
	m.addCounts(r)
	if err := m.addDurations(r); err != nil {
		return in(file, err)
	}
	if err := m.addSteps(r.Steps); err != nil {
		return in(file, err)
	}
	if err := m.addSeries(r.Series); err != nil {
		return in(file, err)
	}
	if err := m.addIntervals(r.Intervals); err != nil {
		return in(file, err)
	}
	for _, j := range r.Thresholds {
		if j.Origin == "" {
			m.judged[j.Source] = true
		}
	}
	return nil
}

func (m *Merger) addCounts(r *Report) {
	t := &m.total
	t.Duration = max(t.Duration, r.Duration)
	t.Stopped = t.Stopped || r.Stopped
	t.ClosedUsers += r.ClosedUsers
	t.Unsent += r.Unsent
	t.Requests += r.Requests
	t.Responses += r.Responses
	t.Successes += r.Successes
	t.Reconnects += r.Reconnects
	t.Bytes.In += r.Bytes.In
	t.Bytes.Out += r.Bytes.Out
	t.Users.Created += r.Users.Created
	t.Users.Completed += r.Users.Completed
	t.Users.Failed += r.Users.Failed
	t.Users.Skipped += r.Users.Skipped
	t.Users.Peak += r.Users.Peak // at most: they need not have been at work at once
	addAll(t.StatusCodes, r.StatusCodes)
	addAll(t.Errors, r.Errors)
	addAll(t.UserErrors, r.UserErrors)
	addAll(t.Custom.Counters, r.Custom.Counters)
	addAll(t.Custom.Rates, r.Custom.Rates)
	addChecks(m.checks, r.Checks)
}

func addAll(to, from map[string]int64) {
	for key, n := range from {
		to[key] += n
	}
}

func addChecks(to map[checkKey]checkCount, from []Check) {
	for _, c := range from {
		key := checkKey{c.Kind, c.Name}
		count := to[key]
		to[key] = checkCount{count.passed + c.Passed, count.failed + c.Failed}
	}
}

func (m *Merger) addSteps(steps []Step) error {
	for i, s := range steps {
		if i == len(m.steps) {
			m.steps = append(m.steps, mergedStep{
				Step{
					Scenario: s.Scenario, Step: s.Step, Method: s.Method, URL: s.URL,
					StatusCodes: map[string]int64{}, Errors: map[string]int64{},
				}, newSparse(), newSparse(),
			})
		}
		to := &m.steps[i]
		to.Requests += s.Requests
		to.Successes += s.Successes
		addAll(to.StatusCodes, s.StatusCodes)
		addAll(to.Errors, s.Errors)
		if err := to.latency.take(s.Latency.durations()); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if err := to.response.take(s.Response.durations()); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func (m *Merger) addSeries(series []Second) error {
	for i, s := range series {
		if i == len(m.seconds) {
			m.seconds = append(m.seconds, mergedSecond{
				Second{At: s.At, StatusCodes: map[string]int64{}, Errors: map[string]int64{}}, newSparse(),
			})
		}
		to := &m.seconds[i]
		to.Offered += s.Offered
		to.Requests += s.Requests
		to.Successes += s.Successes
		to.Users += s.Users
		addAll(to.StatusCodes, s.StatusCodes)
		addAll(to.Errors, s.Errors)
		if s.ResponseHDR == nil {
			continue
		}
		histogram, err := decode(*s.ResponseHDR)
		if err == nil {
			err = to.response.take(&durations{sparse: histogram, count: histogram.TotalCount()}, nil)
		}
		if err != nil {
			return fmt.Errorf("second %d: %w", i, err)
		}
	}
	return nil
}

// Report returns what the reports are together. Thresholds that any of them was judged by are judged anew; what a
// script's ensure made of each is not. It panics if there are none.
func (m *Merger) Report() *Report {
	enc, r := newEncoder(), m.total
	slices.SortFunc(m.sources, compareSources)
	m.identify(&r)
	if r.Requests > 0 {
		r.SuccessRatio = new(float64(r.Successes) / float64(r.Requests))
	}
	for i, d := range []*Distribution{&r.Latency, &r.Response, &r.Lag, &r.FirstByte, &r.Session} {
		*d = enc.distribution(&m.durations[i])
	}
	r.ResponseByClass, r.Custom.Histograms = enc.named(m.classes), enc.named(m.custom)
	for i := range m.steps {
		s := m.steps[i].Step
		s.Latency, s.Response = enc.distribution(&m.steps[i].latency), enc.distribution(&m.steps[i].response)
		r.Steps = append(r.Steps, s)
	}
	r.Series = m.series(enc)
	r.RPS = ratesOf(r.Duration, r.Successes, m.perSecond(func(s *Second) int64 { return s.Successes }))
	r.AnsweredRPS = ratesOf(r.Duration, r.Responses, m.perSecond(func(s *Second) int64 { return s.Requests - sum(s.Errors) }))
	r.Intervals = m.mergedIntervals(enc)
	r.Checks = listChecks(m.checks)
	r.Generator = mergedGenerator(&r)
	r.Warnings = []string{}
	r.Judge(m.thresholds())
	r.Warnings = append(r.Warnings, m.warnings(r.Warnings)...)
	return &r
}

func (m *Merger) series(enc *encoder) []Second {
	series := []Second{}
	for i := range m.seconds {
		s := m.seconds[i].Second
		if hdr := enc.hdr(&m.seconds[i].response); hdr != "" {
			s.ResponseHDR = &hdr
		}
		series = append(series, s)
	}
	return series
}

func (m *Merger) perSecond(of func(*Second) int64) func(counts []int64) {
	return func(counts []int64) {
		for i := range min(len(counts), len(m.seconds)) {
			counts[i] = of(&m.seconds[i].Second)
		}
	}
}

// thresholds returns those that any report was judged by, in the order of their texts.
func (m *Merger) thresholds() (all []Threshold) {
	for _, source := range slices.Sorted(maps.Keys(m.judged)) {
		if t, err := parseThreshold(source); err == nil { // else it is of a newer imgsvc, and cannot be judged here
			all = append(all, t)
		}
	}
	return all
}
