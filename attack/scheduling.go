package attack

import (
	"math"
	"runtime/metrics"
	"time"
)

// Names of runtime/metrics histograms, in seconds.
const (
	metricReadyWait = "/sched/latencies:seconds"       // of one in eight goroutines: ready to run → running
	metricGCPause   = "/sched/pauses/total/gc:seconds" // each time the collector stops the world, until it goes on
)

// scheduling is how long goroutines have waited for a thread, and all of them for the collector, since the process
// began.
type scheduling struct{ readyWait, gcPause *metrics.Float64Histogram }

func readScheduling() scheduling {
	samples := []metrics.Sample{{Name: metricReadyWait}, {Name: metricGCPause}}
	metrics.Read(samples)
	histogram := func(s metrics.Sample) *metrics.Float64Histogram {
		if s.Value.Kind() != metrics.KindFloat64Histogram {
			return &metrics.Float64Histogram{} // of another Go version
		}
		return s.Value.Float64Histogram()
	}
	return scheduling{histogram(samples[0]), histogram(samples[1])}
}

// quantileSince returns a bound below which the share q of what now has more than before lies, to the runtime's
// buckets (within 25 %); 0 without samples.
func quantileSince(before, now *metrics.Float64Histogram, q float64) time.Duration {
	if len(now.Counts) != len(before.Counts) {
		return 0
	}
	total := uint64(0)
	for i := range now.Counts {
		total += now.Counts[i] - before.Counts[i]
	}
	rank := uint64(math.Ceil(q * float64(total)))
	seen := uint64(0)
	for i := range now.Counts {
		if seen += now.Counts[i] - before.Counts[i]; seen >= rank && rank > 0 {
			return bucketEnd(now.Buckets, i)
		}
	}
	return 0
}

// bucketEnd returns where a bucket ends, or begins if it has no end.
func bucketEnd(buckets []float64, i int) time.Duration {
	end := buckets[i+1]
	if math.IsInf(end, 1) {
		end = buckets[i]
	}
	return time.Duration(end * float64(time.Second))
}
