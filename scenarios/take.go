package scenarios

import (
	"net/url"
)

// Taken is what became of an answer.
type Taken struct {
	Failed string        // not empty: the user ends with this error key, such as "Failed capture or match"
	Checks []CheckResult // of expect, in the order of the script
	Why    []string      // what was wrong with the captures and matches that failed
}

// CheckResult is one expectation, held against an answer.
type CheckResult struct {
	Type string // as Artillery counts it: plugins.expect.ok.TYPE, plugins.expect.failed.TYPE
	Name string // of the request, or its URL
	OK   bool
	Got  string
	Want string
}

// takes is what a request's author wants of its answer.
type takes struct {
	captures []capture
	matches  []match
	expects  []expectation
	expect   *ExpectOptions // nil: expectations do not count
}

// NeedsHead reports whether Take looks at the headers of an answer.
func (r *Request) NeedsHead() bool { return r.takes != nil && r.takes.needs(fromHead) }

// NeedsBody reports whether Take looks at the body of an answer.
func (r *Request) NeedsBody() bool { return r.takes != nil && r.takes.needs(fromBody) }

// NeedsAnswer reports whether Take does anything at all.
func (r *Request) NeedsAnswer() bool { return r.takes != nil }

// part of an answer.
type source int

const (
	fromStatus source = 1 << iota
	fromHead
	fromBody
)

func (t *takes) needs(what source) bool {
	var all source
	for _, c := range t.captures {
		all |= c.from.needs()
	}
	for _, m := range t.matches {
		all |= m.from.needs()
	}
	for _, e := range t.expects {
		all |= e.needs()
	}
	return all&what != 0
}

// Take applies captures, then matches and expectations, in Artillery's order, to an answer. vars is changed only if all
// strict captures and matches succeed; expectations see what was captured. The time it takes is bounded by MaxBody and
// by the limits of each extractor.
func (r *Request) Take(a *Answer, vars *Vars) (taken Taken) {
	if r.takes == nil {
		return taken
	}
	in := &reading{Answer: a}
	if taken.Why = r.takes.capture(in, vars); taken.Why != nil {
		taken.Failed = "Failed capture or match"
	}
	if r.takes.expect == nil {
		return taken
	}
	name := r.takes.expect.requestName(r, a)
	for _, e := range r.takes.expects {
		result := e.check(in, vars)
		result.Name = name
		taken.Checks = append(taken.Checks, result)
		if !result.OK && r.takes.expect.ReportAsErrors {
			taken.Failed = "Failed expectations for request " + name
		}
	}
	return taken
}

// capture sets variables, unless something strict failed: then it says what.
func (t *takes) capture(in *reading, vars *Vars) (failures []string) {
	values := make([]Value, len(t.captures))
	for i := range t.captures {
		c := &t.captures[i]
		value, err := c.from.extract(in, vars)
		if values[i] = value; err == nil {
			err = found(value)
		}
		if err != nil && c.strict {
			failures = append(failures, c.from.pos.String()+": "+c.from.String()+": "+err.Error())
		}
	}
	for i := range t.matches {
		if err := t.matches[i].check(in, vars); err != nil && t.matches[i].strict {
			failures = append(failures, t.matches[i].from.pos.String()+": "+t.matches[i].from.String()+": "+err.Error())
		}
	}
	if failures != nil {
		return failures
	}
	for i, c := range t.captures {
		slot := &vars.Slots[c.slot]
		*slot = slot.with(c.path, values[i])
	}
	return nil
}

// requestName returns the name that an expectation's failure is told under.
func (o *ExpectOptions) requestName(r *Request, a *Answer) string {
	if o.UseOnlyRequestNames && r.Name != "" {
		return r.Name
	}
	return withoutPassword(a.URL)
}

// withoutPassword hides a password in a URL, if there is one.
func withoutPassword(text string) string {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return "a URL that cannot be understood"
	case parsed.User == nil:
		return text
	}
	return parsed.Redacted()
}
