package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
)

// jsonPath is a JSONPath as jsonpath-plus 10 understands it, which is not quite what others do: filters are JavaScript,
// ^ is the parent, ~ the name, names may be bare, and a negative index is no index.
type jsonPath struct{ steps []pathStep }

// pathStep is one step of a path.
type pathStep struct {
	kind   stepKind
	name   string      // named
	slice  [3]int      // sliced: start, end, step, as written; 0: left out
	union  []pathStep  // united
	filter *expression // filtered, computedName
	nested *jsonPath   // filtered: takes what the path finds something in
	test   func(any) bool
}

type stepKind int

const (
	named stepKind = iota
	every
	deep
	parent
	nameOf
	sliced
	united
	filtered
	computedName
	typed
)

// hit is a place in a document that a path leads to.
type hit struct {
	value  any
	name   any  // in the map (string) or list (float64, or string if the path says it) it was found in
	parent *hit // nil: the document itself
	many   bool // the path could have led to others, too
}

type hits []hit

// maxVisits is how many steps one path may take through a document: some paths multiply.
const maxVisits = 1_000_000

// filterVisits is what one evaluation of a filter counts for.
const filterVisits = 10

var errTooFar = errors.New("it leads through too much of the body")

// walk is one path's way through one document.
type walk struct {
	*memberOrder
	found hits
	left  int
	err   error
}

// find returns the places a path leads to, in the order of the document.
func (p *jsonPath) find(doc *memberOrder) (hits, error) {
	w := &walk{memberOrder: doc, left: maxVisits}
	w.step(p.steps, &hit{value: doc.root})
	return w.found, w.err
}

// step takes the first of the steps from a place, and all others from where it leads.
func (w *walk) step(steps []pathStep, at *hit) {
	if w.left--; w.left < 0 && w.err == nil {
		w.err = errTooFar
	}
	if w.err != nil {
		return
	}
	if len(steps) == 0 {
		w.found = append(w.found, *at)
		return
	}
	rest := steps[1:]
	switch s := &steps[0]; s.kind {
	case named:
		w.follow(rest, at, s.name, at.many)
	case every:
		w.members(at, func(name, value any) { w.step(rest, at.child(name, value, true)) })
	case deep:
		w.descend(steps, at)
	case parent:
		if at.parent != nil {
			w.step(rest, at.parent)
		}
	case nameOf:
		w.found = append(w.found, hit{value: at.name, parent: at.parent})
	case sliced:
		w.slice(s.slice, rest, at)
	case united:
		for i := range s.union {
			from := *at
			from.many = true
			w.step(append([]pathStep{s.union[i]}, rest...), &from)
		}
	case filtered:
		w.filter(s, rest, at)
	case computedName:
		w.computed(s, rest, at)
	case typed:
		if s.test(at.value) {
			w.found = append(w.found, hit{value: at.value, name: at.name, parent: at.parent})
		}
	}
}

// follow takes a step to the member with a name. An empty text has none to jsonpath-plus, not even its length.
func (w *walk) follow(rest []pathStep, at *hit, name string, many bool) {
	if at.value == nil || at.value == "" {
		return
	}
	if member, ok := Any(at.value).own(name); ok {
		w.step(rest, at.child(name, member.Plain(), many))
	}
}

// descend takes the steps behind .. from here and from every list and map below.
func (w *walk) descend(steps []pathStep, at *hit) {
	w.step(steps[1:], at)
	w.members(at, func(name, value any) {
		switch value.(type) {
		case map[string]any, []any, nil:
			w.step(steps, at.child(name, value, true))
		}
	})
}

func (w *walk) slice(bounds [3]int, rest []pathStep, at *hit) {
	list, ok := at.value.([]any)
	if !ok {
		return
	}
	start, end, step := bounds[0], cmp.Or(bounds[1], len(list)), cmp.Or(bounds[2], 1)
	if start < 0 {
		start = max(0, start+len(list))
	}
	if end < 0 {
		end += len(list)
	}
	for i := start; i < min(end, len(list)); i += step {
		w.step(rest, at.child(float64(i), list[i], true))
	}
}

func (w *walk) filter(s *pathStep, rest []pathStep, at *hit) {
	w.members(at, func(name, value any) {
		child := at.child(name, value, true)
		if w.err == nil && w.passes(s, child) {
			w.step(rest, child)
		}
	})
}

func (w *walk) passes(s *pathStep, at *hit) bool {
	if w.left -= filterVisits; w.left < 0 {
		w.err = errTooFar
		return false
	}
	if s.nested != nil {
		inner := walk{memberOrder: w.memberOrder, left: w.left}
		inner.step(s.nested.steps, at)
		w.left, w.err = inner.left, inner.err
		return len(inner.found) > 0
	}
	var v Value
	v, w.err = s.filter.eval(w.root, at)
	return v.truthy()
}

// computed takes a step to the member whose name an expression yields, as in [(@.length-1)].
func (w *walk) computed(s *pathStep, rest []pathStep, at *hit) {
	v, err := s.filter.eval(w.root, at)
	if err != nil {
		w.err = err
		return
	}
	w.follow(rest, at, v.text(), at.many)
}

func (h *hit) child(name, value any, many bool) *hit {
	return &hit{value: value, name: name, parent: h, many: many}
}

// members hands out what is in a list or a map.
func (w *walk) members(at *hit, yield func(name, value any)) {
	switch x := at.value.(type) {
	case []any:
		for i, value := range x {
			yield(float64(i), value)
		}
	case map[string]any:
		for _, name := range w.namesIn(x) {
			yield(name, x[name])
		}
	}
}

// pathText returns the path to a place, as jsonpath-plus writes it for @path.
func (h *hit) pathText() string {
	if h.parent == nil {
		return "$"
	}
	name := Any(h.name).text()
	if _, err := strconv.Atoi(name); err == nil || name == "*" {
		return h.parent.pathText() + "[" + name + "]"
	}
	return fmt.Sprintf("%s['%s']", h.parent.pathText(), name)
}
