package scenarios

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// maxFilled is the most bytes that the values of variables may add to a script, wherever they are filled in: a few of
// them could stand for any number otherwise. bytesPerNode is what a byte of a list or a map counts for.
const (
	maxFilled    = 64 << 20
	bytesPerNode = 64
)

// filled returns what append writes, or nothing once too much has been filled in.
func (a *artillery) filled(append func([]byte) []byte, pos Pos) string {
	if a.added > maxFilled {
		return ""
	}
	text := string(append(nil))
	a.afford(len(text), pos)
	return text
}

// afford counts bytes that are filled in and reports whether they may be.
func (a *artillery) afford(bytes int, pos Pos) bool {
	if a.added <= maxFilled && a.added+bytes > maxFilled {
		a.errorf(pos, "too much: with its variables filled in the script has more than %d MiB", maxFilled>>20)
	}
	a.added += bytes
	return a.added <= maxFilled
}

// filler puts into the texts of config what is known before any user begins, as Artillery does once. What is known
// only then stays, and is filled in for each user where that is possible; Artillery leaves undefined there.
type filler struct {
	*artillery
	names map[string]Value // Artillery's own, and those of --variables
	own   map[string]Value // of config.variables: more than Artillery knows here
	vars  Vars
}

// fillIn returns config with its placeholders filled in.
func (a *artillery) fillIn(config *node) *node {
	f := filler{artillery: a, names: map[string]Value{}, own: map[string]Value{}}
	f.vars.Random = rand.New(rand.NewPCG(a.opts.Seed, 1<<63))
	for _, name := range []string{"$scenarioFile", "$dirname", "$testId", "$environment"} {
		f.names[name] = a.constants[name]
	}
	for _, g := range a.given {
		f.names[g.key] = g.value.value()
	}
	if config.kind != mapping {
		return config
	}
	out := *config
	out.fields = slices.Clone(config.fields)
	for i, entry := range out.fields {
		if entry.key == "variables" {
			out.fields[i].value = f.node(entry.value)
			f.known(out.fields[i].value)
		}
	}
	for i, entry := range out.fields {
		if entry.key != "variables" && entry.key != "environments" {
			out.fields[i].value = f.node(entry.value)
		}
	}
	return &out
}

// known notes those of config.variables that no user and no step changes.
func (f *filler) known(variables *node) {
	for _, v := range variables.fields {
		if v.value.kind != list && !f.dynamic[v.key] && !strings.Contains(v.value.text, "{{") {
			f.own[v.key] = v.value.value()
		}
	}
}

func (f *filler) node(n *node) *node {
	switch {
	case n.kind == list:
		out := *n
		out.items = slices.Clone(n.items)
		for i, item := range out.items {
			out.items[i] = f.node(item)
		}
		return &out
	case n.kind == mapping:
		out := *n
		out.fields = nil
		for _, entry := range n.fields {
			key := f.text(&node{pos: entry.pos, kind: scalar, tag: "!!str", text: entry.key})
			out.set(field{key.text, entry.pos, f.node(entry.value)})
		}
		return &out
	case n.kind == scalar && strings.Contains(n.text, "{{"):
		return f.text(n)
	}
	return n
}

// text fills in one text. If it is one placeholder and nothing else, the value keeps its type.
func (f *filler) text(n *node) *node {
	if inside, ok := lonePlaceholder(n.text); ok {
		v, known := f.value(inside, n.pos)
		if !known {
			return n
		}
		if text := f.filled(v.append, n.pos); v.any != nil && !f.afford(len(text)*bytesPerNode, n.pos) {
			return n
		}
		out := nodeOf(v, n)
		out.origin = n.text
		return out
	}
	var text strings.Builder
	filled := false
	literal := func(piece string) { text.WriteString(piece) }
	err := split(n.text, literal, func(inside string) error {
		v, known := f.value(inside, n.pos)
		if filled = filled || known; known {
			literal(f.filled(v.append, n.pos))
		} else {
			literal("{{ " + inside + " }}")
		}
		return nil
	})
	if err != nil || !filled {
		return n
	}
	out := *n
	out.text, out.origin = text.String(), n.text
	return &out
}

// value returns what a placeholder in config stands for, and whether that is known yet.
func (f *filler) value(inside string, pos Pos) (v Value, known bool) {
	if c, ok := parseCall(inside); ok {
		make := functions()[c.name]
		if make == nil {
			return v, false
		}
		run, err := make(c.args)
		if err != nil {
			f.errorf(pos, "{{ %s }}: %s %v", inside, c.name, err)
			return v, true
		}
		return Any(run(&f.vars).String()), true // text, as in all places
	}
	root, path, err := parsePath(inside)
	if err != nil {
		return v, false
	}
	if isEnvironment(root) {
		return f.variableOf(root, path, inside, pos), true
	}
	if v, known = f.names[root]; known {
		return v.at(path), true
	}
	if v, known = f.own[root]; known {
		f.warnf(pos, "{{ %s }}: Artillery 2 knows no variables of the script in config; here it is filled in", inside)
	}
	return v.at(path), known
}
