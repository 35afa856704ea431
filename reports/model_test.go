package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
)

// happening is something a shard is told.
type happening struct {
	result  *attack.Result // or
	unsent  time.Time      // or
	user    bool           // who was at work for session and ended then, with outcome
	ended   time.Duration
	session time.Duration
	outcome attack.Outcome
}

func (h happening) tell(s attack.Shard) {
	switch {
	case h.result != nil:
		s.Add(h.result)
	case h.user:
		s.UserStarted(began.Add(h.ended-h.session), 0)
		s.UserEnded(began.Add(h.ended), h.session, h.outcome)
	default:
		s.Unsent(h.unsent)
	}
}

// length is a duration from a few nanoseconds to minutes, none much more likely than another of its length.
var length = rapid.Custom(func(t *rapid.T) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Millisecond, 10 * time.Millisecond, time.Second})
	return time.Duration(rapid.IntRange(0, 5000).Draw(t, "length")) * unit.Draw(t, "unit") / 7
})

var anyHappening = rapid.Custom(func(t *rapid.T) happening {
	at := time.Duration(rapid.IntRange(0, 35_000).Draw(t, "at")) * time.Millisecond
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return happening{unsent: began.Add(at)}
	case 1:
		session := min(length.Draw(t, "session"), at)
		outcomes := []attack.Outcome{attack.Completed, attack.Failed, attack.Interrupted}
		return happening{user: true, ended: at, session: session, outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome")}
	}
	code := rapid.SampledFrom([]uint16{200, 200, 206, 302, 404, 500, 503}).Draw(t, "code")
	key := rapid.SampledFrom([]string{"", "", "", "", "ECONNRESET", "ETIMEDOUT", "INTERRUPTED"}).Draw(t, "error")
	r := result(at, length.Draw(t, "lag"), length.Draw(t, "latency"), code, key)
	r.Step = rapid.IntRange(0, 3).Draw(t, "step")
	r.BytesIn, r.BytesOut = uint64(rapid.IntRange(0, 1e6).Draw(t, "in")), uint64(rapid.IntRange(0, 1e3).Draw(t, "out"))
	r.Followed = key == "" && code == 302
	return happening{result: r}
})

// model is what happened, kept whole: lists, which are sorted and counted when somebody asks.
type model struct {
	results []*attack.Result
	unsent  []time.Duration
	users   []happening
}

func modelOf(all []happening) (m model) {
	for _, h := range all {
		switch {
		case h.result != nil:
			m.results = append(m.results, h.result)
		case h.user:
			m.users = append(m.users, h)
		default:
			m.unsent = append(m.unsent, h.unsent.Sub(began))
		}
	}
	return m
}

// of returns the model of those results that are wanted.
func (m model) of(wanted func(*attack.Result) bool) model {
	return model{results: slices.DeleteFunc(slices.Clone(m.results), func(r *attack.Result) bool { return !wanted(r) })}
}

func answered(r *attack.Result) bool { return r.Error == "" }

// each returns a duration of every result.
func (m model) each(of func(*attack.Result) time.Duration) []time.Duration {
	all := make([]time.Duration, len(m.results))
	for i, r := range m.results {
		all[i] = of(r)
	}
	return all
}

func latency(r *attack.Result) time.Duration   { return r.Latency }
func response(r *attack.Result) time.Duration  { return r.Response() }
func lag(r *attack.Result) time.Duration       { return r.Lag }
func firstByte(r *attack.Result) time.Duration { return r.FirstByte }
func sentAt(r *attack.Result) time.Duration    { return r.Timestamp.Sub(began) }
func endedAt(r *attack.Result) time.Duration   { return sentAt(r) + r.Latency }

// counts are the codes of answers and the keys of errors.
func (m model) counts() (codes, errors map[string]int64) {
	codes, errors = map[string]int64{}, map[string]int64{}
	for _, r := range m.results {
		if r.Error != "" {
			errors[r.Error]++
		} else {
			codes[fmt.Sprint(r.Code)]++
		}
	}
	return codes, errors
}

// differ says what is not as it should be.
type differ struct{ rapid.TB }

func (d differ) same(what string, got, want any) {
	d.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (d differ) counted(what string, codes, errors map[string]int64, want model) {
	d.Helper()
	wantCodes, wantErrors := want.counts()
	if !maps.Equal(codes, wantCodes) || !maps.Equal(errors, wantErrors) {
		d.Errorf("%s: codes %v and errors %v, want %v and %v", what, codes, errors, wantCodes, wantErrors)
	}
}

// distributed compares a distribution with the durations it is of: quantiles to 1 % or 64 ns, all else exactly.
func (d differ) distributed(what string, got Distribution, of []time.Duration) {
	d.Helper()
	slices.Sort(of)
	d.summed(what, Samples{Count: got.Count, Min: got.Min, Mean: got.Mean, Max: got.Max, HDR: got.HDR}, of)
	if len(of) == 0 {
		return
	}
	for percent, at := range map[float64]int64{
		50: got.P50, 75: got.P75, 90: got.P90, 95: got.P95, 99: got.P99, 99.9: got.P999,
	} {
		rank := min(len(of), max(1, int(percent/100*float64(len(of))+0.5)))
		if want := int64(of[rank-1]); at < want-want/100-64 || at > want+want/100+64 {
			d.Errorf("%s: p%v is %d, want %d", what, percent, at, want)
		}
	}
}

// summed compares count, extremes and mean with those of sorted durations, and the histogram's count.
func (d differ) summed(what string, got Samples, of []time.Duration) {
	d.Helper()
	if len(of) == 0 {
		d.same(what, got.Count, 0)
		return
	}
	var sum time.Duration
	for _, v := range of {
		sum += v
	}
	d.same(what, []int64{got.Count, got.Min, got.Mean, got.Max},
		[]int64{int64(len(of)), int64(of[0]), int64(sum) / int64(len(of)), int64(of[len(of)-1])})
	histogram, err := decode(got.HDR)
	if err != nil || histogram.TotalCount() != int64(len(of)) {
		d.Errorf("%s: a histogram that cannot be read (%v), or not of %d durations", what, err, len(of))
	}
}
