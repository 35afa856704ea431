package scenarios

import (
	"math"
	"slices"
	"strings"
	"time"
)

// scope is what is known about a user's variables at one point of a flow: the counters that loops have set so far.
type scope struct {
	scenario int
	counters map[string]bool
}

func (a *artillery) scenarios(n *node) {
	if n.kind != list {
		a.errorf(n.pos, "scenarios must be a list, each with a dash before it, not %s", n)
		return
	}
	for _, item := range n.items {
		a.scenario(item)
	}
}

func (a *artillery) scenario(n *node) {
	s := &scope{scenario: len(a.script.Scenarios), counters: map[string]bool{}}
	out := Scenario{Weight: 1}
	var flow field
	a.fields(n, "a scenario", keys{
		"name":   func(f field) { out.Name, _ = a.text(f) },
		"weight": func(f field) { out.Weight = a.weight(f) },
		"flow":   func(f field) { flow = f },
		"engine": func(f field) {
			if f.value.text != "http" {
				a.errorf(f.value.pos, "engine %s is not supported: only http is", f.value.quoted())
			}
		},
		"requests": a.meant("flow"), "steps": a.meant("flow"),
		"beforeScenario": a.notYet, "afterScenario": a.notYet, "beforeRequest": a.notYet, "afterResponse": a.notYet,
		"onError": a.notYet, "cookie": a.notYet, "variables": a.notYet,
	})
	if flow.value == nil {
		a.errorf(n.pos, "a scenario needs a flow: the list of its steps")
	} else {
		out.Steps = a.steps(flow, s)
	}
	a.script.Scenarios = append(a.script.Scenarios, out)
}

// weight reads how often a scenario is picked; Artillery cuts off what is behind the point.
func (a *artillery) weight(f field) float64 {
	weight, ok := a.number(f)
	switch {
	case !ok:
	case weight < 0 || weight > 1e9:
		a.errorf(f.value.pos, "weight must be a number from 0 to 1000000000")
	case weight != math.Trunc(weight):
		a.warnf(f.value.pos, "weight %v counts as %v, as in Artillery", weight, math.Trunc(weight))
	}
	return math.Trunc(weight)
}

// checkPicks says so if no scenario can be picked.
func (a *artillery) checkPicks(pos Pos) {
	picked := func(s Scenario) bool { return s.Weight > 0 }
	if !slices.ContainsFunc(a.script.Scenarios, picked) && a.errors.count() == 0 {
		a.errorf(pos, "no scenario with a weight above 0: what should users do?")
	}
}

// steps reads a list of steps. A list within it, which an anchor may stand for, counts as its steps.
func (a *artillery) steps(f field, s *scope) []Step {
	if f.value.kind != list {
		a.errorf(f.value.pos, "%s must be a list of steps, each with a dash before it, not %s", f.key, f.value)
		return nil
	}
	if len(f.value.items) == 0 {
		a.errorf(f.pos, "a %s without steps", f.key)
	}
	var steps []Step
	for _, item := range f.value.items {
		inner := []*node{item}
		if item.kind == list {
			inner = item.items
		}
		for _, n := range inner {
			if step := a.step(n, s); step != nil {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// verbs are the request steps: their name is the method.
var verbs = []string{"get", "post", "put", "patch", "delete", "head", "options"}

// step reads one step: a map whose only key says what to do. Only loops have more keys.
func (a *artillery) step(n *node, s *scope) Step {
	if n.kind != mapping || len(n.fields) == 0 {
		a.errorf(n.pos, "a step must be a map, such as 'get: {url: /}', not %s", n.quoted())
		return nil
	}
	if n.get("loop") != nil {
		return a.loop(n, s)
	}
	if len(n.fields) > 1 {
		a.crowded(n)
		return nil
	}
	switch f := n.fields[0]; {
	case slices.Contains(verbs, f.key):
		if request := a.httpRequest(f, s); request != nil {
			return request
		}
	case f.key == "think":
		if span, ok := a.think(f, s); ok {
			return &Think{span}
		}
	case f.key == "log":
		if _, ok := a.text(f); ok {
			return &Log{a.template(f.value, s)}
		}
	case slices.Contains([]string{"function", "parallel", "connect", "send", "emit"}, f.key):
		a.notYet(f)
	default:
		a.errorf(f.pos, "unknown step %q%s", f.key, didYouMean(f.key, append(verbs, "loop", "think", "log")))
	}
	return nil
}

// crowded explains a step with more keys than the one that says what to do.
func (a *artillery) crowded(n *node) {
	var verb string
	for _, f := range n.fields {
		if verb == "" && (slices.Contains(verbs, f.key) || f.key == "think") {
			verb = f.key
		}
	}
	if verb == "" {
		a.errorf(n.pos, "a step has one key, which says what to do: a dash is missing, or a line is not indented enough")
		return
	}
	for _, f := range n.fields {
		switch {
		case f.key == verb:
		case slices.Contains(verbs, f.key), f.key == "think", f.key == "log":
			a.errorf(f.pos, "%s stands in the same step as %s: put a dash before it", f.key, verb)
		case verb == "think", slices.Contains(requestKeysNotYet, f.key):
			a.notYet(f)
		default:
			a.errorf(f.pos, "%s stands beside %s: indent it, so that it stands inside", f.key, verb)
		}
	}
}

// think reads how long a user waits. Artillery 2 takes half a second, written without a unit, for half a
// millisecond; nobody means that.
func (a *artillery) think(f field, s *scope) (time.Duration, bool) {
	if f.value.kind == scalar && strings.Contains(f.value.text, "{{") {
		text, constant := a.template(f.value, s).Text()
		if !constant {
			a.errorf(f.value.pos, "think: a time that varies is not supported yet")
			return 0, false
		}
		f.value = &node{pos: f.value.pos, kind: scalar, tag: "!!str", text: text}
	}
	span, fraction := a.duration(f)
	if fraction {
		a.warnf(f.value.pos, "think %s is taken as seconds; Artillery 2 takes it for about 1 ms: write a unit, such as %v",
			f.value.text, span)
	}
	return span, true
}
