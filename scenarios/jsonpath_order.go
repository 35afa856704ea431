package scenarios

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"unsafe"
)

// memberOrder is a JSON document that knows the order of the names in its maps, which Go's maps do not. It reads the
// text once more for that, the first time somebody asks.
type memberOrder struct {
	root  any
	body  []byte
	names map[unsafe.Pointer][]string // by map
}

// namesIn returns the names in a map of the document as JavaScript has them: those that are numbers first, in their
// order, then the others as they stand in the text.
func (o *memberOrder) namesIn(m map[string]any) []string {
	if o.names == nil {
		o.names = map[unsafe.Pointer][]string{}
		decoder := json.NewDecoder(bytes.NewReader(o.body))
		decoder.UseNumber()
		o.read(decoder, o.root)
	}
	return o.names[reflect.ValueOf(m).UnsafePointer()]
}

// read reads one value from the text. v is what it is in the document, or what came instead of it: of a name that is
// there twice the document has the last value.
func (o *memberOrder) read(decoder *json.Decoder, v any) {
	token, err := decoder.Token()
	if err != nil {
		return // the text has been parsed before
	}
	switch token {
	case json.Delim('['):
		list, _ := v.([]any)
		for i := 0; decoder.More(); i++ {
			var item any
			if i < len(list) {
				item = list[i]
			}
			o.read(decoder, item)
		}
		_, _ = decoder.Token()
	case json.Delim('{'):
		o.readMap(decoder, v)
	}
}

func (o *memberOrder) readMap(decoder *json.Decoder, v any) {
	m, _ := v.(map[string]any)
	seen := make(map[string]bool, len(m))
	names := make([]string, 0, len(m))
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		name, _ := token.(string)
		value, there := m[name]
		if there && !seen[name] {
			seen[name], names = true, append(names, name)
		}
		o.read(decoder, value)
	}
	_, _ = decoder.Token()
	slices.SortStableFunc(names, byIndex)
	if m != nil {
		o.names[reflect.ValueOf(m).UnsafePointer()] = names
	}
}

// byIndex puts names that are indexes first.
func byIndex(a, b string) int {
	x, y := newKey(a).index, newKey(b).index
	if x >= 0 && y >= 0 {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(min(y, 0), min(x, 0)) // 0: an index, -1: none
}
