package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// artilleryReport is the document that artillery run --output writes. Its periods are ours: ten seconds each, counted
// from the start of the run; Artillery's are those of the clock.
type artilleryReport struct {
	Aggregate    artilleryPeriod   `json:"aggregate"`
	Intermediate []artilleryPeriod `json:"intermediate"`
}

// artilleryPeriod is what was measured in a period, or in all. Times are in ms since 1970 and left out where there is
// nothing they could be of. The histograms are the summaries once more, as Artillery has it.
type artilleryPeriod struct {
	Period           any                         `json:"period"` // its begin: a number in the aggregate, else a string
	Counters         map[string]int64            `json:"counters"`
	Rates            map[string]int64            `json:"rates"`
	FirstCounterAt   int64                       `json:"firstCounterAt,omitzero"`
	FirstHistogramAt int64                       `json:"firstHistogramAt,omitzero"`
	LastCounterAt    int64                       `json:"lastCounterAt,omitzero"`
	LastHistogramAt  int64                       `json:"lastHistogramAt,omitzero"`
	FirstMetricAt    int64                       `json:"firstMetricAt,omitzero"`
	LastMetricAt     int64                       `json:"lastMetricAt,omitzero"`
	Summaries        map[string]artillerySummary `json:"summaries"`
	Histograms       map[string]artillerySummary `json:"histograms"`
}

// artillerySummary is a distribution in ms, to one decimal.
type artillerySummary struct {
	Min    tenth `json:"min"`
	Max    tenth `json:"max"`
	Count  int64 `json:"count"`
	Mean   tenth `json:"mean"`
	P50    tenth `json:"p50"`
	Median tenth `json:"median"`
	P75    tenth `json:"p75"`
	P90    tenth `json:"p90"`
	P95    tenth `json:"p95"`
	P99    tenth `json:"p99"`
	P999   tenth `json:"p999"`
}

// tenth is a number of ms that was rounded to a tenth.
type tenth float64

func tenthOf(ns int64) tenth { return tenth(math.Round(float64(ns)/1e5) / 10) }

const requestRate = "http.request_rate"

// ErrNoIntervals is why some reports cannot be shown as Artillery's.
var ErrNoIntervals = errors.New("the report has no intervals, as it is of an older imgsvc: run the attack again")

// writeArtillery writes the document of artillery run --output.
func (r *Report) writeArtillery(w io.Writer) error {
	document, err := r.artillery()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(document)
}

// artillery returns the report in Artillery's terms.
func (r *Report) artillery() (*artilleryReport, error) {
	if r.Intervals == nil {
		return nil, ErrNoIntervals
	}
	document := &artilleryReport{Intermediate: []artilleryPeriod{}}
	all, periods := newBucket(), int64(0)
	for i := range r.Intervals {
		b, err := r.bucket(&r.Intervals[i])
		if err != nil {
			return nil, fmt.Errorf("interval %d: %w", i, err)
		}
		if !b.counted.any {
			continue // Artillery has no period in which nothing happened
		}
		begin := r.StartedAt.Add(r.Intervals[i].At).UnixMilli()
		document.Intermediate = append(document.Intermediate, b.period(r.StartedAt, strconv.FormatInt(begin, 10)))
		all.merge(b)
		all.last, periods = begin, periods+1
	}
	for name, sum := range all.rates { // an aggregate has the mean of its periods' rates
		all.rates[name] = int64(math.Round(float64(sum) / float64(periods)))
	}
	document.Aggregate = all.period(r.StartedAt, all.last)
	return document, nil
}

// bucket is a period while it is put together.
type bucket struct {
	counters, rates   map[string]int64
	histograms        map[string]*durations
	counted, measured span  // when, since the start of the run
	last              int64 // begin of the last period in it
}

func newBucket() *bucket {
	return &bucket{counters: map[string]int64{}, rates: map[string]int64{}, histograms: map[string]*durations{}}
}

func (b *bucket) merge(from *bucket) {
	for name, n := range from.counters {
		b.counters[name] += n
	}
	for name, n := range from.rates {
		b.rates[name] += n
	}
	for name, d := range from.histograms {
		b.histogram(name).merge(d)
	}
	b.counted.merge(from.counted)
	b.measured.merge(from.measured)
}

func (b *bucket) histogram(name string) *durations {
	if b.histograms[name] == nil {
		d := newSparse()
		b.histograms[name] = &d
	}
	return b.histograms[name]
}

// bucket returns what Artillery calls the figures of an interval.
func (r *Report) bucket(v *Interval) (*bucket, error) {
	b := newBucket()
	for _, at := range []*Span{v.SentAt, v.EventsAt} {
		b.counted.mergeSpan(at)
	}
	b.measured.mergeSpan(v.SamplesAt)
	b.addUsers(&v.Users)
	b.addRequests(v)
	for name, n := range v.Counters {
		b.counters[name] += n
	}
	for key, n := range v.UserErrors {
		b.counters["errors."+key] += n
	}
	for _, c := range v.Checks {
		b.addCheck(c)
	}
	if err := b.addSamples(v.Session, "vusers.session_length"); err != nil {
		return nil, err
	}
	for i := range v.Steps {
		if err := b.addStep(r.Endpoints, &v.Steps[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (s *span) mergeSpan(from *Span) {
	if from != nil {
		s.merge(span{from.First, from.Last, true})
	}
}

func (b *bucket) addUsers(u *IntervalUsers) {
	b.some("vusers.created", u.Created)
	for name, n := range u.ByScenario {
		b.some("vusers.created_by_name."+name, n)
	}
	b.some("vusers.completed", u.Completed)
	b.some("vusers.skipped", u.Skipped)
	if u.Completed+u.Failed > 0 {
		b.counters["vusers.failed"] += u.Failed // also if it is 0
	}
}

// some counts what is only there if there is some of it.
func (b *bucket) some(name string, n int64) {
	if n > 0 {
		b.counters[name] += n
	}
}

// addRequests counts what left. A rate is over the time from the first to the last, but at least a second, in whole
// requests.
func (b *bucket) addRequests(v *Interval) {
	b.some("http.requests", v.Sent)
	if v.Sent > 0 && v.SentAt != nil {
		over := max(v.SentAt.Last-v.SentAt.First, time.Second)
		b.rates[requestRate] = int64(math.Round(float64(v.Sent) / over.Seconds()))
	}
	if slices.ContainsFunc(v.Steps, func(s IntervalStep) bool { return len(s.Answers) > 0 }) {
		b.counters["http.downloaded_bytes"] += int64(v.BytesIn)
	}
}

// addCheck counts as the expect plugin does.
func (b *bucket) addCheck(c Check) {
	b.some("plugins.expect.ok", c.Passed)
	b.some("plugins.expect.ok."+c.Kind, c.Passed)
	b.some("plugins.expect.failed", c.Failed)
	b.some("plugins.expect.failed."+c.Kind, c.Failed)
}

// addStep counts the answers and errors of a step. An endpoint has only the answers that ended their request.
func (b *bucket) addStep(endpoints Endpoints, s *IntervalStep) error {
	endpoint, times := "", ""
	if s.Step >= 0 && s.Step < len(endpoints.Names) && endpoints.Names[s.Step] != "" {
		endpoint = endpoints.Namespace + "." + endpoints.Names[s.Step]
		times = endpoints.Namespace + ".response_time." + endpoints.Names[s.Step]
	}
	for key, n := range s.Errors {
		b.counters["errors."+key] += n
		if endpoint != "" {
			b.counters[endpoint+".errors."+key] += n
		}
	}
	for _, a := range s.Answers {
		names := []string{"http.response_time"}
		for code, n := range a.StatusCodes {
			b.counters["http.codes."+code] += n
			b.counters["http.responses"] += n
			if endpoint != "" && !a.Followed {
				b.counters[endpoint+".codes."+code] += n
			}
		}
		if class := a.class(); class != "" {
			names = append(names, "http.response_time."+class)
		}
		if times != "" && !a.Followed {
			names = append(names, times)
		}
		if err := b.addSamples(a.FirstByte, names...); err != nil {
			return err
		}
	}
	return nil
}

// class is which of Artillery's histograms by class of status the answers belong to; "" if to none.
func (a *Answers) class() string {
	for code := range a.StatusCodes {
		if len(code) == 3 && strings.ContainsAny(code[:1], "2345") {
			return code[:1] + "xx"
		}
	}
	return ""
}

// addSamples adds samples to each of the histograms with those names.
func (b *bucket) addSamples(s Samples, names ...string) error {
	if s.Count == 0 {
		return nil
	}
	d, err := s.durations()
	if err != nil {
		return err
	}
	for _, name := range names {
		b.histogram(name).merge(d)
	}
	return nil
}

// period returns the bucket as it is written.
func (b *bucket) period(start time.Time, begin any) artilleryPeriod {
	at := func(since time.Duration) int64 { return start.Add(since).UnixMilli() }
	p := artilleryPeriod{Period: begin, Counters: b.counters, Rates: b.rates, Summaries: map[string]artillerySummary{}}
	if b.counted.any {
		p.FirstCounterAt, p.LastCounterAt = at(b.counted.first), at(b.counted.last)
	}
	if b.measured.any {
		p.FirstHistogramAt, p.LastHistogramAt = at(b.measured.first), at(b.measured.last)
	}
	if both := b.counted; both.any {
		both.merge(b.measured)
		p.FirstMetricAt, p.LastMetricAt = at(both.first), at(both.last)
	}
	for name, d := range b.histograms {
		p.Summaries[name] = summarize(d)
	}
	p.Histograms = p.Summaries
	return p
}

func summarize(d *durations) artillerySummary {
	dist := d.distribution()
	return artillerySummary{
		Min: tenthOf(dist.Min), Max: tenthOf(dist.Max), Count: dist.Count, Mean: tenthOf(dist.Mean),
		P50: tenthOf(dist.P50), Median: tenthOf(dist.P50), P75: tenthOf(dist.P75), P90: tenthOf(dist.P90),
		P95: tenthOf(dist.P95), P99: tenthOf(dist.P99), P999: tenthOf(dist.P999),
	}
}

// values returns the figures of the period by name, those of summaries as http.response_time.p95.
func (p *artilleryPeriod) values() map[string]float64 {
	values := map[string]float64{}
	for name, n := range p.Counters {
		values[name] = float64(n)
	}
	for name, n := range p.Rates {
		values[name] = float64(n)
	}
	for name, s := range p.Summaries {
		values[name+".count"] = float64(s.Count)
		for stat, v := range map[string]tenth{
			"min": s.Min, "max": s.Max, "mean": s.Mean, "p50": s.P50, "median": s.Median, "p75": s.P75,
			"p90": s.P90, "p95": s.P95, "p99": s.P99, "p999": s.P999,
		} {
			values[name+"."+stat] = float64(v)
		}
	}
	return values
}
