package scenarios

import (
	"fmt"
	"strings"
)

const notAnObject = "response body is not an object"

func expectProperty(w *want, in *reading, vars *Vars) CheckResult {
	return w.property("hasProperty", "response body has no %s property", true, in, vars)
}

func expectNoProperty(w *want, in *reading, vars *Vars) CheckResult {
	return w.property("notHasProperty", "response body has %s property", false, in, vars)
}

func (w *want) property(kind, failure string, wanted bool, in *reading, vars *Vars) CheckResult {
	path := w.value(vars)
	result := CheckResult{Type: kind, Want: path.text(), Got: notAnObject}
	body := in.content()
	if !body.compound() {
		return result
	}
	if result.OK = body.has(path) == wanted; result.OK {
		result.Got = result.Want
	} else {
		result.Got = fmt.Sprintf(failure, result.Want)
	}
	return result
}

// has reports whether a path leads to something, as lodash's has does: a name that is there as it is comes first.
func (v Value) has(path Value) bool {
	if _, whole := v.own(path.text()); whole && !path.compound() {
		return true
	}
	var names []string
	if _, list := path.any.([]any); list {
		for _, name := range listed(path) {
			names = append(names, name.text())
		}
	} else {
		names = propertyPath(path.text())
	}
	for _, name := range names {
		var ok bool
		if v, ok = v.own(name); !ok {
			return false
		}
	}
	return len(names) > 0
}

// propertyPath splits a path into names as lodash does: nothing is an error, whatever cannot be meant is a name.
func propertyPath(text string) (names []string) {
	if strings.HasPrefix(text, ".") {
		names = append(names, "") // so that what follows is looked for in a member without a name
	}
	for rest := text; rest != ""; {
		inside, after, closed := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		switch {
		case rest[0] == '[' && closed:
			if n := len(inside); n >= 2 && strings.IndexByte(`"'`, inside[0]) >= 0 && inside[n-1] == inside[0] {
				inside = inside[1 : n-1]
			}
			names, rest = append(names, inside), after
		case rest[0] == '.' || rest[0] == '[' || rest[0] == ']':
			if rest = rest[1:]; rest == "" || rest[0] == '.' {
				names = append(names, "")
			}
		default:
			end := strings.IndexAny(rest, ".[]")
			if end < 0 {
				end = len(rest)
			}
			names, rest = append(names, rest[:end]), rest[end:]
		}
	}
	return names
}
