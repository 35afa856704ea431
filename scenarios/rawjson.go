package scenarios

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Most captures are of one member of a JSON body, and most checks of its kind. For these the body is checked and walked
// over as it is, without a tree of its values: less time, hardly any memory (BenchmarkTake).

// validJSON reports whether the body is JSON, and all of it is here.
func (r *reading) validJSON() bool {
	if r.json != nil {
		return r.json.err == nil
	}
	if r.valid == nil {
		valid := !r.Truncated && json.Valid(r.Body)
		r.valid = &valid
	}
	return *r.valid
}

// compoundJSON reports whether the body is a list or a map as JSON.
func (r *reading) compoundJSON() bool {
	text := bytes.TrimLeft(r.Body, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && r.validJSON()
}

// plain reports whether each step of a path is a name, and no length: then it leads to one place at most.
func (p *jsonPath) plain() bool {
	for _, s := range p.steps {
		if s.kind != named || s.name == "length" {
			return false
		}
	}
	return true
}

// pluck returns what a plain path leads to in a list or map that is valid JSON. ok is false if the path leads into a
// text, whose characters JavaScript counts as members, or if the value is beyond what Go can hold.
func (p *jsonPath) pluck(body []byte) (v Value, ok bool) {
	raw := rawJSON(bytes.TrimLeft(body, " \t\r\n"))
	for i := range p.steps {
		if raw[0] == '"' {
			return Value{}, false
		}
		if raw = raw.member(p.steps[i].name); raw == nil {
			return Value{}, true
		}
	}
	var plain any
	if json.Unmarshal(raw[:raw.length()], &plain) != nil {
		return Value{}, false
	}
	return Any(plain), true
}

// rawJSON is a text that begins with a value of valid JSON.
type rawJSON []byte

// member returns the text from a member on, nil if there is none. Of a name that is there twice the last counts.
func (r rawJSON) member(name string) (found rawJSON) {
	if r[0] != '{' && r[0] != '[' {
		return nil
	}
	index := newKey(name).index
	inMap, n := r[0] == '{', 0
	for rest := r[1:].skipSpace(); rest[0] != '}' && rest[0] != ']'; n++ {
		matches := !inMap && n == index
		if inMap {
			end := rest.length()
			matches = rest[:end].is(name)
			rest = rest[end:].skipSpace()[1:].skipSpace() // behind the colon
		}
		if matches {
			found = rest
		}
		if matches && !inMap {
			return found
		}
		rest = rest[rest.length():].skipSpace()
		if rest[0] == ',' {
			rest = rest[1:].skipSpace()
		}
	}
	return found
}

func (r rawJSON) skipSpace() rawJSON {
	for len(r) > 0 && (r[0] == ' ' || r[0] == '\n' || r[0] == '\r' || r[0] == '\t') {
		r = r[1:]
	}
	return r
}

// is reports whether a text in quotes is name.
func (r rawJSON) is(name string) bool {
	inside := r[1 : len(r)-1]
	if string(inside) == name && !strings.Contains(name, `\`) {
		return true
	}
	var text string
	simple := bytes.IndexByte(inside, '\\') < 0 && !bytes.ContainsFunc(inside, func(c rune) bool { return c == '\uFFFD' })
	return !simple && json.Unmarshal(r, &text) == nil && text == name
}

// length returns how long the value is that the text begins with.
func (r rawJSON) length() int {
	switch r[0] {
	case '"':
		return r.stringLength()
	case '{', '[':
		depth := 0
		for i := 0; ; i++ {
			switch r[i] {
			case '"':
				i += r[i:].stringLength() - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i, c := range r {
		switch c {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return len(r)
}

func (r rawJSON) stringLength() int {
	for i := 1; ; i++ {
		switch r[i] {
		case '"':
			return i + 1
		case '\\':
			i++ // what is escaped
		}
	}
}
