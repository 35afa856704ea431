//go:build linux

package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// sums are the counts of one attack.
type sums struct {
	name                                string
	requests, responses, errors, unsent int64
	statuses                            map[string]int64
	reconnects                          int64
	due                                 int64 // requests the schedule had; 0: there was none
	over                                bool  // nothing is on its way any more
}

func sumsOf(r *reports.Report) *sums {
	s := &sums{requests: r.Requests, responses: r.Responses, unsent: r.Unsent, statuses: r.StatusCodes}
	for _, n := range r.Errors {
		s.errors += n
	}
	return s
}

// disagreements says where the counts do not add up by themselves.
func (s *sums) disagreements() (found []string) {
	say := func(format string, args ...any) { found = append(found, s.name+": "+fmt.Sprintf(format, args...)) }
	if s.requests != s.responses+s.errors {
		say("%d requests, but %d responses and %d errors", s.requests, s.responses, s.errors)
	}
	answered := int64(0)
	for _, n := range s.statuses {
		answered += n
	}
	if answered != s.responses {
		say("%d responses, but %d statuses", s.responses, answered)
	}
	if sent := s.requests + s.unsent; s.over && s.due > 0 && (sent < s.due-1 || sent > s.due+1) {
		say("%d requests were due, but %d left and %d are unsent", s.due, s.requests, s.unsent)
	}
	return found
}

// against says where the counts of an attack that is over do not agree with the service's: it answered at least what came,
// and what did not come is an error or was asked again.
func (s *sums) against(served map[string]int64) (found []string) {
	total := int64(0)
	for _, n := range served {
		total += n
	}
	for status, n := range s.statuses {
		if n > served[status] {
			found = append(found, fmt.Sprintf("%s: %d answers of %s, but the service gave %d", s.name, n, status, served[status]))
		}
	}
	if lost := total - s.responses; lost > s.errors+s.reconnects {
		found = append(found, fmt.Sprintf("%s: the service answered %d, but there are %d responses, %d errors and %d reconnects",
			s.name, total, s.responses, s.errors, s.reconnects))
	}
	return found
}

// tally is a sink that only counts.
type tally struct {
	attack.Deaf
	mu               sync.Mutex
	requests, errors int64
	unsent           int64
	statuses         map[string]int64
}

// Begin implements attack.Sink.
func (*tally) Begin(time.Time) {}

// Shard implements attack.Sink.
func (t *tally) Shard() attack.Shard { return t }

// Add counts a result.
func (t *tally) Add(r *attack.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.requests++; r.Error != "" {
		t.errors++
		return
	}
	t.statuses[strconv.Itoa(int(r.Code))]++
}

// Unsent counts a request that never left.
func (t *tally) Unsent(time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsent++
}

func (t *tally) sums() *sums {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &sums{requests: t.requests, errors: t.errors, unsent: t.unsent, statuses: map[string]int64{}}
	for status, n := range t.statuses {
		s.statuses[status] = n
		s.responses += n
	}
	return s
}
