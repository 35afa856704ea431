package scenarios

import (
	"bytes"
	"encoding/json"
	"strings"
)

// template compiles a text of the script.
func (a *artillery) template(n *node, s *scope) Template { return a.templateOf(n.text, n.pos, s) }

func (a *artillery) templateOf(text string, pos Pos, s *scope) Template {
	var b builder
	a.expand(&b, text, pos, s, func(literal string) string { return literal })
	return b.template(text)
}

// expand compiles a text into b. Variables that no step can change become part of the text; escape fits what will
// stand in the result as it is.
func (a *artillery) expand(b *builder, text string, pos Pos, s *scope, escape func(string) string) {
	literal := func(text string) { b.literal(escape(text)) }
	err := split(text, literal, func(name string) error {
		value, slot := a.lookup(name, pos, s)
		if slot >= 0 {
			b.variable(slot)
		} else {
			literal(string(value.append(nil)))
		}
		return nil
	})
	if err != nil {
		a.errorf(pos, "%v", err)
	}
}

// lookup returns the value of a variable at this point of a flow, or, if it is a loop's counter, its slot. What
// cannot be a variable is an error, and what nobody sets a warning: both are undefined.
func (a *artillery) lookup(name string, pos Pos, s *scope) (Value, int) {
	if s.counters[name] {
		return Value{}, a.script.Names.Slot(name)
	}
	if value, ok := a.constants[name]; ok {
		return value, -1
	}
	switch {
	case name == "target":
		return Any(a.target), -1
	case strings.Contains(name, "("):
		a.errorf(pos, "{{ %s }}: functions are not supported yet", name)
	case name == "$loopCount":
		a.warnf(pos, "{{ $loopCount }} is used before any loop: it renders undefined, as in Artillery")
	case strings.HasPrefix(name, "$"):
		a.errorf(pos, "{{ %s }} is not supported yet: of Artillery's own variables only $loopCount is", name)
	case strings.ContainsAny(name, ".["):
		a.errorf(pos, "{{ %s }}: a path into a variable is not supported yet", name)
	case !plainName(name):
		a.errorf(pos, "{{ %s }} is not the plain name of a variable", name)
	default:
		a.warnf(pos, "variable %s is set nowhere: it renders undefined, as in Artillery", name)
	}
	return Value{}, -1
}

// json compiles the JSON text of a value, with the placeholders in it.
func (a *artillery) json(n *node, s *scope) Template {
	var b builder
	a.appendJSON(&b, n, s)
	t := b.template("")
	for _, p := range t.parts {
		if t.source += p.literal; p.literal == "" {
			t.source += "{{ " + a.script.Names.list[p.slot] + " }}"
		}
	}
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
	separator := "{"
	for _, f := range n.fields {
		if name, ok := lonePlaceholder(f.value.text); ok {
			if value, slot := a.lookup(name, f.value.pos, s); slot < 0 && !value.set {
				continue
			}
		}
		b.literal(separator + `"`)
		a.expand(b, f.key, f.pos, s, escapeJSON)
		b.literal(`":`)
		a.appendJSON(b, f.value, s)
		separator = ","
	}
	if separator == "{" {
		b.literal("{")
	}
	b.literal("}")
}

// appendScalar writes text, number or boolean. A text that is one placeholder and nothing else keeps the type of
// the variable.
func (a *artillery) appendScalar(b *builder, n *node, s *scope) {
	if n.tag != "!!str" && n.tag != "!!timestamp" {
		value, _ := n.constant()
		b.literal(value.json())
		return
	}
	if name, ok := lonePlaceholder(n.text); ok {
		value, slot := a.lookup(name, n.pos, s)
		if slot >= 0 {
			b.variable(slot)
		} else {
			b.literal(value.json())
		}
		return
	}
	b.literal(`"`)
	a.expand(b, n.text, n.pos, s, escapeJSON)
	b.literal(`"`)
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

// json returns a constant's JSON text; what JSON does not have is null there.
func (v Value) json() string {
	switch x := v.any.(type) {
	case string:
		return `"` + escapeJSON(x) + `"`
	case float64, bool:
		return string(v.append(nil))
	}
	return "null"
}

// escapeJSON returns what stands between the quotes of a JSON text.
func escapeJSON(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return out.String()[1 : out.Len()-len("\"\n")]
}
