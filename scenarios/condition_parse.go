package scenarios

import (
	"errors"
	"fmt"
	"strconv"
)

// conditionParser reads filtrex's language by precedence climbing. Its grammar is an LALR one with precedences, whose
// oddities are kept: not binds tighter than arithmetic, ? : groups to the left, and the words and, or, not, in and of
// swallow the character behind them, so that "not(x)" is no expression.
type conditionParser struct {
	rest  string
	names []string                    // of figures, longest first: each is a symbol where it stands
	prop  func(name string) operation // the value of a symbol
	next  conditionToken
	depth int

	unknown []string // functions that there are not
}

const (
	maxCondition      = 10_000 // bytes
	maxConditionDepth = 200
)

// Precedences, lowest first.
const (
	bindTernary = 1 + iota
	bindOr
	bindAnd
	bindIn
	bindEquals
	bindLess
	bindSum
	bindProduct
	bindPower
	bindNot
	bindMinus
	bindOf
)

// parse compiles an expression.
func (p *conditionParser) parse(text string) (operation, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("an expression of more than %d bytes", maxCondition)
	}
	p.rest = text
	if err := p.advance(); err != nil {
		return nil, err
	}
	o, err := p.expression(0)
	if err == nil && p.next.kind != "end" {
		err = p.unexpected()
	}
	return o, err
}

func (p *conditionParser) unexpected() error {
	if p.next.kind == "end" {
		return errors.New("something is missing at the end (and, or, not and in want a space behind them)")
	}
	return fmt.Errorf("%q is out of place (and, or, not and in want a space behind them)", p.next.text)
}

// bindingPower returns how tightly an operator holds what is before it, and behind it; 0: it is none.
func bindingPower(kind string) (left, right int) {
	switch kind {
	case "?":
		return bindTernary, bindTernary
	case "or":
		return bindOr, bindOr
	case "and":
		return bindAnd, bindAnd
	case "in":
		return bindIn, bindIn
	case "not": // of not in: the grammar decides by its first word, and goes on by its last
		return bindNot, bindIn
	case "==", "!=", "~=":
		return bindEquals, bindEquals
	case "<", "<=", ">", ">=":
		return bindLess, bindLess
	case "+", "-":
		return bindSum, bindSum
	case "*", "/", "%":
		return bindProduct, bindProduct
	case "^":
		return bindPower, bindPower
	}
	return 0, 0
}

// expression reads operators that hold tighter than least, with what is between them.
func (p *conditionParser) expression(least int) (operation, error) {
	if p.depth++; p.depth > maxConditionDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxConditionDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.operand()
	for err == nil {
		operator := p.next.kind
		before, behind := bindingPower(operator)
		if before <= least {
			return left, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		if operator == "?" {
			left, err = p.ternary(left)
			continue
		}
		if operator == "not" {
			if err = p.expect("in"); err != nil {
				break
			}
			operator = "not in"
		}
		var right operation
		if right, err = p.expression(behind); err == nil {
			left = binary(operator, left, right)
		}
	}
	return nil, err
}

func (p *conditionParser) expect(kind string) error {
	if p.next.kind != kind {
		return p.unexpected()
	}
	return p.advance()
}

// ternary reads what stands behind the question mark.
func (p *conditionParser) ternary(test operation) (operation, error) {
	yes, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	no, err := p.expression(bindTernary)
	if err != nil {
		return nil, err
	}
	return func(s *scopeOf) (Value, error) {
		v, err := test(s)
		switch {
		case err != nil:
			return v, err
		case v.truthy():
			return yes(s)
		}
		return no(s)
	}, nil
}

// operand reads a value, with the signs before it.
func (p *conditionParser) operand() (operation, error) {
	token := p.next
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch token.kind {
	case "number":
		n, err := strconv.ParseFloat(token.text, 64)
		return constantly(Any(n)), err
	case "text":
		return constantly(Any(token.text)), nil
	case "symbol":
		return p.symbol(token.text)
	case "(":
		return p.list()
	case "-":
		return p.prefixed(bindMinus, func(v Value) Value { return Any(-v.toNumber()) })
	case "not":
		return p.prefixed(bindNot, func(v Value) Value { return truth(!v.truthy()) })
	case "end":
		return nil, errors.New("something is missing at the end (and, or, not and in want a space behind them)")
	}
	return nil, fmt.Errorf("%q is out of place (and, or, not and in want a space behind them)", token.text)
}

func constantly(v Value) operation { return func(*scopeOf) (Value, error) { return v, nil } }

func (p *conditionParser) prefixed(binding int, apply func(Value) Value) (operation, error) {
	inner, err := p.expression(binding)
	return func(s *scopeOf) (Value, error) {
		v, err := inner(s)
		return apply(v), err
	}, err
}

// symbol reads what may stand behind a name: arguments, or of.
func (p *conditionParser) symbol(name string) (operation, error) {
	switch p.next.kind {
	case "(":
		if err := p.advance(); err != nil {
			return nil, err
		}
		args, err := p.arguments()
		if conditionFunctions()[name] == nil {
			p.unknown = append(p.unknown, name)
		}
		return called(name, args), err
	case "of":
		if err := p.advance(); err != nil {
			return nil, err
		}
		from, err := p.expression(bindMinus)
		return func(s *scopeOf) (Value, error) {
			v, err := from(s)
			member, _ := v.own(name)
			return member, err
		}, err
	}
	return p.prop(name), nil
}

// arguments reads up to the closing parenthesis.
func (p *conditionParser) arguments() (args []operation, err error) {
	if p.next.kind == ")" {
		return nil, p.advance()
	}
	for {
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.next.kind != "," {
			return args, p.expect(")")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// list reads what is in parentheses: an expression, or several, which are a list.
func (p *conditionParser) list() (operation, error) {
	if p.next.kind == ")" {
		return nil, p.unexpected()
	}
	items, err := p.arguments()
	if err != nil || len(items) == 1 {
		return append(items, nil)[0], err
	}
	return func(s *scopeOf) (Value, error) {
		list := make([]any, len(items))
		for i, item := range items {
			v, err := item(s)
			if err != nil {
				return v, err
			}
			list[i] = v.Plain()
		}
		return Any(list), nil
	}, nil
}
