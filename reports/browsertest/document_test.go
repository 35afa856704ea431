package browsertest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// document is a report as imgsvc attack --output writes it, made here from its keys alone: what the page draws is what
// the published document says.
type document map[string]any

const perSecond = 400 // requests of each second of a document

// newDocument is a run of so many seconds in which a little of everything went wrong. Its service stalls in every tenth
// second.
func newDocument(t *testing.T, name string, seconds, steps int, slower float64) document {
	t.Helper()
	calm, stalled := sampled(t, 1, slower), sampled(t, 20, slower)
	series := []any{}
	var stalls int
	for i := range seconds {
		h := calm
		if i%10 == 9 {
			h, stalls = stalled, stalls+1
		}
		series = append(series, map[string]any{
			"at_ns": i * 1e9, "offered": perSecond + 4, "requests": perSecond + 4, "successes": perSecond - 2,
			"status_codes": map[string]int{"200": perSecond - 2, "503": 2}, "errors": map[string]int{"ECONNRESET": 4},
			"users": 10 + i%7, "response_hdr": h.encoded,
		})
	}
	whole := merged(t, calm, seconds-stalls, stalled, stalls)
	n := seconds * perSecond
	d := document{
		"schema": 1, "name": name, "script": "artillery.yml", "target": "http://127.0.0.1:3000/reviews", "protocol": "HTTP/1.1",
		"plan": []string{"400 requests/s"}, "started_at": "2026-11-26T10:00:00Z", "duration_ns": seconds * 1e9,
		"unsent": 12, "requests": n + 4*seconds, "responses": n, "successes": n - 2*seconds,
		"success_ratio": float64(perSecond-2) / float64(perSecond+4),
		"rps":           rates(perSecond - 2), "answered_rps": rates(perSecond),
		"latency_ns": whole, "response_ns": whole, "first_byte_ns": whole, "lag_ns": nothing(),
		"response_by_class": map[string]any{"2xx": whole, "5xx": nothing()}, "session_ns": nothing(),
		"status_codes": map[string]int{"200": n - 2*seconds, "503": 2 * seconds}, "errors": map[string]int{"ECONNRESET": 4 * seconds},
		"user_errors": map[string]int{}, "bytes": map[string]int{"in": 5120 * n, "out": 0}, "reconnects": 3,
		"users":  map[string]int{"created": n, "completed": n, "failed": 0, "skipped": 0, "peak": 16},
		"series": series, "intervals": []any{}, "warnings": []string{"the loop has no count"},
		"custom": map[string]any{"counters": map[string]int{}, "rates": map[string]int{}, "histograms": map[string]any{}},
		"checks": []any{map[string]any{"kind": "statusCode", "name": "200", "passed": n, "failed": 2}},
		"generator": map[string]any{"cpu_ns": 1e9, "cores": 2, "cpu_ratio": 0.2, "peak_rss_bytes": 31 << 20, "lag_p99_ns": 21000,
			"limit": "service", "reasons": []string{"generator used 20 % of 2 cores", "lag p99 21 µs"}},
		"thresholds": []any{
			map[string]any{"source": "p99<50ms", "value": 61e6, "pass": false},
			map[string]any{"source": "rps>300", "value": perSecond - 2, "pass": true},
		},
		"environment": map[string]any{"imgsvc": "v1.0.0", "go": "go1.26.8", "os": "linux", "arch": "amd64", "cpus": 2, "gomaxprocs": 2},
	}
	d["steps"] = stepsOf(steps, n/max(steps, 1), whole)
	return d
}

func stepsOf(n, requests int, d map[string]any) []any {
	steps := []any{}
	for i := range n {
		steps = append(steps, map[string]any{
			"scenario": fmt.Sprintf("scenario %d", i%3), "step": fmt.Sprintf("step %03d", i), "method": "GET",
			"url": fmt.Sprintf("http://127.0.0.1:3000/reviews/{{ id%d }}", i), "requests": requests + i, "successes": requests,
			"status_codes": map[string]int{"200": requests}, "errors": map[string]int{"ECONNRESET": i},
			"latency_ns": d, "response_ns": d,
		})
	}
	return steps
}

func rates(v int) map[string]any {
	return map[string]any{"mean": v, "peak_1s": v + 9, "peak_10s": v + 3}
}

// samples is the durations of one second.
type samples struct {
	histogram *hdrhistogram.Histogram
	encoded   string
}

// sampled draws the durations of the requests of one second, some of which meet a stall.
func sampled(t *testing.T, stalled int, slower float64) samples {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, uint64(stalled)))
	h := hdrhistogram.New(100, 3600e9, 2)
	for i := range perSecond {
		v := math.Exp(rnd.NormFloat64()*0.5) * 2e6 * slower
		if i%100 < stalled {
			v *= 30
		}
		if err := h.RecordValue(int64(v)); err != nil {
			t.Fatal(err)
		}
	}
	return samples{h, encoded(t, h)}
}

func encoded(t *testing.T, h *hdrhistogram.Histogram) string {
	t.Helper()
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// merged is the distribution of a run of so many calm seconds and so many with a stall.
func merged(t *testing.T, calm samples, calms int, stalled samples, stalls int) map[string]any {
	t.Helper()
	h := hdrhistogram.New(100, 3600e9, 2)
	for part, times := range map[*hdrhistogram.Histogram]int{calm.histogram: calms, stalled.histogram: stalls} {
		for _, bar := range part.Distribution() {
			if bar.Count > 0 {
				if err := h.RecordValues(bar.From, bar.Count*int64(times)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	at := h.ValueAtPercentile
	return map[string]any{
		"count": h.TotalCount(), "min": h.Min(), "mean": int64(h.Mean()), "stddev": int64(h.StdDev()), "max": h.Max(), "hdr": encoded(t, h),
		"p50": at(50), "p75": at(75), "p90": at(90), "p95": at(95), "p99": at(99), "p999": at(99.9),
	}
}

func nothing() map[string]any {
	return map[string]any{"count": 0, "min": nil, "mean": nil, "stddev": nil, "p50": nil, "p75": nil, "p90": nil, "p95": nil,
		"p99": nil, "p999": nil, "max": nil, "hdr": nil}
}

// file writes the document for imgsvc report to read.
func (d document) file(t *testing.T, name string) string {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
