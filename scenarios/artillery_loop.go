package scenarios

import (
	"fmt"
	"math"
	"slices"
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
	loop, counter, why := field{}, "$loopCount", "loop has no count"
	a.fields(n, "a loop", keys{
		"loop":      func(f field) { loop = f },
		"count":     func(f field) { out.Count, why = a.count(f) },
		"loopValue": func(f field) { counter = a.counter(f) },
		"over":      a.notYet, "whileTrue": a.notYet, "loopElement": a.notYet,
	})
	s.counters[counter] = true
	out.Index = a.script.Names.Slot(counter)
	if out.Count < 0 {
		a.endless = append(a.endless, endlessLoop{loop.pos, s.scenario, why})
	}
	before := a.errors.count()
	out.Steps = a.steps(loop, s)
	switch {
	case out.Count == 0:
		a.warnf(loop.pos, "this loop never runs")
	case out.Count < 0 && a.errors.count() == before && !takesTime(out.Steps):
		a.errorf(loop.pos, "a loop without end and without a request or a think in it")
	}
	return out
}

// counter reads the name of the variable that counts, in place of $loopCount.
func (a *artillery) counter(f field) string {
	name, ok := a.text(f)
	if ok && !plainName(name) {
		a.errorf(f.value.pos, "loopValue: %q is not the plain name of a variable", name)
	}
	return name
}

// count reads how often a loop runs. Artillery takes 0 and null for no count at all, and -1 for no end; below that
// nothing runs, and neither does it for 0 written as text.
func (a *artillery) count(f field) (count int64, why string) {
	why = fmt.Sprintf("a loop with count %s has no end to Artillery", f.value)
	if f.value.kind == nothing || f.value.kind == scalar && f.value.text == "" {
		return -1, "loop has no count"
	}
	number, ok := f.value.number()
	isText := f.value.kind == scalar && f.value.tag == "!!str"
	switch {
	case !ok && isText:
		a.errorf(f.value.pos, "count %q is not supported yet: only a whole number is", f.value.text)
	case !ok:
		a.errorf(f.value.pos, "count must be a whole number, not %s", f.value)
	case number != math.Trunc(number) || math.Abs(number) > 1<<53:
		a.errorf(f.value.pos, "count must be a whole number, not %s", f.value.text)
	case number == -1 || number == 0 && !isText:
		return -1, why
	}
	return max(0, int64(number)), why
}

// takesTime reports whether one round of the steps sends something or waits, so that repeating them without end
// leaves room for others.
func takesTime(steps []Step) bool {
	return slices.ContainsFunc(steps, func(step Step) bool {
		switch step := step.(type) {
		case *Request:
			return true
		case *Think:
			return step.Duration > 0
		case *Loop:
			return step.Count != 0 && takesTime(step.Steps)
		}
		return false
	})
}

// warnEndless says what loops without end make of the script: users that arrive and never leave.
func (a *artillery) warnEndless() {
	warned := map[Pos]bool{}
	for _, loop := range a.endless {
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
		loop, ok := step.(*Loop)
		return ok && (loop.Count < 0 || loop.Count > 0 && endless(loop.Steps))
	})
}
