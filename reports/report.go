// Package reports turns the results of an attack into numbers that can be trusted, and into views of them.
//
// A Recorder takes results while they come, in shards that share nothing on the path of a request, and ends in a
// Report: one JSON document with its schema number and where its figures come from. Every view (the text on a
// terminal, a Markdown table, CSV, a percentile distribution) is drawn from that document alone, so that a stored
// report shows what the run showed. Thresholds judge it.
//
// Durations say what they run from. Lag runs from when a request was due to when it was sent, latency from there to
// the last byte, and response is both together: what a user waited, whatever kept the request from leaving on time.
package reports

import (
	"encoding/json"
	"time"
)

// Schema is the number of the report format that is written, and the highest that is read.
const Schema = 1

// Report is what one attack measured. All its durations are in nanoseconds. requests = responses + the sum of
// errors, always; so too in each step and second.
type Report struct {
	Schema          int                     `json:"schema"`
	Name            string                  `json:"name"`
	Script          string                  `json:"script"`
	Target          string                  `json:"target"`
	Plan            []string                `json:"plan"`              // the load in words, a line a phase; older reports have none
	Protocol        string                  `json:"protocol"`          // that was spoken: "HTTP/1.1" or "HTTP/2"; older reports have none
	StartedAt       time.Time               `json:"started_at"`        // when recording began, after the warm-up
	Duration        time.Duration           `json:"duration_ns"`       // from there to the end of the last request or user
	Stopped         bool                    `json:"stopped"`           // ended before it would have by itself
	ClosedUsers     int                     `json:"closed_users"`      // the most users in a closed loop at once; 0: none
	Unsent          int64                   `json:"unsent"`            // requests that were due and never left
	Requests        int64                   `json:"requests"`          // that left
	Responses       int64                   `json:"responses"`         // that were answered completely, whatever the status
	Successes       int64                   `json:"successes"`         // responses with status 200–399
	SuccessRatio    *float64                `json:"success_ratio"`     // successes / requests; null without requests
	RPS             Rates                   `json:"rps"`               // of successes
	AnsweredRPS     Rates                   `json:"answered_rps"`      // of responses
	Latency         Distribution            `json:"latency_ns"`        // sent → last byte, of responses
	Response        Distribution            `json:"response_ns"`       // due → last byte, of responses
	Lag             Distribution            `json:"lag_ns"`            // due → sent, of requests
	FirstByte       Distribution            `json:"first_byte_ns"`     // request written → response head, where one came
	ResponseByClass map[string]Distribution `json:"response_by_class"` // Response by "2xx", "5xx", …
	Session         Distribution            `json:"session_ns"`        // of users who came to the end of their scenario
	StatusCodes     map[string]int64        `json:"status_codes"`      // of responses
	Errors          map[string]int64        `json:"errors"`            // requests without a complete answer, by what went wrong
	UserErrors      map[string]int64        `json:"user_errors"`       // why users ended early
	Bytes           Bytes                   `json:"bytes"`
	Reconnects      int64                   `json:"reconnects"` // requests sent again because a kept connection had closed
	Users           Users                   `json:"users"`
	Steps           []Step                  `json:"steps"`
	Endpoints       Endpoints               `json:"endpoints"`
	Series          []Second                `json:"series"`
	Intervals       []Interval              `json:"intervals"` // one every 10 s; null in older reports
	Custom          Custom                  `json:"custom"`
	Checks          []Check                 `json:"checks"`
	Generator       Generator               `json:"generator"`
	Generators      []Source                `json:"generators,omitempty"` // of a report that Merger made: the runs in it
	Thresholds      []Judgement             `json:"thresholds"`
	Warnings        []string                `json:"warnings"`
	Environment     Environment             `json:"environment"`
}

// Rates are per second. A peak is the best of so many consecutive whole seconds, counted from the start; nil if the
// run was shorter. Mean is over the whole duration.
type Rates struct {
	Mean    *float64 `json:"mean"`
	Peak1s  *float64 `json:"peak_1s"`
	Peak10s *float64 `json:"peak_10s"`
}

// Distribution sums up measured durations in nanoseconds. Count, Min, Mean and Max are exact, the others within 1 %
// (or 64 ns). Without samples all but Count is null in JSON, as there is no such figure.
type Distribution struct {
	Count  int64  `json:"count"`
	Min    int64  `json:"min"`
	Mean   int64  `json:"mean"`
	StdDev int64  `json:"stddev"`
	P50    int64  `json:"p50"`
	P75    int64  `json:"p75"`
	P90    int64  `json:"p90"`
	P95    int64  `json:"p95"`
	P99    int64  `json:"p99"`
	P999   int64  `json:"p999"`
	Max    int64  `json:"max"`
	HDR    string `json:"hdr"` // HdrHistogram: V2, compressed, base64
}

// MarshalJSON implements json.Marshaler.
func (d Distribution) MarshalJSON() ([]byte, error) {
	if d.Count == 0 {
		return []byte(`{"count":0,"min":null,"mean":null,"stddev":null,"p50":null,"p75":null,"p90":null,` +
			`"p95":null,"p99":null,"p999":null,"max":null,"hdr":null}`), nil
	}
	type plain Distribution
	return json.Marshal(plain(d))
}

// Bytes counts the bytes of bodies.
type Bytes struct {
	In  uint64 `json:"in"`
	Out uint64 `json:"out"`
}

// Users counts virtual users. Those that the end of the run interrupted are neither completed nor failed.
type Users struct {
	Created   int64 `json:"created"`   // were at work after the warm-up
	Completed int64 `json:"completed"` // came to the end of their scenario
	Failed    int64 `json:"failed"`    // ended before it
	Skipped   int64 `json:"skipped"`   // never started: the script's own cap on users was reached
	Peak      int64 `json:"peak"`      // at work at once
}

// Step is one step of the script. Its URL is the template, not what came of it.
type Step struct {
	Scenario    string           `json:"scenario"`
	Step        string           `json:"step"`
	Method      string           `json:"method"`
	URL         string           `json:"url"`
	Requests    int64            `json:"requests"`
	Successes   int64            `json:"successes"`
	StatusCodes map[string]int64 `json:"status_codes"`
	Errors      map[string]int64 `json:"errors"`
	Latency     Distribution     `json:"latency_ns"`
	Response    Distribution     `json:"response_ns"`
}

// Second is one second of the run; the last one may be cut short.
type Second struct {
	At          time.Duration    `json:"at_ns"`    // its begin, from the start
	Offered     int64            `json:"offered"`  // requests due in it, sent or not
	Requests    int64            `json:"requests"` // ended in it, as all that follows
	Successes   int64            `json:"successes"`
	StatusCodes map[string]int64 `json:"status_codes"`
	Errors      map[string]int64 `json:"errors"`
	Users       int64            `json:"users"`        // at work at its end
	ResponseHDR *string          `json:"response_hdr"` // null without responses
}

// Custom holds what the script itself measured.
type Custom struct {
	Counters   map[string]int64        `json:"counters"`
	Rates      map[string]int64        `json:"rates"`
	Histograms map[string]Distribution `json:"histograms"`
}

// Check is something the script asserted of its answers.
type Check struct {
	Kind   string `json:"kind"` // what sort of assertion it is, such as statusCode
	Name   string `json:"name"`
	Passed int64  `json:"passed"`
	Failed int64  `json:"failed"`
}

// Generator is what the attack cost on its own side, and whether that was what limited it.
type Generator struct {
	CPU      time.Duration `json:"cpu_ns"`
	Cores    int           `json:"cores"`     // it could use; 0: unknown, and so are CPU and CPURatio
	CPURatio float64       `json:"cpu_ratio"` // share of them that it used, 0–1
	PeakRSS  uint64        `json:"peak_rss_bytes"`
	GCPause  time.Duration `json:"gc_pause_ns"`
	LagP99   time.Duration `json:"lag_p99_ns"`

	// Null if unknown, as in older reports.
	GCPauseMax   *time.Duration `json:"gc_pause_max_ns"`   // within 25 %
	RunQueue     *time.Duration `json:"run_queue_ns"`      // its threads waited for a core, summed up
	ReadyWaitP99 *time.Duration `json:"ready_wait_p99_ns"` // its goroutines waited for a thread, within 25 %
	CeilingRPS   *float64       `json:"ceiling_rps"`       // requests/s it can send like this

	HostIdle   float64  `json:"host_idle_ratio"` // 0–1, of the whole machine; 1 if unknown
	HostShared bool     `json:"host_shared"`     // the service ran on this machine and could use the same cores
	Limit      string   `json:"limit"`           // LimitService, LimitGenerator or LimitMachine; empty if unknown
	Reasons    []string `json:"reasons"`         // for saying so, in words
}

// Environment is what the attack ran in.
type Environment struct {
	Imgsvc     string `json:"imgsvc"`
	Go         string `json:"go"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	CPUs       int    `json:"cpus"`
	GOMAXPROCS int    `json:"gomaxprocs"`
}
