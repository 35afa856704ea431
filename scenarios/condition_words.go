package scenarios

import (
	"fmt"
	"regexp"
	"strings"
)

// conditionToken is a word of the language: kind is an operator itself, or number, text, symbol, or end.
type conditionToken struct{ kind, text string }

var (
	conditionWord   = regexp.MustCompile(`^(and|or|not|in|of)[^A-Za-z0-9_]`)
	conditionNumber = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?\b`)
	conditionSymbol = regexp.MustCompile(`^[a-zA-Z$_][.a-zA-Z0-9$_]*`)
	conditionQuoted = regexp.MustCompile(`^(?:"(?:\\["\\]|[^"\\])*"|'(?:\\['\\]|[^'\\])*')`)
	conditionEscape = regexp.MustCompile(`\\(.)`)
)

// advance reads the next word.
func (p *conditionParser) advance() error {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n\f\v")
	if p.rest == "" {
		p.next = conditionToken{"end", ""}
		return nil
	}
	for _, name := range p.names {
		if strings.HasPrefix(p.rest, name) {
			return p.take("symbol", name, len(name))
		}
	}
	for _, operator := range strings.Fields("== != ~= >= <= < > * / - + ^ % ( ) , ? :") {
		if strings.HasPrefix(p.rest, operator) {
			return p.take(operator, operator, len(operator))
		}
	}
	if word := conditionWord.FindStringSubmatch(p.rest); word != nil {
		return p.take(word[1], word[1], len(word[0])) // with the character behind it, as filtrex does
	}
	if number := conditionNumber.FindString(p.rest); number != "" {
		return p.take("number", number, len(number))
	}
	if symbol := conditionSymbol.FindString(p.rest); symbol != "" {
		return p.take("symbol", symbol, len(symbol))
	}
	if quoted := conditionQuoted.FindString(p.rest); quoted != "" {
		text := conditionEscape.ReplaceAllString(quoted[1:len(quoted)-1], "$1")
		if quoted[0] == '"' {
			return p.take("text", text, len(quoted))
		}
		return p.take("symbol", text, len(quoted))
	}
	return fmt.Errorf("%s is not understood%s", shorten(p.rest), conditionHint(p.rest))
}

func (p *conditionParser) take(kind, text string, length int) error {
	p.next, p.rest = conditionToken{kind, text}, p.rest[length:]
	return nil
}

// conditionHint knows what people write who know JavaScript, or templates.
func conditionHint(rest string) string {
	for _, hint := range []struct{ begins, instead string }{
		{"=", "=="}, {"&&", "and"}, {"||", "or"}, {"!", "not, with a space behind it"},
		{"{{", "the variable's name without braces"},
		{`"`, `"text", in which only \" and \\ have a backslash`},
	} {
		if strings.HasPrefix(rest, hint.begins) {
			return ": write " + hint.instead
		}
	}
	return ""
}
