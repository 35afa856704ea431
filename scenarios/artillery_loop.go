package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// endlessLoop is a loop that no count ends.
type endlessLoop struct {
	pos      Pos
	scenario int
	why      string
}

// loop reads a loop. Only a count beside it, not one inside it, is its count.
func (a *artillery) loop(n *node, s *scope) Step {
	out := &Loop{Count: -1}
	loop, counter, element, why := field{}, "$loopCount", "$loopElement", "loop has no count"
	a.fields(n, "a loop", keys{
		"loop":        func(f field) { loop = f },
		"count":       func(f field) { why = a.count(f, out, s) },
		"over":        func(f field) { out.Over = a.items(f, s) },
		"loopValue":   func(f field) { counter = a.loopVariable(f) },
		"loopElement": func(f field) { element = a.loopVariable(f) },
		"whileTrue":   a.needsFunctions,
	})
	s.counters[counter], s.counters[element] = true, true
	out.Index = a.script.Names.Slot(counter)
	if !out.mayEnd() {
		a.endless = append(a.endless, endlessLoop{loop.pos, s.scenario, why})
	}
	before := a.errors.count()
	out.Steps = a.steps(loop, s)
	if slot, known := a.script.Names.slots[element]; known { // something reads it
		out.element = slot + 1
	}
	switch {
	case out.never():
		a.warnf(loop.pos, "this loop never runs")
	case out.mayEnd() || a.errors.count() > before:
	case s.scenario < 0:
		a.errorf(loop.pos, "a loop without end before or after the load, of which nothing would come")
	case !takesTime(out.Steps):
		a.errorf(loop.pos, "a loop without end and without a request or a think in it")
	}
	return out
}

// mayEnd reports whether the loop ends by itself, or is known to do so or not only when it begins.
func (l *Loop) mayEnd() bool { return l.Count >= 0 || l.Over != nil || l.Varies.source != "" }

// never reports whether the loop has no round for any user.
func (l *Loop) never() bool {
	if l.Over != nil {
		return l.Over.variable == nil && len(l.Over.list) == 0
	}
	return l.Count == 0 && l.Varies.source == ""
}

// loopVariable reads the name of a variable that a loop sets, in place of $loopCount or $loopElement.
func (a *artillery) loopVariable(f field) string {
	name, ok := a.text(f)
	if ok && !plainName(name) {
		a.errorf(f.value.pos, "%s: %q is not the plain name of a variable", f.key, name)
	}
	return name
}

// items reads what a loop goes over: a list, or the name of a variable, in braces or without.
func (a *artillery) items(f field, s *scope) *Items {
	if f.value.kind == list {
		out := &Items{}
		for _, item := range f.value.items {
			out.list = append(out.list, a.computed(item, s))
		}
		return out
	}
	text, ok := a.text(f)
	if !ok {
		return nil
	}
	if inside, lone := lonePlaceholder(text); lone {
		text = inside
	}
	value, operand := a.operand(text, f.value.pos, s)
	if operand != nil {
		return &Items{variable: operand}
	}
	list, ok := value.any.([]any)
	if !ok && a.errors.count() == 0 {
		a.warnf(f.value.pos, "over: %s is not a list", text)
	}
	out := &Items{}
	for _, item := range list {
		out.list = append(out.list, computed{fixed: Any(item)})
	}
	return out
}

// count reads how often a loop runs, and says why it would not end. Artillery takes 0 and null for no count at all, and
// -1 for no end; below that nothing runs, and neither does it for 0 written as text.
func (a *artillery) count(f field, out *Loop, s *scope) (why string) {
	why = fmt.Sprintf("a loop with count %s has no end to Artillery", f.value)
	if f.value.kind == nothing || f.value.kind == scalar && f.value.text == "" {
		return "loop has no count"
	}
	if strings.Contains(f.value.text, "{{") {
		t := a.template(f.value, s)
		text, constant := t.Text()
		if !constant {
			out.Varies = t
			return why
		}
		f.value = &node{pos: f.value.pos, kind: scalar, tag: "!!str", text: text}
	}
	out.Count = 0
	number, ok := f.value.number()
	isText := f.value.kind == scalar && f.value.tag == "!!str"
	switch from, to, isRange := parseRange(f.value.text); {
	case !ok && isText && isRange:
		out.First, out.Count = from, max(0, to-from)
	case !ok && isText:
		a.errorf(f.value.pos, "count must be a whole number, or a range such as 9-12, not %q", f.value.text)
	case !ok:
		a.errorf(f.value.pos, "count must be a whole number, not %s", f.value)
	case number != math.Trunc(number) || math.Abs(number) > 1<<53:
		a.errorf(f.value.pos, "count must be a whole number, not %s", f.value.text)
	case number == -1 || number == 0 && !isText:
		out.Count = -1
	default:
		out.Count = max(0, int64(number))
	}
	return why
}

// takesTime reports whether one round of the steps sends something or waits, so that repeating them without end
// leaves room for others.
func takesTime(steps []Step) bool {
	return slices.ContainsFunc(steps, func(step Step) bool {
		switch step := step.(type) {
		case *Request:
			return true
		case *Think:
			return step.Duration > 0 || step.Varies.source != "" || step.Jitter != Jitter{}
		case *Parallel:
			return takesTime(step.Steps)
		case *Loop:
			return !step.never() && takesTime(step.Steps)
		}
		return false
	})
}

// warnEndless says what loops without end make of the script: users that arrive and never leave.
func (a *artillery) warnEndless() {
	warned := map[Pos]bool{}
	for _, loop := range a.endless {
		if loop.scenario < 0 {
			continue // which is an error
		}
		scenario := a.script.Scenarios[loop.scenario]
		if warned[loop.pos] || scenario.Weight == 0 || !endless(scenario.Steps) {
			continue
		}
		meaning := "the script runs until it is stopped"
		if !a.script.Endless {
			meaning += ", as " + a.rampOfUsers()
		}
		warned[loop.pos], a.script.Endless = true, true
		a.warnf(loop.pos, "%s: %s", loop.why, meaning)
	}
}

// rampOfUsers describes the arrival of users that stay.
func (a *artillery) rampOfUsers() string {
	var users int64
	var now, until time.Duration
	for _, phase := range a.script.Phases {
		now += phase.Duration
		if arriving := phase.arrivals(); arriving > 0 {
			until = now
			if users += arriving; phase.MaxUsers > 0 {
				users = min(users, int64(phase.MaxUsers))
			}
		}
	}
	upTo := ""
	if slices.ContainsFunc(a.script.Scenarios, func(s Scenario) bool { return s.Weight > 0 && !endless(s.Steps) }) {
		upTo = "up to "
	}
	return fmt.Sprintf("an open ramp of closed-loop users, %s%d of them after %v", upTo, users, until)
}

// endless reports whether a user never comes to the end of the steps.
func endless(steps []Step) bool {
	return slices.ContainsFunc(steps, func(step Step) bool {
		switch step := step.(type) {
		case *Parallel:
			return endless(step.Steps)
		case *Loop:
			return !step.mayEnd() || !step.never() && endless(step.Steps)
		}
		return false
	})
}
