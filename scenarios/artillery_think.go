package scenarios

import "strings"

// think reads how long a user waits. Artillery 2 takes half a second, written without a unit, for half a
// millisecond; nobody means that.
func (a *artillery) think(n *node, s *scope) Step {
	out, span := &Think{Jitter: a.defaultJitter()}, field{}
	a.fields(n, "a think", keys{
		"think":  func(f field) { span = f },
		"jitter": func(f field) { out.Jitter = a.jitter(f) },
	})
	f := span
	if f.value.kind == scalar && strings.Contains(f.value.text, "{{") {
		t := a.template(f.value, s)
		text, constant := t.Text()
		if !constant {
			out.Varies = t
			return out
		}
		f.value = &node{pos: f.value.pos, kind: scalar, tag: "!!str", text: text}
	}
	var fraction bool
	out.Duration, fraction = a.duration(f)
	if fraction {
		a.warnf(f.value.pos, "think %s is taken as seconds; Artillery 2 takes it for about 1 ms: write a unit, such as %v",
			f.value.text, out.Duration)
	}
	return out
}

// parallel reads steps that all begin at once.
func (a *artillery) parallel(n *node, s *scope) Step {
	out, steps := &Parallel{}, field{}
	a.fields(n, "a parallel", keys{
		"parallel": func(f field) { steps = f },
		"limit": func(f field) {
			if _, ok := a.number(f); ok {
				a.warnf(f.pos, "limit has no effect: the requests of one user take turns on its connection")
			}
		},
	})
	out.Steps = a.steps(steps, s)
	return out
}
