package reports

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// In steady state a request allocates nothing.
func TestAddDoesNotAllocate(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	results := benchmarkResults()
	for _, r := range results {
		shard.Add(r)
	}
	i := 0
	if n := testing.AllocsPerRun(len(results), func() {
		shard.Add(results[i%len(results)])
		i++
	}); n != 0 {
		t.Errorf("%v allocations per request", n)
	}
}

// benchmarkResults are requests of some 10,000 a second with a log-normal latency.
func benchmarkResults() []*attack.Result {
	rnd := rand.New(rand.NewPCG(1, 2))
	results := make([]*attack.Result, 1<<14)
	for i := range results {
		latency := time.Duration(math.Exp(rnd.NormFloat64()*0.6) * float64(500*time.Microsecond))
		results[i] = result(time.Duration(i)*100*time.Microsecond, time.Duration(rnd.Int64N(50_000)), latency, 200, "")
	}
	return results
}

func BenchmarkAdd(b *testing.B) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	results := benchmarkResults()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		shard.Add(results[i%len(results)])
	}
}

func BenchmarkEncode(b *testing.B) {
	enc, d := newEncoder(), newSparse()
	for _, r := range benchmarkResults() {
		d.add(r.Latency)
	}
	b.ReportAllocs()
	for b.Loop() {
		enc.hdr(&d)
	}
}

// BenchmarkHour records an hour of 1,000 requests a second to five steps in eight shards, and reports what is then
// held in memory, how long the report takes, and how big it is.
func BenchmarkHour(b *testing.B) {
	results := benchmarkResults()
	for b.Loop() {
		before := heap()
		recorder := NewRecorder()
		recorder.Begin(began)
		var shards []attack.Shard
		for range 8 {
			shards = append(shards, recorder.Shard())
		}
		for i := range 3600 * 1000 {
			r := *results[i%len(results)]
			r.Timestamp, r.Step = began.Add(time.Duration(i)*time.Millisecond), i%5
			shards[i%len(shards)].Add(&r)
		}
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		start := time.Now()
		report := recorder.Report(attack.Summary{Duration: time.Hour}, Meta{})
		b.ReportMetric(time.Since(start).Seconds(), "s/report")
		text, err := json.Marshal(report)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(text))/1e6, "MB/report")
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
