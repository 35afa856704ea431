package reports

import (
	"fmt"
	"time"
)

// Snapshot is a live view of a run: its last whole second, and its totals until now.
type Snapshot struct {
	Elapsed time.Duration // since the start; negative in the warm-up
	Users   int64         // at work now

	// Of the last whole second. All 0 before there is one.
	Requests, Successes, Errors int64
	P50, P99                    time.Duration // of response; 0 without responses

	TotalRequests, TotalSuccesses int64 // until the end of a second or until now, as it comes
}

// Snapshot returns the view at now. It costs some 10 µs for each shard.
func (r *Recorder) Snapshot(now time.Time) Snapshot {
	snap := Snapshot{Users: r.users.Load()}
	if r.start.Load() == nil {
		return snap
	}
	snap.Elapsed = r.since(now)
	r.collectSeconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	snap.TotalRequests, snap.TotalSuccesses = r.requests, r.successes
	last := int(snap.Elapsed/time.Second) - 1
	if last < 0 || last >= len(r.seconds) || r.seconds[last] == nil {
		return snap
	}
	s := r.seconds[last]
	snap.Requests, snap.Successes, snap.Errors = s.requests, s.successes, s.errors.sum()
	if s.response.count > 0 {
		at := s.response.quantiles(50, 99)
		snap.P50, snap.P99 = time.Duration(at[0]), time.Duration(at[1])
	}
	return snap
}

// String is a line of progress.
func (s Snapshot) String() string {
	if s.Elapsed < 0 {
		return fmt.Sprintf("warm-up, %s to go", (-s.Elapsed).Round(time.Second))
	}
	line := fmt.Sprintf("%s  %s req/s", s.Elapsed.Truncate(time.Second), integer(s.Requests))
	if s.P99 > 0 {
		line += fmt.Sprintf("  p50 %s  p99 %s", short(int64(s.P50)), short(int64(s.P99)))
	}
	if s.Users > 0 {
		line += "  " + plural(s.Users, "user")
	}
	line += "  " + plural(s.TotalRequests, "request")
	if bad := s.TotalRequests - s.TotalSuccesses; bad > 0 {
		line += fmt.Sprintf(", %s not successful", integer(bad))
	}
	return line
}
