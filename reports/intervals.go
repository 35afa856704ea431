package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Interval is ten seconds of the run, counted from its start: what a report of Artillery's is made of. What did not
// happen in it is left out.
type Interval struct {
	At         time.Duration    `json:"at_ns"`                   // its begin, from the start
	Sent       int64            `json:"sent"`                    // requests that left in it
	SentAt     *Span            `json:"sent_at_ns,omitempty"`    // of those
	EventsAt   *Span            `json:"events_at_ns,omitempty"`  // of all else that is counted here
	SamplesAt  *Span            `json:"samples_at_ns,omitempty"` // of what a duration was measured of
	Users      IntervalUsers    `json:"users"`
	Session    Samples          `json:"session_ns,omitzero"` // of users who came to the end of their scenario in it
	BytesIn    uint64           `json:"bytes_in"`            // of complete answers
	UserErrors map[string]int64 `json:"user_errors,omitempty"`
	Counters   map[string]int64 `json:"counters,omitempty"` // the script's own, and those of Apdex
	Checks     []Check          `json:"checks,omitempty"`
	Steps      []IntervalStep   `json:"steps,omitempty"` // that had answers or errors in it
}

// Span is when the first and the last of something happened, from the start.
type Span struct {
	First time.Duration `json:"first"`
	Last  time.Duration `json:"last"`
}

// IntervalUsers counts virtual users in an interval. ByScenario is of those created, by their scenario's name, or its
// index where it has none.
type IntervalUsers struct {
	Created    int64            `json:"created"`
	ByScenario map[string]int64 `json:"by_scenario,omitempty"`
	Completed  int64            `json:"completed"`
	Failed     int64            `json:"failed"`
	Skipped    int64            `json:"skipped"`
}

// IntervalStep is a step's part of an interval. Step is the index in Report.Steps.
type IntervalStep struct {
	Step    int              `json:"step"`
	Errors  map[string]int64 `json:"errors,omitempty"`
	Answers []Answers        `json:"answers,omitempty"`
}

// Answers are the complete answers of a step with one class of status. Those that are redirects which were followed
// are apart from those that ended their request.
type Answers struct {
	Followed    bool             `json:"followed,omitempty"`
	StatusCodes map[string]int64 `json:"status_codes"`
	FirstByte   Samples          `json:"first_byte_ns"` // request written → response head
}

// Samples is a distribution in few words: its count and extremes, and its histogram, as in Distribution.
type Samples struct {
	Count int64  `json:"count"`
	Min   int64  `json:"min"`
	Mean  int64  `json:"mean"`
	Max   int64  `json:"max"`
	HDR   string `json:"hdr"`
}

// samples sums up d, which is sparse, with its histogram.
func (e *encoder) samples(d *durations) Samples {
	return Samples{Count: d.count, Min: d.min, Mean: d.mean(), Max: d.max, HDR: e.hdr(d)}
}

// collectIntervals brings in what the shards hold of each interval.
func (r *Recorder) collectIntervals() {
	r.mu.Lock()
	shards := slices.Clone(r.shards)
	r.mu.Unlock()
	for _, s := range shards {
		s.mu.Lock()
		r.takeInterval(s.index, s.current)
		s.mu.Unlock()
	}
}

// intervalsOf returns the intervals from the start to the last in which anything happened. r.mu is held.
func (r *Recorder) intervalsOf(scenarios []string, enc *encoder) []Interval {
	intervals := make([]Interval, max(len(r.intervals), len(r.total.sent)))
	for i := range intervals {
		v := &intervals[i]
		if i < len(r.intervals) && r.intervals[i] != nil {
			*v = r.intervals[i].report(scenarios, enc)
		}
		v.At = time.Duration(i) * intervalLength
		if i < len(r.total.sent) {
			v.Sent, v.SentAt = r.total.sent[i].n, r.total.sent[i].at.report()
		}
	}
	return intervals
}

func (s span) report() *Span {
	if !s.any {
		return nil
	}
	return &Span{s.first, s.last}
}

// report returns what v, whose durations are sparse, holds.
func (v *interval) report(scenarios []string, enc *encoder) Interval {
	out := Interval{
		EventsAt: v.events.report(), SamplesAt: v.samples.report(),
		Users:   v.users(scenarios),
		BytesIn: v.bytesIn, UserErrors: redacted(errorCounts(v.userErrors)),
		Counters: v.allCounters(), Checks: listChecks(v.checks),
	}
	if v.session.count > 0 {
		out.Session = enc.samples(&v.session)
	}
	for i := range v.steps {
		if step := v.steps[i].report(i, enc); len(step.Errors)+len(step.Answers) > 0 {
			out.Steps = append(out.Steps, step)
		}
	}
	return out
}

func (v *interval) users(scenarios []string) IntervalUsers {
	users := IntervalUsers{
		ByScenario: map[string]int64{}, Completed: v.completed, Failed: v.failed, Skipped: v.skipped,
	}
	for index, n := range v.created {
		users.Created += n
		if n > 0 && index != withoutOne {
			users.ByScenario[scenarioName(scenarios, index-1)] += n
		}
	}
	return users
}

// scenarioName is the name of a scenario, or its index if it has none, as Artillery calls it.
func scenarioName(names []string, i int) string {
	if i < len(names) && names[i] != "" {
		return redact(names[i])
	}
	return strconv.Itoa(i)
}

func redacted(counts map[string]int64) map[string]int64 {
	clean := map[string]int64{}
	for key, n := range counts {
		clean[redact(key)] += n
	}
	return clean
}

// allCounters returns the script's own counters and those of Apdex.
func (v *interval) allCounters() map[string]int64 {
	counters := redacted(v.counters)
	if v.apdex != [3]int64{} {
		for i, name := range apdexCounters() {
			counters[name] += v.apdex[i]
		}
	}
	return counters
}

func (s *intervalStep) report(index int, enc *encoder) IntervalStep {
	step := IntervalStep{Step: index, Errors: errorCounts(s.errors)}
	slices.SortFunc(s.braids, func(a, b braid) int {
		if a.class != b.class {
			return cmp.Compare(a.class, b.class)
		}
		if a.followed {
			return 1
		}
		return -1
	})
	for i := range s.braids {
		b := &s.braids[i]
		step.Answers = append(step.Answers, Answers{b.followed, codeCounts(b.codes), enc.samples(&b.firstByte)})
	}
	return step
}

// listChecks returns checks by kind and name.
func listChecks(counts map[checkKey]checkCount) []Check {
	checks := []Check{}
	for key, c := range counts {
		checks = append(checks, Check{Kind: key.kind, Name: redact(key.name), Passed: c.passed, Failed: c.failed})
	}
	slices.SortFunc(checks, func(a, b Check) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return checks
}

// emitted returns what the script counted and checked over the whole run, and a warning for each bound it met.
func emitted(intervals []*interval) (map[string]int64, []Check, []string) {
	all := newInterval(newSparse)
	for _, v := range intervals {
		if v == nil {
			continue
		}
		for name, n := range v.counters {
			all.count(name, n)
		}
		for key, c := range v.checks {
			all.check(key, c.passed, c.failed)
		}
		for i, n := range v.apdex {
			all.apdex[i] += n
		}
	}
	return all.allCounters(), listChecks(all.checks), all.boundsMet()
}

func (v *interval) boundsMet() (warnings []string) {
	met := "more than %d different %s: the rest are counted together as " + otherNames
	if len(v.counters) > maxNames {
		warnings = append(warnings, fmt.Sprintf(met, maxNames, "counters"))
	}
	if len(v.checks) > maxNames {
		warnings = append(warnings, fmt.Sprintf(met, maxNames, "checks"))
	}
	return warnings
}
