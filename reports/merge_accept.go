package reports

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// shape is what reports have in common if they can be merged.
type shape struct {
	file                     string
	script, target, protocol string
	steps                    []StepName
	endpoints                Endpoints
	plan                     []string // nil where it is unknown, or another in one of them
	divided                  bool     // it has intervals
	closed                   bool     // its users are in a loop
}

func shapeOf(file string, r *Report) *shape {
	s := &shape{
		file: file, script: r.Script, target: r.Target, protocol: r.Protocol, endpoints: r.Endpoints, plan: r.Plan,
		divided: r.Intervals != nil, closed: r.ClosedUsers > 0,
	}
	for _, step := range r.Steps {
		s.steps = append(s.steps, StepName{step.Scenario, step.Step, step.Method, step.URL})
	}
	return s
}

const sideBySide = "; --compare shows them side by side"

// accept returns why a report cannot be merged with those before it.
func (m *Merger) accept(file string, r *Report, sources []Source) error {
	s := shapeOf(file, r)
	if m.first == nil {
		m.first = s
	}
	if why := m.first.differs(s); why != "" {
		return errors.New(why + sideBySide)
	}
	m.first.absorb(s)
	for _, a := range m.sources {
		for _, b := range sources {
			if a.same(b) {
				return fmt.Errorf("%s has the run of %s, which is merged already and counts once: leave one of them out",
					file, a.File)
			}
		}
	}
	return m.together(sources)
}

// differs says in what two reports are not of the same attack; "" if in nothing.
func (s *shape) differs(o *shape) string {
	both := fmt.Sprintf("%s and %s ", s.file, o.file)
	switch {
	case !sameScript(s.script, o.script):
		return fmt.Sprintf("%sran different scripts, %s and %s", both, s.script, o.script)
	case s.target != o.target:
		return fmt.Sprintf("%shad different targets, %s and %s", both, cmp.Or(s.target, "none"), cmp.Or(o.target, "none"))
	case spoken(s.protocol) != spoken(o.protocol):
		return fmt.Sprintf("%sspoke different protocols, %s and %s", both, spoken(s.protocol), spoken(o.protocol))
	case s.closed != o.closed:
		return both + "had different loads: users in a loop in one, arrivals by a schedule in the other"
	case len(s.steps) != len(o.steps):
		return fmt.Sprintf("%shave different steps, %d and %d", both, len(s.steps), len(o.steps))
	case s.divided && o.divided && !s.endpoints.equal(o.endpoints):
		return both + "name their endpoints differently (metrics-by-endpoint)"
	}
	for i := range s.steps {
		if s.steps[i] != o.steps[i] {
			return fmt.Sprintf("%shave different steps: step %d is %s and %s", both, i, s.steps[i], o.steps[i])
		}
	}
	return ""
}

// absorb takes from another, which differs in nothing, what s does not know itself.
func (s *shape) absorb(o *shape) {
	if s.script != o.script {
		s.script = scriptName(s.script)
	}
	s.protocol = cmp.Or(s.protocol, o.protocol)
	if !slices.Equal(s.plan, o.plan) {
		s.plan = nil
	}
	if !s.divided && o.divided { // the endpoints of older reports are what we make of them
		s.endpoints, s.divided = o.endpoints, true
	}
}

// sameScript compares scripts as different machines name them: a file by its own name, a URL as a whole.
func sameScript(a, b string) bool {
	return a == b || !strings.Contains(a+b, "://") && scriptName(a) == scriptName(b)
}

func scriptName(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

// spoken is the protocol of a report. Those that name none are of before there was another.
func spoken(protocol string) string { return cmp.Or(protocol, usualProtocol) }

func (e Endpoints) equal(o Endpoints) bool {
	return e.Namespace == o.Namespace && slices.Equal(e.Names, o.Names)
}

// String is what the step does.
func (s StepName) String() string {
	return strings.TrimSpace(s.Scenario + " " + (Step{Step: s.Step, Method: s.Method, URL: s.URL}).title(""))
}

// together returns an error if runs did not start together.
func (m *Merger) together(sources []Source) error {
	if m.AlignStarts {
		return nil
	}
	all := slices.Concat(m.sources, sources)
	first, last := slices.MinFunc(all, compareSources), slices.MaxFunc(all, compareSources)
	if apart := last.StartedAt.Sub(first.StartedAt); apart > maxApart {
		return fmt.Errorf("%s started %s after %s, and runs that did not run together are not one (at most %v apart)%s; "+
			"if only their clocks differ, --align-starts merges them, each from its own start",
			last.File, apart.Round(time.Millisecond), first.File, maxApart, sideBySide)
	}
	return nil
}
