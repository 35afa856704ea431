package seed

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Progress says how far a stage has come.
type Progress struct {
	Stage     string        // StageSeed or StageVerify
	Done      int64         // records; what was there before included
	Total     int64         // records
	Rate      float64       // records a second, since the stage began
	Remaining time.Duration // at that rate; 0 if it cannot be told yet
}

// The stages of a run.
const (
	StageSeed   = "seed"
	StageVerify = "verify"
)

// String is the progress in one line.
func (p Progress) String() string {
	return fmt.Sprintf("%s: %s of %s records (%d%%), %s/s, %v left", p.Stage, count(p.Done), count(p.Total),
		100*p.Done/max(p.Total, 1), count(int64(p.Rate)), p.Remaining.Round(time.Second))
}

// Summary says what a run did.
type Summary struct {
	Store      string        `json:"store"`
	Seed       uint64        `json:"seed"`
	Generator  int           `json:"generator"`            // GeneratorVersion
	Records    int64         `json:"records"`              // now in the store
	Existing   int64         `json:"existing"`             // of these, there before
	Written    int64         `json:"written"`              // of these, by this run
	DurationNS time.Duration `json:"duration_ns"`          // of the writing, durably
	Rate       float64       `json:"rate"`                 // records written a second
	Bytes      int64         `json:"bytes"`                // on disk, all of the store; 0 if the database does not tell
	Complete   bool          `json:"complete"`             // whether Records is all that was asked for
	Changed    bool          `json:"changed,omitempty"`    // whether services have written to it since
	Limit      string        `json:"limit,omitempty"`      // LimitClient or LimitDatabase, of a database with a server
	WaitRatio  float64       `json:"wait_ratio,omitempty"` // share of the workers' time spent waiting for it
	Verified   *Verified     `json:"verified,omitempty"`
}

// Verified says what reading back found.
type Verified struct {
	Mode       Verify        `json:"mode"`
	Records    int64         `json:"records"` // compared
	Faults     int64         `json:"faults"`  // of these, not as generated; and records that should not be there
	Changed    int64         `json:"changed"` // of these, and of others, not as generated because services wrote or deleted them
	DurationNS time.Duration `json:"duration_ns"`
}

// String is the summary in words.
func (s Summary) String() string {
	text := fmt.Sprintf("%s: %s records of seed %d", s.Store, count(s.Records), s.Seed)
	if s.Bytes > 0 {
		text += fmt.Sprintf(", %s MB on disk", count(s.Bytes/1e6))
	}
	switch {
	case s.Written > 0:
		text += fmt.Sprintf("; %s written in %s, %s records/s", count(s.Written), round(s.DurationNS), count(int64(s.Rate)))
	case s.Complete:
		text += "; all were there, nothing to do"
	}
	if s.Changed {
		text += "; changed since seeding, by services that write (--verify counts the listings, --drop starts over)"
	}
	if s.Limit != "" {
		text += fmt.Sprintf("; the %s was the limit (workers waited for the database %.0f%% of the time)", s.Limit, 100*s.WaitRatio)
	}
	if !s.Complete {
		text += "; not complete"
	}
	if v := s.Verified; v != nil {
		text += fmt.Sprintf("; %s verified in %s, %s faults", count(v.Records), round(v.DurationNS), count(v.Faults))
		if v.Changed > 0 {
			text += fmt.Sprintf(", %s changed since seeding", count(v.Changed))
		}
	}
	return text
}

// measure notes how long the writing took.
func (s *Summary) measure(d time.Duration) {
	s.DurationNS = d
	if d > 0 {
		s.Rate = math.Round(float64(s.Written) / d.Seconds())
	}
}

// round leaves d as many digits as a reader wants.
func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

// count writes n, at least 0, with its thousands apart.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
