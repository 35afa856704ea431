package scenarios

import (
	"maps"
	"slices"
	"strings"
)

// template compiles a text of the script.
func (a *artillery) template(n *node, s *scope) Template { return a.templateOf(n.text, n.pos, s) }

func (a *artillery) templateOf(text string, pos Pos, s *scope) Template {
	var b builder
	a.expand(&b, text, pos, s, asText)
	return b.template(text)
}

// expand compiles a text into b. Variables that no step can change become part of the text, escaped as the others
// will be.
func (a *artillery) expand(b *builder, text string, pos Pos, s *scope, f form) {
	literal := func(text string) { b.literal(text) }
	if f == withinJSON {
		literal = func(text string) { b.literal(escapeJSON(text)) }
	}
	err := split(text, literal, func(inside string) error {
		if value, operand := a.operand(inside, pos, s); operand != nil {
			b.operand(operand, f)
		} else {
			literal(a.filled(value.append, pos))
		}
		return nil
	})
	if err != nil {
		a.errorf(pos, "%v", err)
	}
}

// operand finds out what a placeholder stands for at this point of a flow: a value that is the same for every user,
// or an operand. What cannot be meant is an error, and what nobody sets a warning: both are undefined.
func (a *artillery) operand(inside string, pos Pos, s *scope) (Value, *operand) {
	if strings.Contains(inside, "(") {
		return Value{}, a.call(inside, pos)
	}
	root, path, err := parsePath(inside)
	if err != nil {
		a.errorf(pos, "%v", err)
		return Value{}, nil
	}
	if root == "$uuid" && !a.dynamic[root] {
		a.dynamic[root] = true
		a.script.initial = append(a.script.initial, uuid{a.script.Names.Slot(root)})
	}
	if isEnvironment(root) {
		return a.variableOf(root, path, inside, pos), nil
	}
	if s.counters[root] || a.dynamic[root] {
		return Value{}, &operand{slot: a.script.Names.Slot(root), path: path, text: inside}
	}
	if value, ok := a.constants[root]; ok {
		if value = value.at(path); !value.set {
			a.warnf(pos, "{{ %s }} leads nowhere: it renders undefined, as in Artillery", inside)
		}
		return value, nil
	}
	a.notSet(root, pos)
	return Value{}, nil
}

// notSet says what is wrong with a variable that nothing sets.
func (a *artillery) notSet(name string, pos Pos) {
	switch {
	case name == "$loopCount" || name == "$loopElement":
		a.warnf(pos, "{{ %s }} is used before any loop: it renders undefined, as in Artillery", name)
	case strings.HasPrefix(name, "$"):
		a.errorf(pos, "{{ %s }} is not one of Artillery's own variables%s", name, didYouMean(name, ownVariables()))
	default:
		a.warnf(pos, "variable %s is set nowhere: it renders undefined, as in Artillery", name)
	}
}

// ownVariables are the variables that Artillery itself sets.
func ownVariables() []string {
	return []string{"$loopCount", "$loopElement", "$uuid", "$environment", "$env", "$processEnvironment", "$testId",
		"$dirname", "$scenarioFile"}
}

// call compiles a function; nil if there is no such function.
func (a *artillery) call(inside string, pos Pos) *operand {
	c, ok := parseCall(inside)
	if !ok {
		a.errorf(pos, "{{ %s }}: a function is written $name(a, 1), its arguments plain words and whole numbers", inside)
		return nil
	}
	known := a.functions()
	make := known[c.name]
	if make == nil && a.plugins["fake-data"] == nil && isFake(c.name) {
		a.errorf(pos, "{{ %s }}: %s is of a plugin that is not on: add plugins: {fake-data: {}} to config", inside, c.name)
		return nil
	}
	if make == nil {
		a.errorf(pos, "{{ %s }}: there is no function %s%s", inside, c.name, didYouMean(c.name, slices.Collect(maps.Keys(known))))
		return nil
	}
	f, err := make(c.args)
	if err != nil {
		a.errorf(pos, "{{ %s }}: %s %v", inside, c.name, err)
		return nil
	}
	return &operand{call: f, text: inside}
}

// json compiles the JSON text of a value, with the placeholders in it.
func (a *artillery) json(n *node, s *scope) Template {
	var b builder
	a.appendJSON(&b, n, s)
	t := b.template("")
	t.source = string(appendSource(nil, t.parts))
	return t
}

func (a *artillery) appendJSON(b *builder, n *node, s *scope) {
	switch n.kind {
	case nothing:
		b.literal("null")
	case list:
		a.appendList(b, n, s)
	case mapping:
		a.appendMap(b, n, s)
	default:
		a.appendScalar(b, n, s)
	}
}

func (a *artillery) appendList(b *builder, n *node, s *scope) {
	b.literal("[")
	for i, item := range n.items {
		if i > 0 {
			b.literal(",")
		}
		a.appendJSON(b, item, s)
	}
	b.literal("]")
}

// appendMap writes a map; JSON leaves out of it what is undefined.
func (a *artillery) appendMap(b *builder, n *node, s *scope) {
	b.literal("{")
	first, may := true, false // nothing written yet; something may be, or not
	for _, f := range n.fields {
		value, operand, lone := a.lone(f.value, s)
		if lone && operand == nil && !value.set {
			continue
		}
		into := b
		if lone && operand != nil {
			into = &builder{}
		}
		switch {
		case may || lone && operand != nil:
			into.part(part{form: afterMember})
		case !first:
			into.literal(",")
		}
		into.literal(`"`)
		a.expand(into, f.key, f.pos, s, withinJSON)
		into.literal(`":`)
		a.appendJSON(into, f.value, s)
		if into != b {
			into.flush()
			b.part(part{operand: operand, member: into.parts})
			may = true
		} else {
			first, may = false, false
		}
	}
	b.literal("}")
}

// appendScalar writes text, number or boolean. A text that is one placeholder and nothing else keeps the type of
// the variable.
func (a *artillery) appendScalar(b *builder, n *node, s *scope) {
	if n.tag != "!!str" && n.tag != "!!timestamp" {
		value, _ := n.constant()
		b.literal(string(value.appendJSON(nil)))
		return
	}
	switch value, operand, lone := a.lone(n, s); {
	case lone && operand != nil:
		b.operand(operand, asJSON)
	case lone:
		b.literal(a.filled(value.appendJSON, n.pos))
	default:
		b.literal(`"`)
		a.expand(b, n.text, n.pos, s, withinJSON)
		b.literal(`"`)
	}
}

// lone returns what a text that is one placeholder and nothing else stands for.
func (a *artillery) lone(n *node, s *scope) (Value, *operand, bool) {
	inside, ok := lonePlaceholder(n.text)
	if n.kind != scalar || !ok {
		return Value{}, nil, false
	}
	value, operand := a.operand(inside, n.pos, s)
	if operand != nil && operand.call != nil {
		return Value{}, nil, false // what functions return is text to Artillery, numbers as well
	}
	return value, operand, true
}

// lonePlaceholder returns the name in a text that is one placeholder and nothing else.
func lonePlaceholder(text string) (name string, ok bool) {
	literals, names := 0, 0
	err := split(text, func(literal string) { literals += len(literal) }, func(inside string) error {
		name = inside
		names++
		return nil
	})
	return name, err == nil && literals == 0 && names == 1
}
