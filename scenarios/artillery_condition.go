package scenarios

import "strings"

// condition reads ifTrue. What is no expression to filtrex does not keep Artillery from sending the request.
func (a *artillery) condition(f field, s *scope) *Condition {
	c := &Condition{source: f.value.text}
	if f.value.kind != scalar || f.value.tag != "!!str" {
		c.always = true
		a.warnf(f.value.pos, "ifTrue: %s is not an expression: the request is always sent, as in Artillery", f.value)
		return c
	}
	p := &conditionParser{prop: func(name string) operation { return a.symbol(name, f.value.pos, s) }}
	var err error
	if c.eval, err = p.parse(f.value.text); err != nil {
		c.always = true
		a.warnf(f.value.pos, "ifTrue: %v; the request is always sent, as in Artillery", err)
	}
	for _, name := range p.unknown {
		a.warnf(f.value.pos, "ifTrue: there is no function %s(): the request is sent where it is called, as in Artillery",
			name)
	}
	return c
}

// symbol compiles a variable of a condition. To filtrex a name with points in it is one name.
func (a *artillery) symbol(name string, pos Pos, s *scope) operation {
	undefined := constantly(Value{})
	switch {
	case name == "true" || name == "false" || name == "null" || name == "undefined":
		a.warnf(pos, "ifTrue: %s is a variable to Artillery, and set nowhere: compare with 1, 0 or a \"text\"", name)
		return undefined
	case strings.ContainsAny(name, ".[]"):
		if root, rest, ok := strings.Cut(name, "."); ok && !a.dynamic[name] {
			a.warnf(pos, "ifTrue: %s is one name to Artillery, and set nowhere: write %s of %s", name, rest, root)
		}
		return undefined
	case !plainName(name):
		a.warnf(pos, "ifTrue: variable %s is set nowhere", name)
		return undefined
	}
	value, operand := a.operand(name, pos, s)
	if operand == nil {
		return constantly(value)
	}
	return func(s *scopeOf) (Value, error) { return operand.value(s.vars), nil }
}
