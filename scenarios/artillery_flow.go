package scenarios

import (
	"slices"
)

// scope is what is known about a user's variables at one point of a flow: the counters that loops have set so far.
type scope struct {
	scenario int
	counters map[string]bool
	uploads  []*upload // of the present request
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
		"name":     func(f field) { out.Name, _ = a.text(f) },
		"weight":   func(field) {}, // read by weights, when all variables are known
		"flow":     func(f field) { flow = f },
		"engine":   a.httpOnly,
		"requests": a.meant("flow"), "steps": a.meant("flow"),
		"beforeScenario": a.needsFunctions, "afterScenario": a.needsFunctions, "beforeRequest": a.needsFunctions,
		"afterResponse": a.needsFunctions, "onError": a.needsFunctions, "cookie": a.notYet, "variables": a.notYet,
	})
	if flow.value == nil {
		a.errorf(n.pos, "a scenario needs a flow: the list of its steps")
	} else {
		out.Steps = a.steps(flow, s)
	}
	a.script.Scenarios = append(a.script.Scenarios, out)
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

// step reads one step: a map whose only key says what to do. Only loops and the like have more keys.
func (a *artillery) step(n *node, s *scope) Step {
	if n.kind != mapping || len(n.fields) == 0 {
		a.errorf(n.pos, "a step must be a map, such as 'get: {url: /}', not %s", n.quoted())
		return nil
	}
	switch {
	case n.get("loop") != nil:
		return a.loop(n, s)
	case n.get("parallel") != nil:
		return a.parallel(n, s)
	case n.get("jitter") != nil && n.get("think") != nil && len(n.fields) == 2:
		return a.think(n, s)
	}
	if n = a.gather(n); len(n.fields) > 1 {
		a.crowded(n)
		return nil
	}
	switch f := n.fields[0]; {
	case slices.Contains(verbs, f.key):
		if request := a.httpRequest(f, s); request != nil {
			return request
		}
	case f.key == "think":
		return a.think(n, s)
	case f.key == "log":
		if _, ok := a.text(f); ok {
			return &Log{a.template(f.value, s)}
		}
	case f.key == "function":
		a.needsFunctions(f)
	case slices.Contains([]string{"connect", "send", "emit"}, f.key):
		a.errorf(f.pos, "%s is a step of another engine: only http is supported", f.key)
	default:
		a.errorf(f.pos, "unknown step %q%s", f.key, didYouMean(f.key, append(verbs, "loop", "think", "parallel", "log")))
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
		case slices.Contains(requestKeysNotYet, f.key):
			a.notYet(f)
		default:
			a.errorf(f.pos, "%s stands beside %s: indent it, so that it stands inside", f.key, verb)
		}
	}
}

// hook reads what one user does before or after all others.
func (a *artillery) hook(f field) *Flow {
	if f.value == nil || f.value.kind == nothing {
		return nil
	}
	var flow field
	a.fields(f.value, f.key, keys{
		"flow":   func(f field) { flow = f },
		"engine": a.httpOnly,
		"name":   a.noEffect,
	})
	if flow.value == nil {
		a.errorf(f.pos, "%s needs a flow: the list of its steps", f.key)
		return nil
	}
	if flow.value.kind == list && len(flow.value.items) == 0 {
		return nil
	}
	others := a.script.Requests
	a.script.Requests = nil
	out := &Flow{Steps: a.steps(flow, &scope{scenario: -1, counters: map[string]bool{}})}
	out.Requests, a.script.Requests = a.script.Requests, others
	return out
}

// httpOnly refuses the other engines.
func (a *artillery) httpOnly(f field) {
	if f.value.text != "http" {
		a.errorf(f.value.pos, "engine %s is not supported: only http is", f.value.quoted())
	}
}
