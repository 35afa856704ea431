//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// attackedIDs are how many listings are asked for. They are few, and the first, since FerretDB on SQLite reads all that
// come before.
const attackedIDs = 10

// attackRate is requests a second; every tenth can only be answered by the store.
const attackRate = 200

// tally counts every answer of an attack.
type tally struct {
	requests, lost   int
	cached, uncached map[int]int // by status
	errors           map[string]int
	slowest          time.Duration
}

func (t tally) String() string {
	return fmt.Sprintf("%d requests, %d lost; cached %s, uncached %s; slowest %s",
		t.requests, t.lost, statuses(t.cached), statuses(t.uncached), t.slowest.Round(time.Millisecond))
}

// statuses lists counts by status: 200 × 1,234, 503 × 5.
func statuses(counts map[int]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d × %d", status, counts[status]))
	}
	return strings.Join(parts, ", ")
}

const faultHeader = "| fault | what a cache can answer | what only the store can | lost | marked stale | slowest | recovery |\n" +
	"| --- | --- | --- | --- | --- | --- | --- |"

// row is the scene's line of the table.
func (s *scene) row(name string) string {
	return fmt.Sprintf("| %s | %s | %s | %d of %d | %.0f | %s | %s |\n", name, statuses(s.tally.cached), statuses(s.tally.uncached),
		s.tally.lost, s.tally.requests, s.stale, s.tally.slowest.Round(time.Millisecond), s.recovery.Round(time.Millisecond))
}

// attack starts 'imgsvc attack' on both services; what it returns ends it gracefully and counts.
func (s *scene) attack() (stop func()) {
	s.t.Helper()
	targets, report, results := filepath.Join(s.dir, "targets.txt"), filepath.Join(s.dir, "report.json"), filepath.Join(s.dir, "results.bin")
	if err := os.WriteFile(targets, []byte(s.targets()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("imgsvc", "attack", targets, "--rate", strconv.Itoa(attackRate), "--duration", "10m", "--quiet", "--timeout", "30s",
		"--output", report, "--results", results, "--max-body", "0")
	var said logged
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := sync.OnceValue(cmd.Wait)
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended unless the test has failed
		_ = ended()
	})
	return func() {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			s.t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := ended(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: before its set end
			s.t.Fatalf("the attack ended with %v\n%s", err, said.String())
		}
		s.count(results)
		s.compare(report)
	}
}

// targets are nine requests of ten to the service with a cache, the rest to the other, where that is another.
func (s *scene) targets() string {
	var lines strings.Builder
	for n := range 10 * attackedIDs {
		if n%10 < 9 {
			fmt.Fprintf(&lines, "GET %s/reviews/%d?index=1\n\n", s.cached.URL, n/10)
		} else {
			fmt.Fprintf(&lines, "GET %s/listings/%d\n\n", s.uncached.URL, n/10)
		}
	}
	return lines.String()
}

// count reads every result of the attack.
func (s *scene) count(file string) {
	s.t.Helper()
	f, err := os.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	t := tally{cached: map[int]int{}, uncached: map[int]int{}, errors: map[string]int{}}
	for next := vegeta.NewDecoder(bufio.NewReader(f)); ; {
		var r vegeta.Result
		if err := next.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.t.Fatal(err)
		}
		t.requests++
		t.slowest = max(t.slowest, r.Latency)
		switch {
		case r.Error != "":
			t.lost++
			t.errors[r.Error]++
		case strings.Contains(r.URL, "/listings/"):
			t.uncached[int(r.Code)]++
		default:
			t.cached[int(r.Code)]++
		}
	}
	s.tally = t
}

// compare checks that the report counts what the results do: requests are answers and errors, by status.
func (s *scene) compare(file string) {
	s.t.Helper()
	var report struct {
		Requests    int            `json:"requests"`
		StatusCodes map[string]int `json:"status_codes"`
		Errors      map[string]int `json:"errors"`
	}
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &report) != nil {
		s.t.Fatalf("the report: %v\n%.200s", err, text)
	}
	byStatus := map[string]int{}
	for _, counts := range []map[int]int{s.tally.cached, s.tally.uncached} {
		for status, n := range counts {
			byStatus[strconv.Itoa(status)] += n
		}
	}
	sum := 0
	for _, n := range report.StatusCodes {
		sum += n
	}
	for _, n := range report.Errors {
		sum += n
	}
	if report.Requests != s.tally.requests || sum != report.Requests || !maps.Equal(byStatus, report.StatusCodes) {
		s.t.Errorf("the report says %+v, the results %s", report, s.tally)
	}
}

// logged is what a program has written, which may still be at it.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until something has happened, for as long as a busy machine may take.
func (s *scene) await(what string, happened func() bool) {
	s.t.Helper()
	for begin := time.Now(); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			s.t.Fatalf("it never happened that %s; the services say:\n%s", what, s.log.String())
		}
	}
}

// ask returns the status and the body of an answer.
func (s *scene) ask(service *child, path string) (status int, body string) {
	s.t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(service.URL + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (s *scene) status(service *child, path string) int {
	s.t.Helper()
	status, _ := s.ask(service, path)
	return status
}

// metric returns the sum of a service's metrics that begin with name.
func (s *scene) metric(service *child, name string) (sum float64) {
	s.t.Helper()
	_, text := s.ask(service, "/metrics")
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			sum += value
		}
	}
	return sum
}
