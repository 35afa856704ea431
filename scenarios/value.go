package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Value is the value of one variable, as JavaScript has them. The zero Value is undefined.
type Value struct {
	any any // string, bool, float64, null, []any or map[string]any; nil: int, or undefined
	int int64
	set bool
}

// Int returns a whole number as a value. It does not allocate.
func Int(i int64) Value { return Value{int: i, set: true} }

// Next returns what a loop's counter is after one more round.
func (v Value) Next() Value { return Int(v.int + 1) }

// Any returns a string, number, boolean, list ([]any), map (map[string]any) or nil as a value.
func Any(v any) Value {
	if v == nil {
		v = null{}
	}
	return Value{any: v, set: true}
}

// null is JavaScript's: a value, unlike undefined.
type null struct{}

// MarshalJSON returns null: a list or a map may hold one.
func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Defined reports whether v is a value at all.
func (v Value) Defined() bool { return v.set }

// Plain returns v as encoding/json would decode it: a string, bool, float64, []any, map[string]any or nil, which also
// stands for undefined.
func (v Value) Plain() any {
	switch x := v.any.(type) {
	case nil:
		if !v.set {
			return nil
		}
		return float64(v.int)
	case null:
		return nil
	default:
		return x
	}
}

// String returns v as text, the way JavaScript would in a string; lists and maps are JSON.
func (v Value) String() string { return string(v.append(nil)) }

// append renders v as text; undefined is the text "undefined".
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
		return v.appendJSON(dst)
	}
}

// appendJSON renders v as JSON. What JSON does not have is null there, as JSON.stringify has it within a list.
func (v Value) appendJSON(dst []byte) []byte {
	switch x := v.any.(type) {
	case nil:
		if !v.set {
			return append(dst, "null"...)
		}
		return strconv.AppendInt(dst, v.int, 10)
	case string:
		return append(append(append(dst, '"'), escapeJSON(x)...), '"')
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return append(dst, "null"...)
		}
		return appendNumber(dst, x)
	default:
		return append(dst, encodeJSON(x)...)
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

// encodeJSON returns the JSON text of what Any takes. Keys of maps are sorted.
func encodeJSON(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return []byte("null") // a number in it that is not finite
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// escapeJSON returns what stands between the quotes of a JSON text.
func escapeJSON(text string) string {
	quoted := encodeJSON(text)
	return string(quoted[1 : len(quoted)-1])
}

// key is one step into a value: a name in a map, or an index into a list.
type key struct {
	name  string
	index int // -1: none
}

// at follows a path into v; where it leads nowhere the result is undefined.
func (v Value) at(path []key) Value {
	for _, k := range path {
		switch x := v.any.(type) {
		case map[string]any:
			v = memberOf(x, k.name)
		case []any:
			switch {
			case k.index >= 0 && k.index < len(x):
				v = Any(x[k.index])
			case k.name == "length":
				v = Int(int64(len(x)))
			default:
				return Value{}
			}
		case string:
			if k.name != "length" {
				return Value{}
			}
			v = Int(int64(len([]rune(x))))
		default:
			return Value{}
		}
	}
	return v
}

func memberOf(m map[string]any, name string) Value {
	x, ok := m[name]
	if !ok {
		return Value{}
	}
	return Any(x)
}

// with returns v with what the path leads to replaced by x: maps and lists on the way are copied, so that others who
// hold v keep what they have, and what is neither becomes one.
func (v Value) with(path []key, x Value) Value {
	if len(path) == 0 {
		return x
	}
	if list, ok := v.withItem(path, x); ok {
		return list
	}
	copied := map[string]any{}
	if m, ok := v.any.(map[string]any); ok {
		for k, old := range m {
			copied[k] = old
		}
	}
	copied[path[0].name] = memberOf(copied, path[0].name).with(path[1:], x).Plain()
	return Any(copied)
}

// maxIndex is the highest index of a list that a path may set: all below it are set, too, to null.
const maxIndex = 9999

// withItem is with for an index into a list, or into what is none yet.
func (v Value) withItem(path []key, x Value) (Value, bool) {
	at := path[0].index
	list, isList := v.any.([]any)
	if at < 0 || at > max(maxIndex, len(list)-1) || !isList && !v.missing() {
		return Value{}, false
	}
	copied := make([]any, max(len(list), at+1))
	copy(copied, list)
	copied[at] = Any(copied[at]).with(path[1:], x).Plain()
	return Any(copied), true
}

// truthy reports whether JavaScript takes v for true.
func (v Value) truthy() bool {
	switch x := v.any.(type) {
	case nil:
		return v.int != 0
	case null:
		return false
	case string:
		return x != ""
	case bool:
		return x
	case float64:
		return x != 0 && !math.IsNaN(x)
	}
	return true
}

// number returns v as JavaScript's Number() would; ok is false for what is none.
func (v Value) number() (n float64, ok bool) {
	switch x := v.any.(type) {
	case nil:
		return float64(v.int), v.set
	case float64:
		return x, !math.IsNaN(x)
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}
