package scenarios

import (
	"slices"
	"strconv"
	"strings"
)

// finder makes an extractor; nil if that is not possible, which has been said.
func (a *artillery) finder(kind string, given map[string]field, s *scope) finder {
	expr := given[kind].value
	switch kind {
	case "json":
		if f := (&jsonFinder{path: compile(a, expr, s, parseJSONPath), all: a.isFalse(given["multiple"])}); f.path != nil {
			a.warnPath(expr)
			return f
		}
	case "xpath":
		if f := (&xpathFinder{path: compile(a, expr, s, parseXPath)}); f.path != nil {
			return f
		}
	case "regexp":
		return a.regexpFinder(expr, given, s)
	case "header":
		return a.headerFinder(expr, s)
	case "selector":
		return a.selectorFinder(expr, given, s)
	}
	return nil
}

func (a *artillery) isFalse(f field) bool {
	if f.value == nil {
		return false
	}
	value, ok := a.boolean(f)
	return ok && !value
}

// warnPath tells of what other JSONPaths know and jsonpath-plus does not.
func (a *artillery) warnPath(n *node) {
	path, err := parseJSONPath(n.text)
	if err != nil || strings.Contains(n.text, "{{") {
		return
	}
	for _, step := range path.steps {
		if step.kind == named && len(step.name) > 1 && step.name[0] == '-' && plainNumber(step.name[1:]) {
			a.warnf(n.pos, "json: [%s] finds nothing, as in Artillery: write [%s:]", step.name, step.name)
		}
	}
}

func plainNumber(text string) bool { return newKey(text).index >= 0 }

// compile compiles an expression now, or, where variables are part of it, when it is used; nil if it is wrong.
func compile[T any](a *artillery, n *node, s *scope, how func(string) (T, error)) *compiled[T] {
	c := &compiled[T]{source: a.template(n, s), compile: how}
	text, constant := c.source.Text()
	if !constant {
		return c
	}
	now, err := how(text)
	if err != nil {
		a.errorf(n.pos, "%v", err)
		return nil
	}
	c.fixed = &now
	return c
}

func (a *artillery) regexpFinder(expr *node, given map[string]field, s *scope) finder {
	f := &regexpFinder{}
	flags := ""
	if given["flags"].value != nil {
		flags, _ = a.text(given["flags"])
		if _, err := compilePattern("", flags); err != nil {
			a.errorf(given["flags"].value.pos, "%v", err)
			return nil
		}
	}
	if given["group"].value != nil {
		f.group, _ = a.text(given["group"])
	}
	if f.group == "0" {
		f.group = ""
	}
	f.pattern = compile(a, expr, s, func(text string) (*pattern, error) { return compilePattern(text, flags) })
	if f.pattern == nil {
		return nil
	}
	if fixed := f.pattern.fixed; fixed != nil {
		a.checkGroup(*fixed, f.group, given["group"])
	}
	return f
}

// checkGroup warns of a group that the expression does not have.
func (a *artillery) checkGroup(p *pattern, group string, f field) {
	n, err := strconv.Atoi(group)
	switch {
	case group == "" || p.named() && slices.Contains(p.names, group):
	case p.named():
		a.warnf(f.pos, "group %s is not one of the names in the expression: nothing is found, as in Artillery", group)
	case err != nil || n < 0 || n >= len(p.names):
		a.warnf(f.pos, "the expression has no group %s: the whole match is taken, as in Artillery", group)
	}
}

func (a *artillery) headerFinder(expr *node, s *scope) finder {
	a.warnUpper(expr)
	return &headerFinder{name: a.template(expr, s)}
}

// warnUpper tells of headers that Artillery does not find.
func (a *artillery) warnUpper(n *node) {
	if lower := strings.ToLower(n.text); n.text != lower && !strings.Contains(n.text, "{{") {
		a.warnf(n.pos, "header %s is never found: Artillery has their names in lower case: write %s", n.text, lower)
	}
}

func (a *artillery) selectorFinder(expr *node, given map[string]field, s *scope) finder {
	f := &selectorFinder{selector: compile(a, expr, s, parseSelector)}
	if f.selector == nil {
		return nil
	}
	if given["attr"].value != nil {
		f.attr, _ = a.text(given["attr"])
	} else {
		a.warnf(expr.pos, "selector without attr captures a map of the element's attributes, as in Artillery")
	}
	index := given["index"].value
	if index == nil {
		return f
	}
	n, ok := index.number()
	switch f.random, f.last = index.text == "random", index.text == "last"; {
	case f.random || f.last:
	case !ok || n != n || n < -1e6 || n > 1e6:
		a.errorf(index.pos, "index must be a whole number, random or last, not %s", index.quoted())
	case n == -1:
		a.warnf(index.pos, "index -1 finds nothing, as in Artillery: write last")
		fallthrough
	default:
		f.index = int(n)
	}
	return f
}
