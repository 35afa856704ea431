package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Verdicts of a gate, and of each of its metrics.
const (
	VerdictPass         = "PASS"         // no metric is worse by its margin or more
	VerdictFail         = "FAIL"         // one is, or the candidate fails requests that the base does not
	VerdictInconclusive = "INCONCLUSIVE" // neither is shown
	VerdictInvalid      = "INVALID"      // what was measured allows no comparison
	VerdictNone         = "NOT GATED"    // of a metric that is only shown
)

// Sides of a gate.
const (
	SideBase      = "base"
	SideCandidate = "candidate"
)

// Gate is the document of `imgsvc gate`: what came of comparing a candidate with a base, round by round.
type Gate struct {
	Schema   int          `json:"schema"`
	Verdict  string       `json:"verdict"`
	Summary  string       `json:"summary"` // the verdict in a sentence
	Pairs    int          `json:"pairs"`   // that count: complete and undisturbed
	Alpha    float64      `json:"alpha"`   // bounds the share of gates that fail a candidate no worse than the margins
	Margin   float64      `json:"margin"`  // of cpu, rps and p50; each metric has its own
	Metrics  []GateMetric `json:"metrics"`
	Reasons  []string     `json:"reasons"` // for the verdict, in words
	Warnings []string     `json:"warnings"`
	Rounds   []GateRound  `json:"rounds"` // in the order they were run

	Base        string        `json:"base"` // commands, or URLs
	Candidate   string        `json:"candidate"`
	Load        string        `json:"load"`
	StartedAt   time.Time     `json:"started_at"`
	Duration    time.Duration `json:"duration_ns"`
	Environment Environment   `json:"environment"`

	ErrorRateClaimed bool       `json:"error_rate_claimed"` // the sides are builds, started anew for every round
	Seed             uint64     `json:"seed"`               // of the coin
	PlannedPairs     int        `json:"planned_pairs"`
	Looks            []GateLook `json:"looks"`
	Redone           int        `json:"redone"` // pairs that were disturbed or broke down, and were run anew
	MaxRedos         int        `json:"max_redos"`
	MaxErrors        float64    `json:"max_errors"` // share of requests that may fail on either side
	Rules            GateRules  `json:"rules"`

	CapacityRPS float64       `json:"capacity_rps"` // of the base, in a closed loop, before the first pair
	OfferedRPS  float64       `json:"offered_rps"`  // requests/s of the open loops
	LoopTime    time.Duration `json:"loop_ns"`      // each of a round's two recorded loops
	Places      []string      `json:"places"`       // the CPUs a pair's servers may be dealt; empty: the generator's
}

// GateLook is a moment at which the gate may end: after so many pairs, with its share of alpha.
type GateLook struct {
	Pairs int     `json:"pairs"`
	Alpha float64 `json:"alpha"`
	Taken bool    `json:"taken"`
}

// GateRules are the bounds beyond which a round is disturbed, so that its pair is run anew. They are set before the
// first round and are the same for either side.
type GateRules struct {
	MaxLag      time.Duration `json:"max_lag_p99_ns"`      // of the generator, in the open loop
	MinAchieved float64       `json:"min_achieved"`        // share of the requests due in the open loop that left
	MaxCPURatio float64       `json:"max_generator_ratio"` // share of its cores that the generator used in the open loop
	MaxSteal    float64       `json:"max_steal"`           // share of the machine's time that its host gave to others
	MaxOthers   float64       `json:"max_other_cpu"`       // share of the machine that other processes used
}

// GateMetric is one metric over all pairs that count. Ratios are of costs, less 1: above 0 is worse, 0.05 is 5 % slower.
type GateMetric struct {
	Name              string      `json:"name"`
	Unit              string      `json:"unit"`               // of base and candidate
	Estimate          *float64    `json:"estimate"`           // ratio (Hodges–Lehmann); of errors the candidate's share
	Interval          *[2]float64 `json:"interval"`           // around it, of confidence 1 − alpha; null with too few pairs
	P                 *float64    `json:"p"`                  // of no more than the margin (sign-flip test)
	Verdict           string      `json:"verdict"`            // PASS, FAIL, INCONCLUSIVE or NOT GATED
	MinimumDetectable *float64    `json:"minimum_detectable"` // ratio that so many pairs fail in 9 gates of 10
	Margin            float64     `json:"margin"`             // ratio
	Base              *float64    `json:"base"`               // median of its rounds; of errors the share of all
	Candidate         *float64    `json:"candidate"`          // likewise
	Sigma             *float64    `json:"sigma"`              // standard deviation of the pairs' log ratios
	ComparedWith      *float64    `json:"holm_alpha"`         // what p was compared with at the last look
	Reason            string      `json:"reason"`             // why it is not gated; empty if it is
}

// GateRound is one side's showing in one round.
type GateRound struct {
	Pair      int       `json:"pair"`    // counted from 1; 0: calibration of the base
	Attempt   int       `json:"attempt"` // at the pair, from 1
	Order     int       `json:"order"`   // in the pair, from 1
	Side      string    `json:"side"`
	Counts    bool      `json:"counts"`
	Disturbed []string  `json:"disturbed"` // rules that did not hold, in words
	Error     string    `json:"error"`     // what the side broke down with
	StartedAt time.Time `json:"started_at"`
	Ready     int64     `json:"ready_ns"` // start → ready
	Port      int       `json:"port"`
	CPUs      string    `json:"cpus"` // of the server; empty: all

	CPU         *float64 `json:"cpu_per_request_ns"` // of the server, over both loops; null where it is not known
	RPS         float64  `json:"rps"`                // successful, in the closed loop
	P50         int64    `json:"p50_ns"`             // of response, in the open loop
	P99         int64    `json:"p99_ns"`
	P999        int64    `json:"p999_ns"`
	ResponseHDR string   `json:"response_hdr"` // of the open loop: compressed HdrHistogram (V2, base64)
	Closed      GateLoop `json:"closed"`
	Open        GateLoop `json:"open"`
	Saturated   bool     `json:"saturated"` // its own closed loop says that it cannot hold the open one

	Due      int64    `json:"due"` // requests, in the open loop
	Unsent   int64    `json:"unsent"`
	LagP99   int64    `json:"lag_p99_ns"`
	Steal    float64  `json:"steal"`        // of the machine's time
	Others   float64  `json:"other_cpu"`    // share of the machine that neither server nor generator used
	Pressure *float64 `json:"cpu_pressure"` // share of the time in which something waited for a core (Linux PSI)
}

// GateLoop is what one of a round's loops sent.
type GateLoop struct {
	Requests    int64            `json:"requests"`
	Successes   int64            `json:"successes"`
	StatusCodes map[string]int64 `json:"status_codes"`
	Errors      map[string]int64 `json:"errors"`
	CPU         *time.Duration   `json:"server_cpu_ns"`       // null where it is not known
	Generator   float64          `json:"generator_cpu_ratio"` // of its cores
}

// failures returns how many requests of the round were not successful, of how many.
func (r GateRound) failures() (failed, all int64) {
	all = r.Closed.Requests + r.Open.Requests
	return all - r.Closed.Successes - r.Open.Successes, all
}

// WriteJSON writes the whole document.
func (g *Gate) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(g)
}

// WriteFile writes the document to a file, which is replaced whole or left as it was.
func (g *Gate) WriteFile(path string) error {
	if err := replaceFile(path, g.WriteJSON); err != nil {
		return fmt.Errorf("write gate %s: %w", path, err)
	}
	return nil
}
