package scenarios

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
)

// JavaScript's conversions and comparisons, as far as checks and conditions need them.

// text returns v as JavaScript's String() would: unlike in a template, a list is its values with commas between them
// and a map is "[object Object]".
func (v Value) text() string {
	switch x := v.any.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, item := range x {
			if item != nil {
				parts[i] = Any(item).text()
			}
		}
		return strings.Join(parts, ",")
	case map[string]any:
		return "[object Object]"
	case float64:
		switch {
		case math.IsNaN(x):
			return "NaN"
		case math.IsInf(x, 1):
			return "Infinity"
		case math.IsInf(x, -1):
			return "-Infinity"
		}
	}
	return v.String()
}

// toNumber returns v as JavaScript's Number() would; what is none is NaN.
func (v Value) toNumber() float64 {
	switch x := v.any.(type) {
	case nil:
		if !v.set {
			return math.NaN()
		}
		return float64(v.int)
	case null:
		return 0
	case float64:
		return x
	case bool:
		if x {
			return 1
		}
		return 0
	}
	return textToNumber(v.text())
}

func textToNumber(text string) float64 {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return 0
	case text == "Infinity", text == "+Infinity":
		return math.Inf(1)
	case text == "-Infinity":
		return math.Inf(-1)
	case strings.ContainsAny(text, "_xXoObBpPnN") || strings.HasSuffix(text, "y") || strings.HasSuffix(text, "Y"):
		// Go reads more than JavaScript, but 0x10, 0o7 and 0b1 both read alike.
		if n, err := strconv.ParseUint(text, 0, 53); err == nil && !strings.Contains(text, "_") {
			return float64(n)
		}
		return math.NaN()
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// looselyEquals is JavaScript's ==.
func (v Value) looselyEquals(w Value) bool {
	if v.missing() || w.missing() {
		return v.missing() && w.missing()
	}
	_, vText := v.any.(string)
	_, wText := w.any.(string)
	switch {
	case v.compound() && w.compound():
		return v.same(w)
	case v.compound():
		return Any(v.text()).looselyEquals(w)
	case w.compound():
		return v.looselyEquals(Any(w.text()))
	case vText && wText:
		return v.any == w.any
	}
	return v.toNumber() == w.toNumber()
}

// equals is JavaScript's ===.
func (v Value) equals(w Value) bool {
	switch {
	case v.kindName() != w.kindName():
		return false
	case v.compound():
		return v.same(w)
	case v.kindName() == "number":
		return v.toNumber() == w.toNumber()
	}
	return v.any == w.any
}

// kindName returns what JavaScript's typeof would, except that null is a type of its own.
func (v Value) kindName() string {
	switch v.any.(type) {
	case nil:
		if !v.set {
			return "undefined"
		}
		return "number"
	case float64:
		return "number"
	case null:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	}
	return "object"
}

// missing reports whether v is null or undefined.
func (v Value) missing() bool { return !v.set || v.any == null{} }

// compound reports whether v is a list or a map.
func (v Value) compound() bool { return v.kindName() == "object" }

// same reports whether two lists, or two maps, are one.
func (v Value) same(w Value) bool {
	x, y := reflect.ValueOf(v.any), reflect.ValueOf(w.any)
	return x.Kind() == y.Kind() && x.UnsafePointer() == y.UnsafePointer() && x.Len() == y.Len()
}

// less compares as JavaScript's < does: texts by their letters, all else as numbers.
func (v Value) less(w Value) bool {
	x, y := v.primitive(), w.primitive()
	xText, isX := x.any.(string)
	yText, isY := y.any.(string)
	if isX && isY {
		return xText < yText
	}
	return x.toNumber() < y.toNumber()
}

// lessOrEqual is JavaScript's <=.
func (v Value) lessOrEqual(w Value) bool {
	x, y := v.primitive(), w.primitive()
	if x.kindName() == "string" && y.kindName() == "string" {
		return !y.less(x)
	}
	return x.toNumber() <= y.toNumber()
}

// plus is JavaScript's +: texts are joined, all else is added.
func (v Value) plus(w Value) Value {
	x, y := v.primitive(), w.primitive()
	if x.kindName() == "string" || y.kindName() == "string" {
		return Any(x.text() + y.text())
	}
	return Any(x.toNumber() + y.toNumber())
}

// primitive returns v, or its text if it is a list or a map.
func (v Value) primitive() Value {
	if v.compound() {
		return Any(v.text())
	}
	return v
}

// own returns the member of v with a name, as JavaScript's hasOwnProperty knows it; ok is false if there is none.
func (v Value) own(name string) (member Value, ok bool) {
	switch x := v.any.(type) {
	case map[string]any:
		if inner, ok := x[name]; ok {
			return Any(inner), true
		}
	case []any:
		if i := newKey(name).index; i >= 0 && i < len(x) {
			return Any(x[i]), true
		}
		if name == "length" {
			return Int(int64(len(x))), true
		}
	case string:
		if name == "length" {
			return Int(int64(utf16Length(x))), true
		}
		if i := newKey(name).index; i >= 0 && i < len(x) {
			if units := utf16.Encode([]rune(x)); i < len(units) {
				return Any(string(utf16.Decode(units[i : i+1]))), true
			}
		}
	}
	return Value{}, false
}

// utf16Length returns how long a text is to JavaScript.
func utf16Length(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
