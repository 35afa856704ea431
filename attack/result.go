package attack

import (
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Result is one request: vegeta's, plus where it belongs and how late it left. Timestamp is when it was sent,
// Latency runs from there to the last byte, Error is a stable key (ECONNREFUSED, ETIMEDOUT, …) that is empty
// exactly if the answer came complete. Every redirect hop is a Result of its own.
type Result struct {
	vegeta.Result
	Phase     int           // index in Script.Phases
	Scenario  int           // index in Script.Scenarios
	Step      int           // index in Script.Requests
	Lag       time.Duration // due → sent, never negative
	FirstByte time.Duration // request written → response head; 0 if none came
	Followed  bool          // the answer is a redirect, and where it leads to was or would have been asked next
}

// Due returns when the request should have left.
func (r *Result) Due() time.Time { return r.Timestamp.Add(-r.Lag) }

// Response returns the time from when the request was due to its last byte.
func (r *Result) Response() time.Duration { return r.Lag + r.Latency }

// Success reports whether the answer came complete and with a status from 200 to 399.
func (r *Result) Success() bool { return r.Error == "" && r.Code >= 200 && r.Code < 400 }

// Sink is where an attack puts what it measures.
type Sink interface {
	// Begin is called once, before anything else is handed over, with the time recording begins: all whole seconds
	// are counted from it.
	Begin(start time.Time)
	// Shard returns a place for measurements that shares no lock with another shard's path. An attack asks for a
	// few per core before it starts and spreads its workers over them.
	Shard() Shard
}

// Shard takes measurements. Its methods may be called from several goroutines at once. What they are handed is
// only lent for the call.
type Shard interface {
	// Add takes one finished request.
	Add(*Result)
	// Unsent takes a request that was due and will never be sent.
	Unsent(due time.Time)
	// UserStarted and UserEnded take the two ends of a virtual user's session. scenario is an index in
	// Script.Scenarios, or NoScenario.
	UserStarted(at time.Time, scenario int)
	UserEnded(at time.Time, session time.Duration, outcome Outcome)
	// UserSkipped takes an arrival that Phase.MaxUsers forbade.
	UserSkipped(at time.Time)
	// UserError takes why a user could not go on, by the key it has in Summary.UserErrors.
	UserError(at time.Time, key string)
	// Count adds n to a counter of the script's own.
	Count(at time.Time, name string, n int64)
	// Check takes what came of something the script asserts of an answer. kind is what sort of assertion it is, such
	// as statusCode, and name tells it from others of its kind. Whoever reports in Artillery's terms makes its counters
	// plugins.expect.* of it: they are not to be counted as well.
	Check(at time.Time, kind, name string, ok bool)
}

// NoScenario is the scenario of a user who walks through one after the other, in a closed loop.
const NoScenario = -1

// Outcome is how a virtual user's session ended.
type Outcome int

const (
	Completed   Outcome = iota // at the end of its scenario
	Failed                     // before it: a request without an answer, or a reason counted in Summary.UserErrors
	Interrupted                // by the end of the run; neither completed nor failed
)

// Summary is what an attack knows beyond its single requests.
type Summary struct {
	Started    time.Time        // when recording began: after the warm-up
	Duration   time.Duration    // Started → the end of the last request or user
	Reconnects int64            // requests that went out again on a new connection because the old one had closed
	Skipped    int64            // arrivals skipped because of Phase.MaxUsers
	UserErrors map[string]int64 // why users ended early, by stable key
	Generator  Generator
	Stopped    bool   // ended by Options.Stop or its context, before its set end
	SetEnd     bool   // the run had one: a duration, a number of requests, or users that end by themselves
	OpenLoop   bool   // arrivals kept a schedule that does not wait for answers
	Users      int    // closed loop: the most users in the loop at once, so the most requests a stall can be seen by
	Protocol   string // what was spoken: "HTTP/1.1" or "HTTP/2"

	// Warnings are what a reader of the figures should know about how they came about. Those about limits of this
	// machine that the run may have met, Options.Warn got before it.
	Warnings []error
}

// Generator is what the attack itself cost, from Started to the end.
type Generator struct {
	CPU      time.Duration // user and system time of this process
	Cores    int           // it could run on: its affinity, at most GOMAXPROCS
	PeakRSS  uint64        // bytes, of the whole life of the process
	GCPause  time.Duration // sum of the collector's stop-the-world pauses, the stopping included
	HostIdle float64       // 0–1, of the whole machine's cores; 1 if unknown
	Shared   bool          // the service runs on this machine and may use the same cores

	GCPauseMax   time.Duration  // the longest of these pauses, within 25 %
	RunQueue     *time.Duration // sum over its threads of ready to run → running; nil where the kernel does not say
	ReadyWaitP99 time.Duration  // of its goroutines, ready to run → running, one in eight sampled, within 25 %
}

// Ratio returns the share of its cores the generator used, 0–1.
func (g Generator) Ratio(elapsed time.Duration) float64 {
	if elapsed <= 0 || g.Cores == 0 {
		return 0
	}
	return g.CPU.Seconds() / (elapsed.Seconds() * float64(g.Cores))
}
