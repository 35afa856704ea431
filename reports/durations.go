package reports

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What a histogram tells apart: durations that differ by 1 %, or by 64 ns where that is more, up to an hour.
const (
	lowestDuration  = 100 * time.Nanosecond
	highestDuration = time.Hour
	significant     = 2
)

// durations is a set of measured durations: their histogram, and exactly their count, extremes and sum. What is
// longer than an hour counts as an hour in the histogram, and is counted as clamped.
//
// The histogram is dense (31 KB, 4 ns to add to) where one shard has a handful, and sparse (a few KB, at most
// 46 KB, some 25 ns) where there is one per step or second.
type durations struct {
	dense    *hdrhistogram.Histogram
	sparse   *hdrhistogram.PackedHistogram
	count    int64
	min, max int64
	high     uint64 // of the sum in ns, which 64 bits alone would not hold for a long run
	low      uint64
	clamped  int64
}

func newDense() durations {
	return durations{dense: hdrhistogram.New(int64(lowestDuration), int64(highestDuration), significant)}
}

func newSparse() durations {
	return durations{sparse: hdrhistogram.NewPacked(int64(lowestDuration), int64(highestDuration), significant)}
}

func (d *durations) add(duration time.Duration) {
	ns := max(int64(duration), 0)
	if d.count == 0 || ns < d.min {
		d.min = ns
	}
	d.max = max(d.max, ns)
	d.count++
	d.addSum(0, uint64(ns))
	if ns > int64(highestDuration) {
		ns = int64(highestDuration)
		d.clamped++
	}
	// Neither can fail: 0 ≤ ns ≤ highestDuration, and 2⁶³ requests take longer than any run.
	if d.dense != nil {
		_ = d.dense.RecordValue(ns)
		return
	}
	_ = d.sparse.RecordValue(ns)
}

func (d *durations) addSum(high, low uint64) {
	var carry uint64
	d.low, carry = bits.Add64(d.low, low, 0)
	d.high += high + carry
}

// product returns a × b in 128 bits; negative factors are 0.
func product(a, b int64) (high, low uint64) { return bits.Mul64(uint64(max(a, 0)), uint64(max(b, 0))) }

// merge adds what from holds to d, which is sparse.
func (d *durations) merge(from *durations) {
	if from.count == 0 {
		return
	}
	if d.count == 0 || from.min < d.min {
		d.min = from.min
	}
	d.max = max(d.max, from.max)
	d.count += from.count
	d.addSum(from.high, from.low)
	d.clamped += from.clamped
	if from.dense != nil {
		d.sparse.MergeFrom(from.dense)
		return
	}
	d.sparse.Merge(from.sparse)
}

// reset empties d and keeps its memory.
func (d *durations) reset() {
	if d.count == 0 {
		return
	}
	if d.dense != nil {
		d.dense.Reset()
	} else {
		d.sparse.Reset()
	}
	*d = durations{dense: d.dense, sparse: d.sparse}
}

// mean returns the exact mean, rounded down; 0 of nothing, and of such counts as no run has, but a damaged report may.
func (d *durations) mean() int64 {
	if d.count <= 0 || d.high >= uint64(d.count) {
		return 0
	}
	mean, _ := bits.Div64(d.high, d.low, uint64(d.count))
	return int64(mean)
}

// distribution sums up d, which is sparse, without its histogram.
func (d *durations) distribution() Distribution {
	if d.count == 0 {
		return Distribution{}
	}
	at := d.quantiles(50, 75, 90, 95, 99, 99.9)
	return Distribution{
		Count:  d.count,
		Min:    d.min,
		Mean:   d.mean(),
		StdDev: int64(d.sparse.StdDev()),
		P50:    at[0], P75: at[1], P90: at[2], P95: at[3], P99: at[4], P999: at[5],
		Max: d.max,
	}
}

// quantiles returns the values at percentiles. A histogram gives the top of a bucket, so that the highest could lie
// above the longest duration there was: it is held down to that.
func (d *durations) quantiles(percentiles ...float64) []int64 {
	values := d.sparse.ValueAtPercentilesSlice(percentiles)
	for i := range values {
		values[i] = min(values[i], d.max)
	}
	return values
}
