// Package scenarios reads load scripts and turns them into one model.
//
// Artillery scripts, siege.js scripts and vegeta target lists go in; a Script comes out, with no trace of the
// dialect it was written in: a target, phases that say when users arrive, weighted scenarios that say what each
// user does, and warnings about what the author may not have meant. What a reader does not know is an error that
// names file, line and feature; it is never skipped in silence.
package scenarios

import (
	"fmt"
	"time"
)

// Script is a parsed script. It is read-only once loaded and may be shared by any number of users.
type Script struct {
	Name      string        // the file's name without its folder, or the URL
	Target    string        // what request URLs were prefixed with; empty if each URL is whole
	Phases    []Phase       // run one after the other; users of one may still be at work in the next
	Scenarios []Scenario    // at least one
	Requests  []*Request    // every request step, in the order of the text; Request.ID is the index
	Names     Names         // the variables templates can read
	Timeout   time.Duration // for one request; 0: the attack's own default
	Warnings  []error       // to be shown, always
	Endless   bool          // some user never ends by itself
	initial   []initial     // what a user's variables are to begin with
	Before    *Flow         // one user takes it before all others begin, who have its variables then; nil: nobody
	After     *Flow         // one user takes it when all others are done; nil: nobody

	Pool       int // connections an origin that all users share; 0: each user has its own
	TLS        TLS
	Expect     *ExpectOptions // nil: what requests expect is not looked at
	Ensure     *Ensure        // nil: nothing is to be ensured
	Apdex      time.Duration  // up to which a user is satisfied; 0: nobody asked
	ByEndpoint *ByEndpoint    // nil: no figures by URL
}

// Phase is a stretch of time under one arrival law: open (users arrive on a schedule) or closed (a fixed number
// of users, each starting over when done).
type Phase struct {
	Name     string
	Duration time.Duration // 0: until Requests are done, or for ever
	Arrivals *Arrivals     // open, if not nil; a phase with neither Arrivals nor Users is a pause
	Users    int           // closed: how many at once
	Requests int64         // closed: exactly how many requests in all; 0: as many as fit in Duration
	MaxUsers int           // open: an arrival is skipped while this many are at work; 0: no such cap
	Only     []int         // indexes of the scenarios users of this phase pick from; empty: all
}

// Law says how arrivals are spread over a phase.
type Law int

const (
	// Even spaces Count arrivals equally, the first one Every after the phase begins.
	Even Law = iota
	// PerSecond ramps from Rate to RampTo in whole seconds: the arrivals of one second are equally spaced in it.
	PerSecond
	// Linear ramps continuously: the number of arrivals by time t is the integral of the rate.
	Linear
	// Poisson lets users arrive independently of each other: gaps are exponential, Rate is what they average to.
	Poisson
)

// Arrivals is the arrival law of an open phase. Rates are per second.
type Arrivals struct {
	Law    Law
	Rate   float64       // at the start
	RampTo float64       // at the end; equal to Rate where the law does not ramp
	Every  time.Duration // Even: the gap
	Count  int64         // Even: how many
}

// Scenario is a named, weighted list of steps that one user walks through once (open) or again and again (closed).
type Scenario struct {
	Name   string
	Weight float64 // relative to the others; 0: never picked
	Steps  []Step

	Independent bool // a step is taken whatever became of the one before, as in a list of targets
}

// Flow is what one user does beside the load: nothing of it is recorded.
type Flow struct {
	Steps    []Step
	Requests []*Request // every request step, in the order of the text; Request.ID is the index
}

// Step is one of *Request, *Think, *Loop, *Parallel, *Log.
type Step interface{ step() }

// Request sends one HTTP request, and follows its redirects unless told not to.
type Request struct {
	ID       int    // index in Script.Requests
	Scenario int    // index in Script.Scenarios
	Name     string // the label its author gave it; may be empty
	Method   string
	URL      Template // absolute once rendered
	Headers  []Header
	Cookies  []Header // put among the user's cookies first, as if the service had set them; attributes may follow a value
	Body     Template
	NoFollow bool
	Chance   Chance     // that it is sent at all
	IfTrue   *Condition // the request is left out where it does not hold; nil: it is always sent
	Pos      Pos
	takes    *takes    // what is done with the answer; nil: nothing
	uploads  []*upload // files it carries whose names differ between users
}

// Bare returns the request without conditions, and without what is done with its answer.
func (r *Request) Bare() *Request {
	bare := *r
	bare.Chance, bare.IfTrue, bare.takes = Chance{}, nil, nil
	return &bare
}

// Header is one request header, its name as it is to be sent.
type Header struct {
	Name  string
	Value Template
}

// Log writes a line.
type Log struct{ Message Template }

func (*Request) step()  {}
func (*Think) step()    {}
func (*Loop) step()     {}
func (*Parallel) step() {}
func (*Log) step()      {}

// Pos is a place in a script; Line and Column count from 1, 0 is unknown.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// SyntaxError is something a reader cannot accept, with its place; Warning has the same form and lets the run go on.
type SyntaxError struct {
	Pos Pos
	Msg string
}

func (e *SyntaxError) Error() string { return e.Pos.String() + ": " + e.Msg }
