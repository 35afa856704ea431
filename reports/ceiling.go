package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// What kept a ceiling's measurement from being higher.
const (
	CeilingGenerator = "generator" // its cores were busy: the figure is what was measured
	CeilingUsers     = "users"     // nothing was busy: so many users, or requests in flight, cannot do more
	CeilingElse      = "else"      // the null handler, or other processes: the figure is worked out from CPU time
)

// Ceiling is what a generator can do with one kind of request on one machine: the document of `attack --ceiling`. It is
// measured against a handler that answers at once and does nothing.
type Ceiling struct {
	Schema        int           `json:"schema"`
	RPS           float64       `json:"ceiling_rps"` // requests a second, if the generator's cores are its own
	LimitedBy     string        `json:"limited_by"`  // CeilingGenerator, CeilingUsers or CeilingElse
	Measured      float64       `json:"measured_rps"`
	Requests      int64         `json:"requests"`
	Duration      time.Duration `json:"duration_ns"`
	CPUPerRequest time.Duration `json:"cpu_per_request_ns"`
	Cores         int           `json:"cores"`          // the generator may use
	MeasuredCores int           `json:"measured_cores"` // of them it was measured on; the ceiling is of all
	CPURatio      float64       `json:"cpu_ratio"`      // of those it was measured on that it used, 0–1
	Engine        string        `json:"engine"`         // users (in a loop) or rate (vegeta's Attacker)
	AtOnce        int           `json:"at_once"`        // users, or most requests in flight at a rate

	Handler       HandlerCores `json:"handler"`
	ResponseBytes int64        `json:"response_bytes"` // of body
	Assumed       bool         `json:"response_assumed"`
	TLS           bool         `json:"tls"`

	MeasuredAt  time.Time   `json:"measured_at"`
	Cached      bool        `json:"cached"` // it was measured then, and not for this document
	Warnings    []string    `json:"warnings"`
	Environment Environment `json:"environment"`
}

// HandlerCores is where the null handler ran.
type HandlerCores struct {
	Cores    int     `json:"cores"`
	Shared   bool    `json:"shared"`    // they are the generator's, too
	CPURatio float64 `json:"cpu_ratio"` // of them that it used, 0–1
}

// NewCeiling works the ceiling out of a run against a null handler, with so many users, or requests in flight, at once.
// It returns an error if requests failed. Where the generator was not what limited the run, a few at once do what they
// did, as they mostly wait for each other; many would do as much as their CPU time lets the cores do. The run may have
// been on some of the cores only, to leave others to the handler.
func NewCeiling(run *Report, handler HandlerCores, atOnce, allCores int) (Ceiling, error) {
	switch {
	case len(run.Errors) > 0:
		return Ceiling{}, fmt.Errorf("requests to the null handler failed: %s", listed(run.Errors))
	case run.Requests == 0 || run.Duration <= 0:
		return Ceiling{}, errors.New("no request to the null handler was answered")
	}
	g := run.Generator
	c := Ceiling{
		Schema: Schema, Requests: run.Requests, Duration: run.Duration, CPURatio: g.CPURatio,
		MeasuredCores: g.Cores, Cores: max(allCores, g.Cores),
		Handler: handler, MeasuredAt: time.Now().Round(0).UTC().Truncate(time.Second), Warnings: []string{},
		Environment: run.Environment,
	}
	c.Measured = float64(run.Requests) / run.Duration.Seconds()
	c.CPUPerRequest = g.CPU / time.Duration(run.Requests)
	c.RPS, c.LimitedBy, c.AtOnce = c.Measured, CeilingUsers, atOnce
	disturbed := handler.CPURatio > maxHandler || g.crowded() || g.HostIdle < maxHostIdle
	times := float64(c.Cores) / float64(max(c.MeasuredCores, 1))
	switch {
	case g.CPURatio > maxCPURatio:
		c.RPS, c.LimitedBy = c.Measured*times, CeilingGenerator
	case disturbed && atOnce >= enoughAtOnce*g.Cores:
		c.RPS, c.LimitedBy = max(c.Measured*times, float64(c.Cores)/c.CPUPerRequest.Seconds()), CeilingElse
	}
	if g.crowded() && !handler.Shared {
		c.Warnings = append(c.Warnings, fmt.Sprintf("other processes had the generator's cores %s of the time "+
			"it wanted one: measure again when this machine is quiet", percent(g.queued())))
	}
	return c, nil
}

// Beyond these the null handler, or whoever else used the cores, was what limited a ceiling's run.
const (
	maxHandler   = 0.85
	maxHostIdle  = 0.1
	enoughAtOnce = 4 // a core, to keep it busy while others wait
)

// Trusted reports whether the figure may be kept for later: nothing disturbed the measurement.
func (c Ceiling) Trusted() bool { return c.Requests > 0 && len(c.Warnings) == 0 }

// WriteJSON writes the document.
func (c Ceiling) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(c)
}

// WriteText says what the figure is, and where it comes from.
func (c Ceiling) WriteText(w io.Writer) error {
	about := number(significantly(c.RPS, 2), 2)
	line(w, "ceiling", "%s requests/s: this generator can send about so many like this on this machine", about)
	line(w, "cpu", "%s a request; the generator may use %s", spaced(int64(c.CPUPerRequest)), cores(c.Cores))
	line(w, "load", "%s, answers of %s%s", c.load(), size(uint64(c.ResponseBytes)), c.sizeFrom())
	line(w, "measured", "%s requests/s on %s over %s", number(significantly(c.Measured, digits), digits),
		cores(c.MeasuredCores), short(int64(c.Duration)))
	line(w, "handler", "%s", c.handlerText())
	line(w, "limit", "%s", c.limitText())
	if c.Cached {
		line(w, "cached", "measured at %s", c.MeasuredAt.Format(time.DateTime+" MST"))
	}
	for _, warning := range c.Warnings {
		line(w, "warning", "%s", warning)
	}
	return nil
}

func (c Ceiling) load() string {
	text := "closed loop, " + plural(int64(c.AtOnce), "user")
	if c.Engine == EngineRate {
		text = "at a rate, with at most " + plural(int64(c.AtOnce), "request") + " in flight"
	}
	if c.TLS {
		text += ", TLS"
	}
	return text
}

func (c Ceiling) sizeFrom() string {
	if c.Assumed {
		return " (assumed)"
	}
	return " (the target's)"
}

func (c Ceiling) handlerText() string {
	if c.Handler.Shared {
		return "it answers at once and does nothing; on the generator's cores, as there are no others"
	}
	return "it answers at once and does nothing; on " + cores(c.Handler.Cores) + " of its own"
}

func (c Ceiling) limitText() string {
	switch c.LimitedBy {
	case CeilingGenerator:
		text := "the generator used " + percent(min(c.CPURatio, 1)) + " of its cores"
		if c.MeasuredCores < c.Cores {
			text += fmt.Sprintf("; measured on %s and multiplied, to leave the handler the others", cores(c.MeasuredCores))
		}
		return text
	case CeilingUsers:
		return "so many at once: the generator used " + percent(c.CPURatio) + " of its cores, and more at once could do more"
	}
	return "not the generator, which got " + percent(c.CPURatio) + " of its cores; " +
		"the ceiling is what all it may use would do at this CPU time a request, and an estimate"
}

// The ways to send.
const (
	EngineUsers = "users"
	EngineRate  = "rate"
)

// ofCeiling says how near the run came to what the generator can do; it is empty where that is unknown.
func (r *Report) ofCeiling() string {
	c := r.Generator.CeilingRPS
	if c == nil || *c <= 0 || r.Duration <= 0 {
		return ""
	}
	share := float64(r.Requests) / r.Duration.Seconds() / *c
	return fmt.Sprintf("generator: this run sent %s of the %s requests/s it can send like this (attack --ceiling)",
		percent(significantly(share, 2)), number(significantly(*c, 2), 2))
}
