package scenarios

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Names gives each variable of a script a slot, so that a user's variables are a slice and rendering a
// template looks nothing up. The zero Names is empty and ready.
type Names struct {
	slots map[string]int
	list  []string
}

// Slot returns the slot of name, giving it the next free one if it has none.
func (n *Names) Slot(name string) int {
	if slot, ok := n.slots[name]; ok {
		return slot
	}
	if n.slots == nil {
		n.slots = map[string]int{}
	}
	slot := len(n.list)
	n.slots[name] = slot
	n.list = append(n.list, name)
	return slot
}

// Len returns how many slots a user's variables need.
func (n *Names) Len() int { return len(n.list) }

// Value is the value of one variable. The zero Value is undefined.
type Value struct {
	any any
	int int64
	set bool
}

// Int returns a whole number as a value. It does not allocate.
func Int(i int64) Value { return Value{int: i, set: true} }

// Next returns what a loop's counter is after one more round.
func (v Value) Next() Value { return Int(v.int + 1) }

// Any returns a string, number, boolean, list, map or nil as a value.
func Any(v any) Value {
	if v == nil {
		v = null{}
	}
	return Value{any: v, set: true}
}

// null is JavaScript's: a value, unlike undefined.
type null struct{}

// append renders v as text the way JavaScript would in a string; undefined is the text "undefined".
func (v Value) append(dst []byte) []byte {
	switch x := v.any.(type) {
	case nil:
		if !v.set {
			return append(dst, "undefined"...)
		}
		return strconv.AppendInt(dst, v.int, 10)
	case null:
		return append(dst, "null"...)
	case string:
		return append(dst, x...)
	case bool:
		return strconv.AppendBool(dst, x)
	case float64:
		return appendNumber(dst, x)
	default:
		return fmt.Append(dst, x)
	}
}

// appendNumber writes a number as JavaScript does, which is also how JSON does.
func appendNumber(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0') // JavaScript hides the sign of -0
	}
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Append(dst, f) // not finite
	}
	return append(dst, text...)
}

// Template is a text with placeholders, compiled. The zero Template renders nothing.
type Template struct {
	source string
	parts  []part
}

// part is a literal, or, where literal is empty, the variable in slot.
type part struct {
	literal string
	slot    int
}

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
		b.variable(names.Slot(name))
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

// plainName reports whether a placeholder is a variable's name alone: no path, no call, no arithmetic.
func plainName(name string) bool {
	return name != "" && !strings.ContainsAny(name, " \t\n(){}[].,'\"+*/-|")
}

// builder puts a template together; neighbouring literals become one.
type builder struct {
	parts []part
	text  strings.Builder // what has been written since the last placeholder
}

func (b *builder) literal(text string) { b.text.WriteString(text) }

func (b *builder) variable(slot int) {
	b.flush()
	b.parts = append(b.parts, part{slot: slot})
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

// Append renders the template with a user's variables, one per slot, and appends it to dst.
func (t Template) Append(dst []byte, vars []Value) []byte {
	for _, p := range t.parts {
		if p.literal != "" {
			dst = append(dst, p.literal...)
		} else {
			dst = vars[p.slot].append(dst)
		}
	}
	return dst
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

// Slots returns the slots of the variables the template reads.
func (t Template) Slots() []int {
	var slots []int
	for _, p := range t.parts {
		if p.literal == "" {
			slots = append(slots, p.slot)
		}
	}
	return slots
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
