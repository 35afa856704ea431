package attack

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// maxNotes is how many things a run remembers that went wrong with answers, each once with its number.
const maxNotes = 100

// note is the first of its kind that went wrong, and how often something of the kind did.
type note struct {
	text  string
	times int64
}

// note remembers what went wrong at a step. kind tells it from other things that go wrong there.
func (r *run) note(step *scenarios.Request, kind, text string) {
	key := step.Pos.String() + kind
	r.mu.Lock()
	defer r.mu.Unlock()
	switch n := r.notes[key]; {
	case n != nil:
		n.times++
	case len(r.notes) < maxNotes:
		if r.notes == nil {
			r.notes = map[string]*note{}
		}
		r.notes[key] = &note{text, 1}
		r.noted = append(r.noted, key)
	}
}

// noteWarnings tells what has been noted, in the order it happened first.
func (r *run) noteWarnings() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []error
	for _, key := range r.noted {
		text := r.notes[key].text
		if n := r.notes[key].times; n > 1 {
			text += fmt.Sprintf(" (the first of %d)", n)
		}
		all = append(all, fmt.Errorf("%s", text))
	}
	return all
}

// keepLimit is how many bytes of a body are kept.
func (c *client) keepLimit() int {
	limit := 0
	if c.run.opts.Results != nil {
		limit = c.run.opts.MaxBody
	}
	if c.wantsBody {
		limit = max(limit, scenarios.MaxBody)
	}
	return limit
}

// prepare readies the client for a step: what is to be kept of its answer, the cookies it brings, and whether its URL
// is what its author meant.
func (c *client) prepare(bp *blueprint, to origin, vars *scenarios.Vars) error {
	step := bp.step
	c.wantsHead, c.wantsBody = bp.heeds || c.trace != nil, bp.reads || c.trace != nil
	c.keep = bp.keep || c.wantsBody
	if bp.whole == nil && vars != nil {
		line, _, _ := bytes.Cut(c.out, []byte("\r\n"))
		if bytes.Contains(line, []byte("undefined")) {
			if name := step.URL.Missing(vars); name != "" {
				c.run.note(step, "undefined", fmt.Sprintf("%s%s: {{ %s }} was undefined in the URL of a request",
					place(step.Pos), bp.label(), name))
			}
		}
	}
	if len(step.Cookies) == 0 {
		return nil
	}
	return c.ownCookies(bp, vars, to)
}

// noteHead keeps the head of an answer, if somebody wants it.
func (c *client) noteHead(text []byte) {
	if c.wantsHead {
		c.head = append(c.head[:0], text...)
	}
}

// take does what the step's author wants done with the answer of the last hop. Its error ends the user.
func (c *client) take(bp *blueprint, hop redirect, status int, vars *scenarios.Vars) error {
	var taken scenarios.Taken
	var before []scenarios.Value
	if c.trace != nil {
		before = slices.Clone(vars.Slots)
	}
	answer := scenarios.Answer{
		Status: status, Head: c.head, Body: c.answer.body.bytes, Truncated: c.answer.cut,
		URL: hop.to.String() + requestTarget(c.out), FirstByte: c.res.FirstByte,
	}
	if bp.takes {
		taken = bp.step.Take(&answer, vars)
	}
	if c.trace != nil {
		c.show(bp, hop, status, vars, before, taken)
	}
	label := bp.label()
	for _, check := range taken.Checks {
		if !check.OK && !c.warming {
			c.run.note(bp.step, check.Type, fmt.Sprintf("%s%s: expected %s %s, got %s",
				place(bp.step.Pos), label, check.Type, shortened(check.Want), shortened(check.Got)))
		}
		if !c.warming && !c.res.Due().Before(c.run.recordFrom) {
			c.shard.Check(time.Now(), check.Type, label, check.OK)
		}
	}
	if taken.Failed == "" {
		return nil
	}
	if c.last != nil {
		c.last.why = taken.Why
	}
	if len(taken.Why) > 0 && !c.warming {
		c.run.note(bp.step, "capture", fmt.Sprintf("%s: the user ended: %s", taken.Failed, shortened(strings.Join(taken.Why, "; "))))
	}
	return userError(taken.Failed)
}

// label names a step for people: by its name, or by its method and URL.
func (bp *blueprint) label() string {
	if bp.step.Name != "" {
		return bp.step.Name
	}
	return bp.step.Method + " " + withoutUser(bp.step.URL.String())
}

// shortened cuts a text that came from outside, for a message.
func shortened(text string) string {
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// forget gives back what was kept of an answer.
func (c *client) forget() {
	if c.keep {
		c.answer.release()
		c.res.Body = nil
	}
	c.head = c.head[:0]
	if cap(c.head) > readBuffer {
		c.head = nil
	}
}
