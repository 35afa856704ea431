package reports

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// Meta is what the recorder cannot measure: what was run, by its author's names.
type Meta struct {
	Name   string // a label; may be empty
	Script string
	Target string
	Plan   []string   // the load in words, a line a phase
	Steps  []StepName // by attack.Result's Step
	// Scenarios are the names of the script's scenarios, by the index that attack.Shard is told.
	Scenarios []string
	// ByEndpoint says how endpoints are named in Artillery's terms; nil: as in a script that does not ask for them.
	ByEndpoint *ByEndpoint
	Warnings   []string // to be shown with the report
	Version    string   // of imgsvc
}

// AddCeiling tells the report what the generator could have sent.
func (r *Report) AddCeiling(c Ceiling) { r.Generator.CeilingRPS = new(c.RPS) }

// StepName says which step of a script a request belongs to.
type StepName struct {
	Scenario, Step string
	Method, URL    string // the URL's template
}

// Report returns all that was measured. It may only be called when the shards have come to rest.
func (r *Recorder) Report(summary attack.Summary, meta Meta) *Report {
	r.collect()
	r.collectIntervals()
	r.mu.Lock()
	defer r.mu.Unlock()
	duration := max(summary.Duration, 0) // a run stopped in its warm-up ends before it starts
	enc := newEncoder()
	report := r.figures(duration, enc.distribution)
	report.Name, report.Script, report.Target = redact(meta.Name), redact(meta.Script), redact(meta.Target)
	report.Plan = redactAll(meta.Plan)
	report.Protocol = summary.Protocol
	report.StartedAt = summary.Started.Round(0).UTC()
	report.Stopped = summary.Stopped
	report.ClosedUsers = summary.Users
	report.UserErrors = orEmpty(summary.UserErrors)
	report.Reconnects = summary.Reconnects
	report.Users.Skipped = summary.Skipped
	report.Steps = r.steps(meta.Steps, enc)
	report.Endpoints = report.endpoints(meta.ByEndpoint)
	report.Series = r.series(duration, enc)
	report.Intervals = r.intervalsOf(meta.Scenarios, enc)
	counters, checks, met := emitted(r.intervals)
	report.Custom = Custom{counters, map[string]int64{}, map[string]Distribution{}}
	report.Checks = checks
	report.Generator = newGenerator(summary, report.Lag, report.Errors)
	report.Thresholds = []Judgement{}
	report.Warnings = append(r.warnings(meta.Warnings, summary.Warnings), met...)
	report.Environment = Environment{
		Imgsvc: meta.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
	return report
}

// SoFar returns the figures of the run until now, for thresholds to judge while it goes on: a Report without steps,
// series, histograms and whatever comes from the attack's summary. It costs some 10 µs for each shard, and as much
// again for each step in each.
func (r *Recorder) SoFar(now time.Time) *Report {
	if r.start.Load() == nil {
		return &Report{}
	}
	r.collect()
	r.collectIntervals()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.figures(max(r.since(now), 0), (*durations).distribution)
}

// figures returns what there is to say of the run as a whole; sumUp says how to sum up durations. r.mu is held.
func (r *Recorder) figures(duration time.Duration, sumUp func(*durations) Distribution) *Report {
	t := r.total
	all, latency, response := outcome{}, newSparse(), newSparse()
	for i := range t.steps {
		all.merge(&t.steps[i].outcome)
		latency.merge(&t.steps[i].latency)
		response.merge(&t.steps[i].response)
	}
	report := &Report{
		Schema:          Schema,
		Duration:        duration,
		Unsent:          t.unsent,
		Requests:        all.requests,
		Responses:       all.responses(),
		Successes:       all.successes,
		Latency:         sumUp(&latency),
		Response:        sumUp(&response),
		Lag:             sumUp(&t.lag),
		FirstByte:       sumUp(&r.firstByte),
		ResponseByClass: map[string]Distribution{},
		Session:         sumUp(&t.session),
		StatusCodes:     codeCounts(all.codes),
		Errors:          errorCounts(all.errors),
		Bytes:           Bytes{In: t.bytesIn, Out: t.bytesOut},
		Users:           Users{Created: t.created, Completed: t.completed, Failed: t.failed, Peak: r.peak.Load()},
	}
	if all.requests > 0 {
		report.SuccessRatio = new(float64(all.successes) / float64(all.requests))
	}
	for i, class := range t.classes {
		if class != nil {
			report.ResponseByClass[strconv.Itoa(i)+"xx"] = sumUp(class)
		}
	}
	report.RPS = r.rates(duration, all.successes, func(s *second) int64 { return s.successes })
	report.AnsweredRPS = r.rates(duration, all.responses(), func(s *second) int64 { return s.responses() })
	return report
}

// rates returns the mean of total over duration and the best whole seconds of what of picks. r.mu is held.
func (r *Recorder) rates(duration time.Duration, total int64, of func(*second) int64) Rates {
	return ratesOf(duration, total, func(counts []int64) {
		for i := range min(len(counts), len(r.seconds)) {
			if r.seconds[i] != nil {
				counts[i] = of(r.seconds[i])
			}
		}
	})
}

// ratesOf returns the mean of total over duration and the best of its whole seconds, whose counts fill puts in.
func ratesOf(duration time.Duration, total int64, fill func(counts []int64)) Rates {
	counts := make([]int64, min(duration/time.Second, maxSeconds)) // without a last second that is cut short
	fill(counts)
	rates := Rates{Peak1s: peak(counts, 1), Peak10s: peak(counts, 10)}
	if duration > 0 {
		rates.Mean = new(float64(total) / duration.Seconds())
	}
	return rates
}

// peak returns the highest mean of n consecutive counts, or nil if there are fewer.
func peak(counts []int64, n int) *float64 {
	if len(counts) < n {
		return nil
	}
	var sum, best int64
	for i, c := range counts {
		sum += c
		if i >= n {
			sum -= counts[i-n]
		}
		best = max(best, sum) // a sum of fewer than n counts is never above that of the first n
	}
	return new(float64(best) / float64(n))
}

// steps returns the figures of every step there is a name for, whether it was reached or not, and of every other
// that was. r.mu is held.
func (r *Recorder) steps(names []StepName, enc *encoder) []Step {
	steps := []Step{}
	for i := range max(min(len(names), maxSteps), len(r.total.steps)) {
		name := StepName{Step: fmt.Sprintf("step %d", i)}
		switch {
		case i == maxSteps:
			name.Step = "all other steps"
		case i < len(names):
			name = names[i]
		}
		s := r.total.step(i)
		steps = append(steps, Step{
			Scenario: name.Scenario, Step: redact(name.Step), Method: name.Method, URL: redact(name.URL),
			Requests: s.requests, Successes: s.successes,
			StatusCodes: codeCounts(s.codes), Errors: errorCounts(s.errors),
			Latency: enc.distribution(&s.latency), Response: enc.distribution(&s.response),
		})
	}
	return steps
}

// series returns the seconds from the start to the end, those in which nothing happened too. r.mu is held.
func (r *Recorder) series(duration time.Duration, enc *encoder) []Second {
	n := int((duration + time.Second - 1) / time.Second)
	n = max(min(n, maxSeconds), len(r.seconds), len(r.total.offered))
	series := make([]Second, n)
	users := int64(0)
	for i := range series {
		s := &second{response: newSparse()}
		if i < len(r.seconds) && r.seconds[i] != nil {
			s = r.seconds[i]
		}
		users += s.users
		series[i] = Second{
			At: time.Duration(i) * time.Second, Requests: s.requests, Successes: s.successes,
			StatusCodes: codeCounts(s.codes), Errors: errorCounts(s.errors), Users: users,
		}
		if i < len(r.total.offered) {
			series[i].Offered = r.total.offered[i]
		}
		if hdr := enc.hdr(&s.response); hdr != "" {
			series[i].ResponseHDR = &hdr
		}
	}
	return series
}

// warnings returns the attack's own and those about what the recorder could not keep apart. r.mu is held.
func (r *Recorder) warnings(given []string, more []error) []string {
	warnings := []string{}
	for _, w := range given {
		warnings = append(warnings, redact(w))
	}
	for _, w := range more {
		if text := redact(w.Error()); !slices.Contains(warnings, text) {
			warnings = append(warnings, text)
		}
	}
	if n := r.clamped(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("durations longer than an hour count as an hour in quantiles: %d", n))
	}
	if len(r.total.steps) > maxSteps {
		warnings = append(warnings, fmt.Sprintf("the steps after the first %d share one row", maxSteps))
	}
	if r.braids >= r.mostBraids {
		warnings = append(warnings, "the run was too long for intervals of all its steps: the last one holds the rest")
	}
	if len(r.seconds) == maxSeconds {
		warnings = append(warnings, "the series ends after 7 days; what came later is in its last second")
	}
	return warnings
}

func (r *Recorder) clamped() int64 {
	n := r.total.lag.clamped + r.total.session.clamped
	for i := range r.total.steps {
		n += r.total.steps[i].response.clamped
	}
	return n
}
