package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// operand is what stands between {{ and }}: the value of a variable, or of something within it, or the result of a
// function.
type operand struct {
	slot int
	path []key
	call func(*Vars) Value // nil: slot and path
	text string            // as it stands between the braces
}

// value returns what the operand is to a user.
func (o *operand) value(vars *Vars) Value {
	if o.call != nil {
		return o.call(vars)
	}
	v := vars.Slots[o.slot]
	if len(o.path) > 0 {
		return v.at(o.path)
	}
	return v
}

// call is a function as a placeholder has it: {{ $name(a, 1) }}.
type call struct {
	name string
	args []string
}

var callText = regexp.MustCompile(`^(\$?[A-Za-z_][A-Za-z0-9_]*)\(([A-Za-z0-9_,\s]*)\)$`)

// parseCall reads a function with its arguments; ok is false if the placeholder is none. Artillery knows no
// quotes, points or signs in the arguments.
func parseCall(inside string) (c call, ok bool) {
	found := callText.FindStringSubmatch(inside)
	if found == nil {
		return c, false
	}
	c.name = found[1]
	if strings.TrimSpace(found[2]) != "" {
		for _, arg := range strings.Split(found[2], ",") {
			c.args = append(c.args, strings.TrimSpace(arg))
		}
	}
	return c, true
}

// maxPath is how many steps a path may have.
const maxPath = 100

// parsePath reads a variable with the way into it: a.b[0]["c-d"].
func parsePath(inside string) (root string, path []key, err error) {
	end := strings.IndexAny(inside, ".[")
	if end < 0 {
		end = len(inside)
	}
	root, rest := inside[:end], inside[end:]
	if !plainName(root) {
		return root, nil, fmt.Errorf("{{ %s }} is not the name of a variable", inside)
	}
	for rest != "" && err == nil {
		var k key
		if k, rest, err = nextKey(rest); len(path) == maxPath {
			err = fmt.Errorf("more than %d steps", maxPath)
		}
		path = append(path, k)
	}
	if err != nil {
		return root, nil, fmt.Errorf("{{ %s }}: %w", inside, err)
	}
	return root, path, nil
}

// nextKey reads .name, [0] or ["name"].
func nextKey(text string) (k key, rest string, err error) {
	if text[0] == '.' {
		name := text[1:]
		if end := strings.IndexAny(name, ".["); end >= 0 {
			name, rest = name[:end], name[end:]
		}
		if !plainName(name) {
			return k, "", fmt.Errorf("%q is no name", name)
		}
		return newKey(name), rest, nil
	}
	inside, rest, closed := strings.Cut(text[1:], "]")
	if text[0] != '[' || !closed {
		return k, "", fmt.Errorf("%q: a point or a closed bracket is missing", text)
	}
	inside = strings.TrimSpace(inside)
	if n := len(inside); n >= 2 && (inside[0] == '"' || inside[0] == '\'') && inside[n-1] == inside[0] {
		return key{inside[1 : n-1], -1}, rest, nil
	}
	if !plainName(inside) {
		return k, "", fmt.Errorf("[%s] is neither an index nor a name in quotes", inside)
	}
	return newKey(inside), rest, nil
}

// newKey returns the step into a map or a list that a name stands for.
func newKey(name string) key {
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && name == strconv.Itoa(i) {
		return key{name, i}
	}
	return key{name, -1}
}

// plainName reports whether a placeholder is a variable's name alone: no path, no call, no arithmetic.
func plainName(name string) bool {
	return name != "" && !strings.ContainsAny(name, " \t\n(){}[].,'\"+*/|")
}
