package reports

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of what a page draws, so that a run of a week makes a page as large as one of an hour.
const (
	mostColumns   = 3600 // of time; a longer run has several seconds in each
	mostKinds     = 10   // of statuses and errors with a line of their own; the rest share one
	heatPerDecade = 12   // rows of the heat map: each 21 % longer than the one below
	curvePerTen   = 20   // points of the percentile curve for each further nine
	curveEnd      = 1e5  // one request in so many: 99.999 %
	longestKind   = 60   // characters of an error's name
	otherKinds    = "other kinds"
)

// chartData is what the page's script draws of a run: plain columns of numbers, one a column of time. Rates are per
// second, durations in ns; null where there is nothing.
type chartData struct {
	Label     string     `json:"label"`
	Started   int64      `json:"started"`  // ms since 1970
	Duration  float64    `json:"duration"` // s
	Column    float64    `json:"column"`   // s that each column stands for
	Offered   []*float64 `json:"offered"`
	Answered  []*float64 `json:"answered"`
	Succeeded []*float64 `json:"succeeded"`
	Users     []int64    `json:"users"`
	P50       []*int64   `json:"p50"` // of response
	P90       []*int64   `json:"p90"`
	P99       []*int64   `json:"p99"`
	Max       []*int64   `json:"max"`
	Failed    []int64    `json:"failed"` // requests that did not succeed
	Kinds     []kind     `json:"kinds"`
	Heat      heat       `json:"heat"`
	Curves    []curve    `json:"curves"`
}

// kind is how often one status or error came.
type kind struct {
	Name   string  `json:"name"`
	Bad    bool    `json:"bad"`
	Counts []int64 `json:"counts"`
}

// heat is how many responses took how long: for each column of time, pairs of a row and its count. Row i holds
// responses from 10^((Low+i)/PerDecade) ns.
type heat struct {
	Low       int       `json:"low"`
	Rows      int       `json:"rows"`
	PerDecade int       `json:"perDecade"`
	Columns   [][]int64 `json:"columns"`
}

// curve is a distribution as pairs of 1/(1−quantile) and ns: HdrHistogram's way to show what is rare.
type curve struct {
	Name string       `json:"name"`
	At   [][2]float64 `json:"at"`
}

// column is the seconds that are drawn as one.
type column struct {
	seconds   []Second
	histogram *hdrhistogram.PackedHistogram
}

// newChartData returns what there is to draw of r. An error is that of a damaged histogram.
func newChartData(r *Report, label string) (chartData, error) {
	columns, seconds, err := columnsOf(r)
	if err != nil {
		return chartData{}, err
	}
	data := chartData{
		Label: label, Started: r.StartedAt.UnixMilli(), Duration: r.Duration.Seconds(), Column: float64(seconds),
		Kinds: kindsOf(r, columns), Heat: heatOf(columns),
	}
	for i := range columns {
		data.add(&columns[i], columns[i].end() <= r.Duration)
	}
	data.Curves, err = curvesOf(r)
	return data, err
}

// columnsOf groups the series into at most mostColumns columns of so many seconds.
func columnsOf(r *Report) (columns []column, seconds int, err error) {
	seconds = max((len(r.Series)+mostColumns-1)/mostColumns, 1)
	for part := range slices.Chunk(r.Series, seconds) {
		c := column{seconds: part, histogram: newSparse().sparse}
		for _, s := range part {
			if s.ResponseHDR == nil {
				continue
			}
			h, err := decode(*s.ResponseHDR)
			if err != nil {
				return nil, 0, err
			}
			c.histogram.Merge(h)
		}
		columns = append(columns, c)
	}
	return columns, seconds, nil
}

func (c *column) end() time.Duration { return c.seconds[len(c.seconds)-1].At + time.Second }

func (c *column) sum(of func(*Second) int64) (sum int64) {
	for i := range c.seconds {
		sum += of(&c.seconds[i])
	}
	return sum
}

// rate returns a count per second; nil for a column that the end of the run cut short, whose count says nothing of a rate.
func (c *column) rate(whole bool, of func(*Second) int64) *float64 {
	if !whole {
		return nil
	}
	return new(float64(c.sum(of)) / float64(len(c.seconds)))
}

func (d *chartData) add(c *column, whole bool) {
	answered := func(s *Second) int64 { return s.Requests - sum(s.Errors) }
	succeeded := func(s *Second) int64 { return s.Successes }
	d.Offered = append(d.Offered, c.rate(whole, func(s *Second) int64 { return s.Offered }))
	d.Answered = append(d.Answered, c.rate(whole, answered))
	d.Succeeded = append(d.Succeeded, c.rate(whole, succeeded))
	d.Failed = append(d.Failed, c.sum(func(s *Second) int64 { return s.Requests - s.Successes }))
	d.Users = append(d.Users, c.seconds[len(c.seconds)-1].Users)
	at := [4]*int64{}
	if c.histogram.TotalCount() > 0 {
		for i, v := range c.histogram.ValueAtPercentilesSlice([]float64{50, 90, 99, 100}) {
			at[i] = &v
		}
	}
	d.P50, d.P90, d.P99, d.Max = append(d.P50, at[0]), append(d.P90, at[1]), append(d.P99, at[2]), append(d.Max, at[3])
}

// outcomeKind names a status or an error.
type outcomeKind struct {
	name    string
	isError bool
	total   int64
}

// count returns how often it came in a second.
func (k *outcomeKind) count(s *Second) int64 {
	if k.isError {
		return s.Errors[k.name]
	}
	return s.StatusCodes[k.name]
}

// kindsOf returns what the answers and errors were, the most frequent first. What there is no line for is one kind.
func kindsOf(r *Report, columns []column) []kind {
	found := outcomeKinds(r)
	named := found
	if len(found) > mostKinds+1 {
		named = found[:mostKinds]
	}
	kinds := []kind{}
	for _, k := range named {
		kinds = append(kinds, kind{kindName(k.name, k.isError), isBad(k.name, k.isError), countsOf(columns, k.count)})
	}
	if len(named) < len(found) {
		kinds = append(kinds, kind{otherKinds, true, countsOf(columns, func(s *Second) int64 {
			rest := s.Requests
			for i := range named {
				rest -= named[i].count(s)
			}
			return rest
		})})
	}
	return kinds
}

func outcomeKinds(r *Report) []outcomeKind {
	var kinds []outcomeKind
	for code, n := range r.StatusCodes {
		kinds = append(kinds, outcomeKind{code, false, n})
	}
	for key, n := range r.Errors {
		kinds = append(kinds, outcomeKind{key, true, n})
	}
	slices.SortFunc(kinds, func(a, b outcomeKind) int {
		return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.name, b.name))
	})
	return kinds
}

func countsOf(columns []column, of func(*Second) int64) []int64 {
	counts := make([]int64, len(columns))
	for i := range columns {
		counts[i] = columns[i].sum(of)
	}
	return counts
}

func kindName(name string, isError bool) string {
	if isError {
		return clip(plain(name), longestKind)
	}
	return "status " + plain(name)
}

func isBad(name string, isError bool) bool {
	return isError || !strings.HasPrefix(name, "2") && !strings.HasPrefix(name, "3")
}

// heatOf counts responses by column and row.
func heatOf(columns []column) heat {
	counts := make([]map[int]int64, len(columns))
	lowest, highest := math.MaxInt, math.MinInt
	for i := range columns {
		counts[i] = map[int]int64{}
		columns[i].histogram.ForEachBucket(func(value, count int64) bool {
			row := int(math.Floor(heatPerDecade * math.Log10(float64(max(value, int64(lowestDuration))))))
			counts[i][row] += count
			lowest, highest = min(lowest, row), max(highest, row)
			return true
		})
	}
	h := heat{PerDecade: heatPerDecade, Columns: make([][]int64, len(columns))}
	if lowest <= highest {
		h.Low, h.Rows = lowest, highest-lowest+1
	}
	for i := range counts {
		h.Columns[i] = []int64{}
		for _, row := range slices.Sorted(maps.Keys(counts[i])) {
			h.Columns[i] = append(h.Columns[i], int64(row-lowest), counts[i][row])
		}
	}
	return h
}

// curvesOf returns the percentile curves of what a user waited and of its parts.
func curvesOf(r *Report) ([]curve, error) {
	curves := []curve{}
	for _, c := range []struct {
		name string
		of   *Distribution
	}{
		{"response", &r.Response}, {"latency", &r.Latency}, {"first byte", &r.FirstByte}, {"lag", &r.Lag},
	} {
		if c.of.Count == 0 {
			continue
		}
		h, err := decode(c.of.HDR)
		if err != nil {
			return nil, err
		}
		curves = append(curves, curve{c.name, curveOf(h, c.of)})
	}
	return curves, nil
}

// curveOf goes as far as there are requests to tell: with n of them, to one in n.
func curveOf(h *hdrhistogram.PackedHistogram, d *Distribution) [][2]float64 {
	end := min(curveEnd, max(float64(d.Count), 1))
	var ones, percentiles []float64
	for i := 0; ; i++ {
		one := math.Min(math.Pow(10, float64(i)/curvePerTen), end)
		ones = append(ones, one)
		percentiles = append(percentiles, 100-100/one)
		if one >= end {
			break
		}
	}
	var points [][2]float64
	for i, v := range h.ValueAtPercentilesSlice(percentiles) {
		points = append(points, [2]float64{ones[i], float64(max(min(v, d.Max), d.Min))})
	}
	return points
}
