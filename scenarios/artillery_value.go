package scenarios

import "strings"

// constant reports whether the value is the same for every user.
func (c *computed) constant() bool {
	if c.text != nil {
		_, constant := c.text.Text()
		return constant
	}
	for i := range c.list {
		if !c.list[i].constant() {
			return false
		}
	}
	for _, member := range c.members {
		if !member.constant() {
			return false
		}
	}
	return true
}

// source returns what stands for the value where it is shown.
func (c *computed) source() string {
	switch {
	case c.text != nil:
		return c.text.String()
	case c.list != nil, c.members != nil:
		return "…"
	}
	return c.fixed.String()
}

// concat returns templates one behind the other as one.
func concat(templates ...Template) Template {
	var b builder
	var source strings.Builder
	for _, t := range templates {
		source.WriteString(t.source)
		for _, p := range t.parts {
			if p.operand == nil && p.form == asText {
				b.literal(p.literal)
			} else {
				b.part(p)
			}
		}
	}
	return b.template(source.String())
}

// made returns the template of a text that is made from a user's variables. source stands for it where it is shown.
func made(source string, text func(*Vars) string) Template {
	o := &operand{call: func(vars *Vars) Value { return Any(text(vars)) }, text: source}
	return Template{source: source, parts: []part{{operand: o}}}
}
