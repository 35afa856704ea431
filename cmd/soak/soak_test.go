//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A short run finds what leaks, and what an attack says wrongly of itself; its own attacks and service do neither.
func TestSoakFindsWhatIsWrong(t *testing.T) {
	var kept [][]byte
	var held []net.Listener
	over := make(chan struct{})
	t.Cleanup(func() {
		close(over)
		for _, l := range held {
			l.Close()
		}
	})
	var out bytes.Buffer
	s := &soak{stretch: 30 * time.Millisecond, least: enough, out: &out}
	s.between = func(int) {
		kept = append(kept, make([]byte, 8<<20))
		clear(kept[len(kept)-1][:1]) // the rest is never touched: heap, but not resident
		for range 30 {
			go func() { <-over }()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Error(err)
				return
			}
			held = append(held, l)
		}
	}
	s.tamper = func(totals *sums) {
		if totals.name == "users" {
			totals.requests++
		}
		if totals.name == "script" {
			totals.statuses["200"] += 1_000_000
		}
	}
	err := s.run(t.Context())
	if err == nil {
		t.Fatalf("nothing was found:\n%s", &out)
	}
	for _, want := range []string{"heap grew from", "goroutines grew from", "files grew from", "users: ", "answers of 200, but the service gave"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("findings without %q:\n%v", want, err)
		}
	}
	for text := range strings.Lines(err.Error()) {
		if name, _, _ := strings.Cut(text, ":"); strings.Contains(text, ": ") && name != "users" && name != "script" {
			t.Errorf("found: %s", text)
		}
	}
	if rows := strings.Count(out.String(), "\n"); rows < enough {
		t.Errorf("printed:\n%s", &out)
	}
}

func TestSoakNeedsEnoughRounds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &soak{duration: time.Hour, stretch: time.Millisecond, out: io.Discard}
	if err := s.run(ctx); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("error %v, want that there are too few rounds", err)
	}
}

func TestDisagreements(t *testing.T) {
	sound := sums{name: "a", requests: 10, responses: 7, errors: 3, unsent: 2, due: 12, over: true, statuses: map[string]int64{"200": 5, "500": 2}}
	served := map[string]int64{"200": 7, "500": 2}
	tests := map[string]struct {
		change func(s *sums)
		want   string // empty: all is well
	}{
		"sound":                     {func(*sums) {}, ""},
		"a request too many":        {func(s *sums) { s.requests++ }, "11 requests, but 7 responses and 3 errors"},
		"an error that vanished":    {func(s *sums) { s.errors-- }, "10 requests, but 7 responses and 2 errors"},
		"a status that vanished":    {func(s *sums) { s.statuses["500"]-- }, "7 responses, but 6 statuses"},
		"requests that vanished":    {func(s *sums) { s.unsent = 0 }, "12 requests were due, but 10 left and 0 are unsent"},
		"one more or less is due":   {func(s *sums) { s.unsent = 1 }, ""},
		"not over yet":              {func(s *sums) { s.unsent, s.over = 0, false }, ""},
		"an answer nobody gave":     {func(s *sums) { s.statuses["200"], s.statuses["500"] = 4, 3 }, "3 answers of 500, but the service gave 2"},
		"answers that were dropped": {func(s *sums) { *s = sums{name: "a", statuses: map[string]int64{}} }, "the service answered 9, but there are 0 responses"},
		"asked again":               {func(s *sums) { s.requests, s.errors, s.unsent, s.reconnects = 8, 1, 4, 1 }, ""},
	}
	for name, test := range tests {
		s := sound
		s.statuses = map[string]int64{"200": 5, "500": 2}
		test.change(&s)
		found := strings.Join(append(s.disagreements(), s.against(served)...), "\n")
		if (found == "") != (test.want == "") || !strings.Contains(found, test.want) {
			t.Errorf("%s: found %q, want %q", name, found, test.want)
		}
	}
}

// What scatters does not count as growth; what rises does.
func TestGrowth(t *testing.T) {
	tests := map[string]struct {
		heap []int64 // MiB
		want bool
	}{
		"flat":             {[]int64{90, 50, 50, 50, 50, 50, 50}, false},
		"scattered":        {[]int64{10, 50, 44, 53, 48, 51, 47, 52, 49, 55}, false},
		"a slow leak":      {[]int64{10, 50, 52, 54, 56, 58, 60, 62, 64, 66}, true},
		"a rising warm-up": {[]int64{10, 50, 50, 50, 50, 50, 50}, false},
		"one outlier":      {[]int64{10, 50, 50, 50, 50, 50, 50, 50, 50, 90}, false},
	}
	for name, test := range tests {
		var samples []sample
		for _, h := range test.heap {
			samples = append(samples, sample{heap: h << 20})
		}
		m := measures()[0]
		if first, last := m.windows(samples); m.grew(first, last) != test.want {
			t.Errorf("%s: grew from %d to %d: %v, want %v", name, first, last, !test.want, test.want)
		}
	}
}
