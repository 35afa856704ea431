package scenarios

import (
	"slices"
	"strings"
)

// Condition is an ifTrue expression, in the language of filtrex 2: numbers, texts in double quotes, variables,
// comparisons, and, or, not, in, of. What it means is what filtrex makes of it, which is JavaScript with a few names
// changed: true is a variable that nobody set, and a text is not a number, so that "x and name" is false.
//
// No library has these semantics (expr-lang/expr compares without conversions, knows true and &&, and refuses names
// that are not set), and the language is small, so the parser is ours.
type Condition struct {
	source string
	eval   operation
	always bool // not an expression: Artillery goes on, so we do
}

// operation is a compiled part of a condition.
type operation func(*scopeOf) (Value, error)

// scopeOf is what a condition reads while it is evaluated.
type scopeOf struct {
	vars *Vars
	get  func(name string) Value // of names that have no slot
}

// String returns the condition as written.
func (c *Condition) String() string { return c.source }

// Holds reports whether the step is to be taken. What cannot be evaluated holds, as in Artillery.
func (c *Condition) Holds(vars *Vars) bool {
	if c.always {
		return true
	}
	v, err := c.eval(&scopeOf{vars: vars})
	return err != nil || v.truthy()
}

// CompileCondition compiles an expression over figures, as ensure's conditions are. Names of figures may hold anything:
// where one stands in the expression outside quotes it is that figure, longer names first. A name without a figure is
// undefined.
func CompileCondition(expr string) (func(figures map[string]float64) (bool, error), error) {
	return func(figures map[string]float64) (bool, error) {
		names := make([]string, 0, len(figures))
		for name := range figures {
			if name != "" && strings.Contains(expr, name) {
				names = append(names, name)
			}
		}
		slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
		get := func(name string) Value {
			if n, ok := figures[name]; ok {
				return Any(n)
			}
			return Value{}
		}
		byName := func(name string) operation {
			return func(s *scopeOf) (Value, error) { return s.get(name), nil }
		}
		eval, err := (&conditionParser{names: names, prop: byName}).parse(expr)
		if err != nil {
			return false, err
		}
		v, err := eval(&scopeOf{get: get})
		return err == nil && v.truthy(), err
	}, nil
}
