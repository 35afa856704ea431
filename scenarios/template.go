package scenarios

import (
	"fmt"
	"strings"
)

// Template is a text with placeholders, compiled. The zero Template renders nothing.
type Template struct {
	source string
	parts  []part
}

// part is a piece of a template: literal text, or a placeholder, or, in JSON, a member of a map that is left out if its
// value is undefined.
type part struct {
	literal string
	operand *operand // nil: the literal
	form    form
	member  []part // with operand: rendered if that has a value, instead of the value itself
}

// form is how a placeholder's value is written.
type form int

const (
	asText      form = iota // as JavaScript would in a string
	withinJSON              // the same, within the quotes of a JSON text
	asJSON                  // as JSON of its own type
	afterMember             // nothing is written but a comma, unless the map has no member yet
)

// Literal returns the template of a text without placeholders, whatever braces are in it.
func Literal(text string) Template {
	if text == "" {
		return Template{}
	}
	return Template{source: text, parts: []part{{literal: text}}}
}

// Compile compiles a text in which {{ name }} stands for a variable. names gets every variable it mentions.
func Compile(text string, names *Names) (Template, error) {
	var b builder
	err := split(text, b.literal, func(name string) error {
		if !plainName(name) {
			return fmt.Errorf("%q: {{ %s }} is not the plain name of a variable", text, name)
		}
		b.operand(&operand{slot: names.Slot(name)}, asText)
		return nil
	})
	if err != nil {
		return Template{}, err
	}
	return b.template(text), nil
}

// split cuts a text into what stands in it literally and what stands between {{ and }}, or {{{ and }}}, which
// mean the same.
func split(text string, literal func(string), placeholder func(string) error) error {
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "{{")
		literal(before)
		if !found {
			return nil
		}
		inside, behind, closed := strings.Cut(after, "}}")
		if !closed {
			return fmt.Errorf("%q: {{ without }}", text)
		}
		if strings.HasPrefix(inside, "{") && strings.HasPrefix(behind, "}") {
			inside, behind = inside[1:], behind[1:]
		}
		if err := placeholder(strings.TrimSpace(inside)); err != nil {
			return err
		}
		rest = behind
	}
	return nil
}

// builder puts a template together; neighbouring literals become one.
type builder struct {
	parts []part
	text  strings.Builder // what has been written since the last placeholder
}

func (b *builder) literal(text string) { b.text.WriteString(text) }

func (b *builder) operand(o *operand, f form) { b.part(part{operand: o, form: f}) }

func (b *builder) part(p part) {
	b.flush()
	b.parts = append(b.parts, p)
}

func (b *builder) flush() {
	if b.text.Len() > 0 {
		b.parts = append(b.parts, part{literal: b.text.String()})
		b.text.Reset()
	}
}

// template returns what was built. source is the text it came from.
func (b *builder) template(source string) Template {
	b.flush()
	return Template{source: source, parts: b.parts}
}

// Append renders the template with a user's variables and appends it to dst.
func (t Template) Append(dst []byte, vars *Vars) []byte { return appendParts(dst, t.parts, vars) }

func appendParts(dst []byte, parts []part, vars *Vars) []byte {
	for i := range parts {
		p := &parts[i]
		if p.operand != nil {
			dst = p.appendOperand(dst, vars)
		} else if p.form == afterMember {
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
		} else {
			dst = append(dst, p.literal...)
		}
	}
	return dst
}

func (p *part) appendOperand(dst []byte, vars *Vars) []byte {
	v := p.operand.value(vars)
	switch {
	case p.member != nil:
		if v.set {
			dst = appendParts(dst, p.member, vars)
		}
	case p.form == asJSON:
		dst = v.appendJSON(dst)
	case p.form == withinJSON:
		dst = append(dst, escapeJSON(v.String())...)
	default:
		dst = v.append(dst)
	}
	return dst
}

// appendSource appends the text that parts would be compiled from.
func appendSource(dst []byte, parts []part) []byte {
	for _, p := range parts {
		switch {
		case p.member != nil:
			dst = appendSource(dst, p.member)
		case p.operand != nil:
			dst = append(append(append(dst, "{{ "...), p.operand.text...), " }}"...)
		case p.form == afterMember && dst[len(dst)-1] != '{':
			dst = append(dst, ',')
		default:
			dst = append(dst, p.literal...)
		}
	}
	return dst
}

// Value renders the template as a value: one variable and nothing else keeps its type, all else is text.
func (t Template) Value(vars *Vars) Value {
	if len(t.parts) == 1 && t.parts[0].operand != nil && t.parts[0].operand.call == nil && t.parts[0].form == asText {
		return t.parts[0].operand.value(vars)
	}
	return Any(string(t.Append(nil, vars)))
}

// Missing returns the first variable in the template that is undefined for a user, as it stands between the braces;
// nothing if all are defined.
func (t Template) Missing(vars *Vars) string {
	for i := range t.parts {
		if o := t.parts[i].operand; o != nil && o.call == nil && !o.value(vars).set {
			return o.text
		}
	}
	return ""
}

// String returns the text the template was compiled from.
func (t Template) String() string { return t.source }

// Text returns the rendered text if it is the same for every user, and whether it is.
func (t Template) Text() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].literal != "":
		return t.parts[0].literal, true
	}
	return "", false
}

// Prefix returns the text before the first placeholder.
func (t Template) Prefix() string {
	if len(t.parts) == 0 {
		return ""
	}
	return t.parts[0].literal
}

// Without returns the template without prefix, which must be the beginning of Prefix.
func (t Template) Without(prefix string) Template {
	rest := Template{source: strings.TrimPrefix(t.source, prefix), parts: t.parts}
	if prefix == "" {
		return rest
	}
	rest.parts = nil
	if literal := strings.TrimPrefix(t.parts[0].literal, prefix); literal != "" {
		rest.parts = append(rest.parts, part{literal: literal})
	}
	rest.parts = append(rest.parts, t.parts[1:]...)
	return rest
}
