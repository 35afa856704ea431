package scenarios

import (
	"fmt"
	"math"
	"slices"
)

// binary returns the operation of an operator between two others.
func binary(operator string, left, right operation) operation {
	if operator == "and" || operator == "or" {
		return logical(operator == "or", left, right)
	}
	apply := operators()[operator]
	return func(s *scopeOf) (Value, error) {
		x, err := left(s)
		if err != nil {
			return x, err
		}
		y, err := right(s)
		if err != nil {
			return y, err
		}
		return apply(x, y)
	}
}

// logical is the number of the left or the right side, as filtrex has it: whichever JavaScript's || or && yields.
func logical(or bool, left, right operation) operation {
	return func(s *scopeOf) (Value, error) {
		v, err := left(s)
		if err == nil && v.truthy() != or {
			v, err = right(s)
		}
		return Any(v.toNumber()), err
	}
}

// operators are the operators between two values.
func operators() map[string]func(x, y Value) (Value, error) {
	number := func(f func(x, y float64) float64) func(x, y Value) (Value, error) {
		return func(x, y Value) (Value, error) { return Any(f(x.toNumber(), y.toNumber())), nil }
	}
	boolean := func(f func(x, y Value) bool) func(x, y Value) (Value, error) {
		return func(x, y Value) (Value, error) { return truth(f(x, y)), nil }
	}
	return map[string]func(x, y Value) (Value, error){
		"+":      func(x, y Value) (Value, error) { return x.plus(y), nil },
		"-":      number(func(x, y float64) float64 { return x - y }),
		"*":      number(func(x, y float64) float64 { return x * y }),
		"/":      number(func(x, y float64) float64 { return x / y }),
		"%":      number(math.Mod),
		"^":      number(math.Pow),
		"==":     boolean(Value.looselyEquals),
		"!=":     boolean(func(x, y Value) bool { return !x.looselyEquals(y) }),
		"<":      boolean(Value.less),
		"<=":     boolean(Value.lessOrEqual),
		">":      boolean(func(x, y Value) bool { return y.less(x) }),
		">=":     boolean(func(x, y Value) bool { return y.lessOrEqual(x) }),
		"in":     boolean(subset),
		"not in": boolean(func(x, y Value) bool { return !subset(x, y) }),
		"~=":     like,
	}
}

func truth(b bool) Value {
	if b {
		return Int(1)
	}
	return Int(0)
}

// subset reports whether each of x is one of y, types and all.
func subset(x, y Value) bool {
	all := listed(y)
	for _, one := range listed(x) {
		if !slices.ContainsFunc(all, one.equals) {
			return false
		}
	}
	return true
}

// like matches x with a regular expression.
func like(x, y Value) (Value, error) {
	pattern, err := compilePattern(y.text(), "")
	if err != nil {
		return Value{}, err
	}
	matches, err := pattern.matches(x.text())
	return truth(matches), err
}

// conditionFunctions are those that filtrex has.
func conditionFunctions() map[string]func(s *scopeOf, args []float64) float64 {
	one := func(f func(float64) float64) func(*scopeOf, []float64) float64 {
		return func(_ *scopeOf, args []float64) float64 {
			if len(args) == 0 {
				return math.NaN()
			}
			return f(args[0])
		}
	}
	return map[string]func(s *scopeOf, args []float64) float64{
		"abs": one(math.Abs), "ceil": one(math.Ceil), "floor": one(math.Floor), "log": one(math.Log), "sqrt": one(math.Sqrt),
		"round": one(func(x float64) float64 { return math.Floor(x + 0.5) }),
		"max":   func(_ *scopeOf, args []float64) float64 { return fold(math.Max, math.Inf(-1), args) },
		"min":   func(_ *scopeOf, args []float64) float64 { return fold(math.Min, math.Inf(1), args) },
		"random": func(s *scopeOf, _ []float64) float64 {
			if s.vars == nil {
				return 0
			}
			return s.vars.Random.Float64()
		},
	}
}

func fold(f func(x, y float64) float64, v float64, args []float64) float64 {
	for _, arg := range args {
		v = f(v, arg)
	}
	return v
}

// called returns a call of a function. One that does not exist is an error when it is called, not before.
func called(name string, args []operation) operation {
	f := conditionFunctions()[name]
	return func(s *scopeOf) (Value, error) {
		if f == nil {
			return Value{}, fmt.Errorf("there is no function %s()", name)
		}
		numbers := make([]float64, len(args))
		for i, arg := range args {
			v, err := arg(s)
			if err != nil {
				return v, err
			}
			numbers[i] = v.toNumber()
		}
		return Any(f(s, numbers)), nil
	}
}
