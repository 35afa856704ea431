package scenarios

import (
	"slices"
	"strings"
)

// takes reads what a request wants of its answer; nil if that is nothing.
func (a *artillery) takes(spec *requestSpec, s *scope) *takes {
	t := &takes{expect: a.script.Expect}
	t.captures = a.captures(spec.capture, s)
	t.matches = a.matches(spec.match, s)
	t.expects = a.expect(spec.expect, s)
	if t.captures == nil && t.matches == nil && t.expects == nil {
		return nil
	}
	return t
}

// oneOrMore returns the values of a list, or the one that stands without.
func (a *artillery) oneOrMore(f field) []*node {
	switch {
	case f.value == nil || f.value.kind == nothing:
		return nil
	case f.value.kind == list:
		return f.value.items
	}
	return []*node{f.value}
}

// captures reads capture. Of several into one variable the last counts, as in Artillery.
func (a *artillery) captures(f field, s *scope) (captures []capture) {
	names := map[string]int{}
	for _, n := range a.oneOrMore(f) {
		spec := a.extraction(n, "capture", s)
		switch {
		case spec == nil:
		case spec.as == nil:
			a.errorf(n.pos, "capture has no as: which variable is the value for?")
		case spec.value != nil:
			a.warnf(spec.value.pos, "capture with a value is a match to Artillery: it sets no variable")
		default:
			c, ok := a.capture(spec)
			if at, again := names[spec.as.text]; ok && again {
				captures[at] = c
			} else if ok {
				names[spec.as.text] = len(captures)
				captures = append(captures, c)
			}
		}
	}
	return captures
}

func (a *artillery) capture(spec *extraction) (capture, bool) {
	root, path, err := parsePath(spec.as.text)
	if err != nil {
		a.errorf(spec.as.pos, "as: %q is not the name of a variable, nor a path into one", spec.as.text)
		return capture{}, false
	}
	c := capture{from: spec.from, slot: a.script.Names.Slot(root), path: path, strict: a.strictCapture}
	if spec.strict != nil {
		c.strict = *spec.strict
	}
	return c, spec.from.how != nil
}

// matches reads match, and what stands under capture with a value.
func (a *artillery) matches(f field, s *scope) (matches []match) {
	for _, n := range a.oneOrMore(f) {
		spec := a.extraction(n, "match", s)
		switch {
		case spec == nil || spec.from.how == nil:
		case spec.value == nil:
			a.warnf(n.pos, "match without a value checks nothing, as in Artillery")
		default:
			if spec.as != nil {
				a.warnf(spec.as.pos, "as has no effect in a match: use capture")
			}
			strict := spec.strict == nil || *spec.strict
			matches = append(matches, match{from: spec.from, value: a.computed(spec.value, s), strict: strict})
		}
	}
	return matches
}

// extraction is a capture or a match as written.
type extraction struct {
	from      extractor
	as, value *node
	strict    *bool
}

// kinds are the extractors, first the one that counts where several are given.
func kinds() []string { return []string{"json", "xpath", "regexp", "header", "selector"} }

// extraction reads one capture or match; nil if it is none.
func (a *artillery) extraction(n *node, what string, s *scope) *extraction {
	spec := &extraction{}
	given := map[string]field{}
	note := func(f field) { given[f.key] = f }
	known := keys{
		"as":    func(f field) { spec.as = a.textNode(f) },
		"value": func(f field) { spec.value = f.value },
		"strict": func(f field) {
			if strict, ok := a.boolean(f); ok {
				spec.strict = &strict
			}
		},
		"transform": func(f field) {
			a.errorf(f.pos, "transform is not in Artillery any more: capture the value as it is, "+
				"or the part of it that you want with a JSONPath or with regexp and group")
		},
	}
	for _, key := range append(kinds(), "multiple", "group", "flags", "attr", "index") {
		known[key] = note
	}
	if n.kind != mapping {
		a.errorf(n.pos, "%s must be a map such as {json: $.id, as: id}, or a list of them, not %s", what, n)
		return nil
	}
	before := a.errors.count()
	a.fields(n, what, known)
	var kind string
	for _, key := range slices.Backward(kinds()) {
		if _, ok := given[key]; ok {
			if kind != "" {
				a.warnf(given[kind].pos, "%s has no effect beside %s", kind, key)
			}
			kind = key
		}
	}
	if kind == "" && a.errors.count() > before {
		return nil
	}
	if kind == "" {
		a.errorf(n.pos, "%s does not say where to look: give one of %s", what, strings.Join(kinds(), ", "))
		return nil
	}
	if a.textNode(given[kind]) == nil {
		return nil
	}
	spec.from = extractor{pos: given[kind].pos, kind: kind, expr: a.template(given[kind].value, s)}
	spec.from.how = a.finder(kind, given, s)
	a.unused(kind, given)
	return spec
}

// textNode returns a value if it is text.
func (a *artillery) textNode(f field) *node {
	if _, ok := a.text(f); !ok {
		return nil
	}
	return f.value
}

// unused warns of keys that say something about another extractor.
func (a *artillery) unused(kind string, given map[string]field) {
	for key, wants := range map[string]string{
		"multiple": "json", "group": "regexp", "flags": "regexp", "attr": "selector", "index": "selector",
	} {
		if f, ok := given[key]; ok && kind != wants {
			a.warnf(f.pos, "%s has no effect without %s", key, wants)
		}
	}
}

// computed compiles a value with the placeholders in it. Text that is one placeholder keeps the type of the variable.
func (a *artillery) computed(n *node, s *scope) computed {
	switch {
	case n.kind == list:
		c := computed{list: []computed{}}
		for _, item := range n.items {
			c.list = append(c.list, a.computed(item, s))
		}
		return c
	case n.kind == mapping:
		c := computed{members: map[string]computed{}}
		for _, f := range n.fields {
			c.members[f.key] = a.computed(f.value, s)
		}
		return c
	case n.kind == nothing || n.tag != "!!str" && n.tag != "!!timestamp":
		return computed{fixed: n.value()}
	}
	if value, operand, lone := a.lone(n, s); lone && operand == nil {
		return computed{fixed: value}
	}
	text := a.template(n, s)
	return computed{text: &text}
}
