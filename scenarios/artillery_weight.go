package scenarios

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

// weights reads how often each scenario is picked, once all that a weight may be made of is known.
func (a *artillery) weights(n *node) {
	for i, scenario := range n.items {
		if i >= len(a.script.Scenarios) {
			return
		}
		for _, f := range scenario.fields {
			if f.key == "weight" {
				a.script.Scenarios[i].Weight = a.weight(f)
			}
		}
	}
}

// weight reads how often a scenario is picked; Artillery cuts off what is behind the point, and takes what is no
// number for 0.
func (a *artillery) weight(f field) float64 {
	if f.value.kind == scalar && strings.Contains(f.value.text, "{{") {
		return a.renderedWeight(f)
	}
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

var leadingInt = regexp.MustCompile(`^\s*\+?[0-9]+`)

// renderedWeight reads a weight that is a template: it is rendered once, with the variables of a first user, and
// the whole number it begins with counts.
func (a *artillery) renderedWeight(f field) float64 {
	before := a.errors.count()
	t := a.template(f.value, &scope{})
	if a.errors.count() > before {
		return 0
	}
	vars := a.script.Names.NewVars(rand.New(rand.NewPCG(a.opts.Seed, 1<<63|1)))
	a.script.Begin(vars, 0)
	text := t.Value(vars).String()
	weight, err := strconv.ParseFloat(strings.TrimSpace(leadingInt.FindString(text)), 64)
	if err != nil || weight > 1e9 {
		a.warnf(f.value.pos, "weight %q is no number from 0 to 1000000000: it counts as 0, as in Artillery", f.value.text)
		return 0
	}
	return weight
}

// only keeps the one scenario that is asked for, whatever its weight, and lets users pick no other.
func (a *artillery) only() {
	if a.opts.Scenario == "" || a.errors.count() > 0 {
		return
	}
	var names []string
	var found []int
	pattern, err := regexp.Compile(a.opts.Scenario)
	for i, s := range a.script.Scenarios {
		names = append(names, s.Name)
		if s.Name == a.opts.Scenario || err == nil && s.Name != "" && pattern.MatchString(s.Name) {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		a.errorf(Pos{File: a.file}, "--scenario-name %q fits %d scenarios, where it must fit one: there is %q",
			a.opts.Scenario, len(found), names)
		return
	}
	for i := range a.script.Scenarios {
		a.script.Scenarios[i].Weight = 0
	}
	a.script.Scenarios[found[0]].Weight = 1
}
