package reports

import (
	"bytes"
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

// hour records an hour of 1,000 requests a second to five steps in eight shards.
func hour() *Recorder {
	results := benchmarkResults()
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
	return recorder
}

// BenchmarkHour reports what an hour takes in memory, how long its report takes, and how big that is.
func BenchmarkHour(b *testing.B) {
	for b.Loop() {
		before := heap()
		recorder := hour()
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

// BenchmarkMergeHour reports how long reading, checking and adding the report of an hour takes, and how big the
// report is as a file, in memory, and as the sums of ten in a merger.
func BenchmarkMergeHour(b *testing.B) {
	summary := attack.Summary{Started: began, Duration: time.Hour}
	text, err := json.Marshal(hour().Report(summary, Meta{}))
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	report, reason := parse(text)
	if reason != "" {
		b.Fatal(reason)
	}
	held := heap() - before
	before = heap()
	m := NewMerger()
	for i := range 10 {
		report.Generator.CPU = time.Duration(i) // another run
		if err := m.Add("run.json", report); err != nil {
			b.Fatal(err)
		}
	}
	sums := heap() - before
	for b.Loop() {
		r, reason := parse(text)
		if reason != "" {
			b.Fatal(reason)
		}
		report.Generator.CPU++
		r.Generator.CPU = report.Generator.CPU
		if err := m.Add("run.json", r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(text))/1e6, "MB/file")
	b.ReportMetric(float64(held)/1e6, "MB/read")
	b.ReportMetric(float64(sums)/1e6, "MB/sums")
	runtime.KeepAlive(report)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkHourPage draws the page of a run of an hour; size is the page's.
func BenchmarkHourPage(b *testing.B) {
	report := hour().Report(attack.Summary{Started: began, Duration: time.Hour}, Meta{})
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := report.Write(&out, "html"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(out.Len()), "size_B")
}
