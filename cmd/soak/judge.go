//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// enough is how many rounds there must be to compare: the first is a warm-up and does not count.
const enough = 7

// sample is what is read behind a round.
type sample struct {
	at               time.Duration
	heap, rss        int64 // bytes; the heap after a collection
	goroutines, open int64
	requests, failed int64 // of the round
}

// takeSample reads what the process holds once it has come to rest: what ends a little later is waited for.
func takeSample(at time.Duration) sample {
	s := sample{at: at, goroutines: int64(runtime.NumGoroutine())}
	for calm, patience := 0, 200; calm < 5 && patience > 0; patience-- {
		time.Sleep(20 * time.Millisecond)
		now := int64(runtime.NumGoroutine())
		if calm++; now < s.goroutines {
			calm = 0
		}
		s.goroutines = now
	}
	runtime.GC()
	debug.FreeOSMemory() // with a second collection, which frees what the first one found to have finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.heap, s.rss = int64(m.HeapAlloc), residentBytes()
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.open = int64(len(files))
	}
	return s
}

// residentBytes is the second number of statm, in pages.
func residentBytes() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func (s *sample) add(totals []*sums) {
	for _, t := range totals {
		s.requests += t.requests
		s.failed += t.errors
	}
}

func header() string {
	return fmt.Sprintf("%6s %8s %9s %8s %9s %9s %11s %6s", "round", "at", "requests", "errors", "heap MiB", "RSS MiB", "goroutines", "files")
}

func (s sample) row(round int) string {
	return fmt.Sprintf("%6d %8s %9d %8d %9.2f %9.2f %11d %6d", round, s.at.Round(time.Second), s.requests, s.failed,
		float64(s.heap)/(1<<20), float64(s.rss)/(1<<20), s.goroutines, s.open)
}

// judge gathers what there is to say.
type judge struct {
	samples []sample
	looks   int // at counts
	wrong   []string
}

// note remembers what did not add up, the first of it.
func (j *judge) note(found []string) {
	for _, text := range found {
		if len(j.wrong) < 20 {
			j.wrong = append(j.wrong, text)
		}
	}
}

// check looks at attacks that are over.
func (j *judge) check(totals []*sums, place *site) {
	for _, t := range totals {
		j.looks++
		j.note(t.disagreements())
		j.note(t.against(place.take(t.name)))
	}
}

// measure is something that must stay flat: the median of the last third of the rounds may be above that of the first by
// a factor and a constant, which is what scatters.
type measure struct {
	name   string
	of     func(sample) int64
	factor float64
	more   int64
	unit   float64
}

func measures() []measure {
	return []measure{
		{"heap", func(s sample) int64 { return s.heap }, 1.10, 2 << 20, 1 << 20},
		{"RSS", func(s sample) int64 { return s.rss }, 1.15, 16 << 20, 1 << 20},
		{"goroutines", func(s sample) int64 { return s.goroutines }, 1.10, 10, 1},
		{"files", func(s sample) int64 { return s.open }, 1.10, 10, 1},
	}
}

// windows returns a measure's medians over the first and the last third of the rounds, without the very first.
func (m measure) windows(samples []sample) (first, last int64) {
	third := (len(samples) - 1) / 3
	median := func(part []sample) int64 {
		var values []int64
		for _, s := range part {
			values = append(values, m.of(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return median(samples[1 : 1+third]), median(samples[len(samples)-third:])
}

func (m measure) grew(first, last int64) bool {
	return float64(last) > float64(first)*m.factor+float64(m.more)
}

// verdict prints what is compared, and returns an error if something grew or did not add up, or there is too little.
func (j *judge) verdict(out io.Writer) error {
	if len(j.samples) < enough {
		return fmt.Errorf("%d rounds are too few to compare; %d are enough", len(j.samples), enough)
	}
	wrong := j.wrong
	fmt.Fprintf(out, "\n%12s %14s %14s %14s\n", "", "first third", "last third", "allowed")
	for _, m := range measures() {
		first, last := m.windows(j.samples)
		allowed := float64(first)*m.factor + float64(m.more)
		fmt.Fprintf(out, "%12s %14.2f %14.2f %14.2f\n", m.name, float64(first)/m.unit, float64(last)/m.unit, allowed/m.unit)
		if m.grew(first, last) {
			wrong = append(wrong, fmt.Sprintf("%s grew from %.2f to %.2f", m.name, float64(first)/m.unit, float64(last)/m.unit))
		}
	}
	fmt.Fprintf(out, "\ncounts were compared %d times\n", j.looks)
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	fmt.Fprintln(out, "nothing grew, and all counts add up")
	return nil
}
