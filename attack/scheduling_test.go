package attack

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// TestGeneratorMeasuresItself makes the process do what the figures are about and looks whether they say so.
func TestGeneratorMeasuresItself(t *testing.T) {
	w := startWatch(0)
	busy := time.Now()
	for range 5 {
		runtime.GC()
	}
	elapsed := time.Since(busy)
	g := w.stop()
	if g.GCPause <= 0 || g.GCPause > elapsed {
		t.Errorf("five collections paused %s in all, in %s", g.GCPause, elapsed)
	}
	// The longest pause comes from other counters, in buckets: it is at most the sum, but for the bucket's width.
	if g.GCPauseMax <= 0 || g.GCPauseMax > g.GCPause+g.GCPause/4+time.Microsecond {
		t.Errorf("the longest pause was %s of %s", g.GCPauseMax, g.GCPause)
	}
	if g.CPU <= 0 || g.PeakRSS == 0 {
		t.Errorf("%s of CPU, %d bytes", g.CPU, g.PeakRSS)
	}
}

func TestQuantileSince(t *testing.T) {
	buckets := []float64{0, 1e-6, 1e-3, 1}
	before := &metrics.Float64Histogram{Counts: []uint64{100, 0, 7}, Buckets: buckets}
	now := &metrics.Float64Histogram{Counts: []uint64{199, 1, 7}, Buckets: buckets}
	tests := []struct {
		name string
		now  *metrics.Float64Histogram
		q    float64
		want time.Duration
	}{
		{"most", now, 0.99, time.Microsecond},
		{"all", now, 1, time.Millisecond},
		{"nothing came", before, 0.99, 0},
		{"another Go", &metrics.Float64Histogram{}, 0.99, 0},
	}
	for _, tt := range tests {
		if got := quantileSince(before, tt.now, tt.q); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// BenchmarkReadUsage is what looking at itself costs the generator; it does so twice a run.
func BenchmarkReadUsage(b *testing.B) {
	for b.Loop() {
		readUsage()
	}
}
