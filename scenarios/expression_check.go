package scenarios

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// parserNoise is what the parser says about places in a text that nobody wrote.
var parserNoise = regexp.MustCompile(`^\S+: Line \d+:\d+ | \(and \d+ more errors?\)$`)

// checkExpression refuses what is no expression, and what jsonpath-plus does not evaluate.
func checkExpression(source string, names []string) error {
	program, err := parser.ParseFile(nil, "", "(\n"+source+"\n)", parser.IgnoreRegExpErrors)
	if err != nil {
		return fmt.Errorf("not an expression: %s", parserNoise.ReplaceAllString(firstLine(err.Error()), ""))
	}
	if len(program.Body) != 1 {
		return errors.New("not one expression")
	}
	statement, ok := program.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return errors.New("not an expression")
	}
	return checkNode(statement.Expression, names)
}

// checkNode walks through an expression.
func checkNode(e ast.Expression, names []string) error {
	var inner []ast.Expression
	switch e := e.(type) {
	case *ast.StringLiteral, *ast.NumberLiteral, *ast.BooleanLiteral, *ast.NullLiteral, *ast.RegExpLiteral:
	case *ast.Identifier:
		if name := e.Name.String(); name != "undefined" && !slices.Contains(names, name) {
			return fmt.Errorf("%s is not defined: the place itself is @", name)
		}
	case *ast.UnaryExpression:
		known := []token.Token{token.MINUS, token.PLUS, token.NOT, token.BITWISE_NOT, token.TYPEOF}
		if e.Postfix || !slices.Contains(known, e.Operator) {
			return fmt.Errorf("%s is not understood here", e.Operator)
		}
		inner = []ast.Expression{e.Operand}
	case *ast.BinaryExpression:
		if slices.Contains([]token.Token{token.IN, token.INSTANCEOF, token.EXPONENT, token.COALESCE}, e.Operator) {
			return fmt.Errorf("%s is not understood here", e.Operator)
		}
		inner = []ast.Expression{e.Left, e.Right}
	case *ast.ConditionalExpression:
		inner = []ast.Expression{e.Test, e.Consequent, e.Alternate}
	case *ast.ArrayLiteral:
		inner = e.Value
	case *ast.DotExpression:
		inner = []ast.Expression{e.Left}
		if err := checkMember(e.Identifier.Name.String()); err != nil {
			return err
		}
	case *ast.BracketExpression:
		inner = []ast.Expression{e.Left}
		if err := checkBracket(e.Member); err != nil {
			return err
		}
	case *ast.CallExpression:
		if _, method := e.Callee.(*ast.DotExpression); !method {
			return errors.New("only methods can be called, such as @.name.includes('x')")
		}
		inner = append([]ast.Expression{e.Callee}, e.ArgumentList...)
	case *ast.AssignExpression:
		return errors.New("= assigns: write == to compare")
	default:
		return errors.New("only operators, methods, names and literals are understood here")
	}
	for _, node := range inner {
		if err := checkNode(node, names); err != nil {
			return err
		}
	}
	return nil
}

func checkBracket(member ast.Expression) error {
	switch member := member.(type) {
	case *ast.StringLiteral:
		return checkMember(member.Value.String())
	case *ast.NumberLiteral:
		return nil
	}
	return errors.New("only an index or a name in quotes can stand between [ and ]")
}

// checkMember refuses what leads out of the document, and what makes long texts of short ones.
func checkMember(name string) error {
	switch name {
	case "constructor", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
		"repeat", "padStart", "padEnd":
		return fmt.Errorf(".%s is not allowed here", name)
	}
	return nil
}
