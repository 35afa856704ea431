package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What a path may have: more is no path that anybody wrote.
const (
	maxPathText  = 10_000
	maxPathSteps = maxPath
)

// parseJSONPath reads a path.
func parseJSONPath(text string) (*jsonPath, error) {
	if len(text) > maxPathText {
		return nil, fmt.Errorf("a path of more than %d bytes", maxPathText)
	}
	rest := text
	if after, ok := strings.CutPrefix(text, "$"); ok && (after == "" || strings.ContainsRune(".[^~@", rune(after[0]))) {
		rest = after
	} else if strings.HasPrefix(text, ".") {
		return nil, fmt.Errorf("JSONPath %s: it begins with $: write $%s", text, text)
	} else if rest != "" && rest[0] != '[' {
		rest = "." + rest // $. is not needed
	}
	p := &jsonPath{}
	for rest != "" {
		steps, after, err := nextStep(rest)
		if err != nil {
			return nil, fmt.Errorf("JSONPath %s: %w", text, err)
		}
		if p.steps, rest = append(p.steps, steps...), after; len(p.steps) > maxPathSteps {
			return nil, fmt.Errorf("JSONPath %s: more than %d steps", shorten(text), maxPathSteps)
		}
	}
	return p, nil
}

var typeTest = regexp.MustCompile(
	`^@(null|boolean|number|string|integer|undefined|nonFinite|scalar|array|object|function|other)\(\)`)

// nextStep reads what stands up to the next point or bracket.
func nextStep(text string) (steps []pathStep, rest string, err error) {
	switch {
	case text[0] == '^':
		return []pathStep{{kind: parent}}, text[1:], nil
	case text[0] == '~':
		return []pathStep{{kind: nameOf}}, text[1:], nil
	case text[0] == '[':
		s, rest, err := bracket(text[1:])
		return []pathStep{s}, rest, err
	case typeTest.MatchString(text):
		found := typeTest.FindStringSubmatch(text)
		s, err := typedStep(found[1])
		return []pathStep{s}, text[len(found[0]):], err
	}
	rest = strings.TrimLeft(text, ".")
	if len(text)-len(rest) > 1 {
		steps = append(steps, pathStep{kind: deep})
	}
	name, rest := bareName(rest)
	if name != "" {
		s, err := classify(name)
		return append(steps, s), rest, err
	}
	return steps, rest, nil
}

// bareName reads a name up to what begins the next step. It may stand in quotes.
func bareName(text string) (name, rest string) {
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		if inside, after, closed := strings.Cut(text[1:], text[:1]); closed {
			return "`" + inside, after
		}
	}
	for i := range text {
		if strings.ContainsRune(".[^~", rune(text[i])) || typeTest.MatchString(text[i:]) {
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// bracket reads what stands behind [.
func bracket(text string) (s pathStep, rest string, err error) {
	switch {
	case strings.HasPrefix(text, "?(") || strings.HasPrefix(text, "("):
		return bracketExpression(text)
	case strings.HasPrefix(text, "?"):
		return s, "", fmt.Errorf("a filter is written [?(…)], with parentheses")
	case strings.HasPrefix(text, "'") || strings.HasPrefix(text, `"`):
		return bracketNames(text)
	}
	inside, rest, closed := strings.Cut(text, "]")
	if !closed {
		return s, "", fmt.Errorf("[%s: a closing bracket is missing", text)
	}
	s, err = classify(strings.TrimSpace(inside))
	return s, rest, err
}

// bracketNames reads one or more names in quotes.
func bracketNames(text string) (s pathStep, rest string, err error) {
	for {
		inside, after, closed := strings.Cut(text[1:], text[:1])
		if !closed {
			return s, "", fmt.Errorf("[%s: a closing quote is missing", text)
		}
		s.union = append(s.union, pathStep{kind: named, name: inside})
		after = strings.TrimSpace(after)
		if next, ok := strings.CutPrefix(after, "]"); ok {
			if len(s.union) == 1 {
				return s.union[0], next, nil
			}
			s.kind = united
			return s, next, nil
		}
		text = strings.TrimSpace(strings.TrimPrefix(after, ","))
		if !strings.HasPrefix(after, ",") || text == "" || text[0] != '\'' && text[0] != '"' {
			return s, "", fmt.Errorf("['%s' wants ] behind it", inside)
		}
	}
}

// bracketExpression reads ?(…)] or (…)]. It ends at the first )] that makes sense of it.
func bracketExpression(text string) (s pathStep, rest string, err error) {
	inside, s := text, pathStep{kind: computedName}
	if strings.HasPrefix(text, "?") {
		inside, s.kind = text[1:], filtered
	}
	for at := 0; ; {
		end := strings.Index(inside[at:], ")]")
		if end < 0 && err == nil {
			err = fmt.Errorf("[%s: )] is missing", text)
		}
		if end < 0 {
			return s, "", err
		}
		at += end + 1
		var problem error
		if problem = s.read(inside[1 : at-1]); problem == nil {
			return s, inside[at+1:], nil
		}
		if err == nil {
			err = problem
		}
	}
}

// read reads the expression of a step: JavaScript, or a filter within a filter.
func (s *pathStep) read(text string) (err error) {
	if s.filter, err = compileExpression(text); err == nil {
		return nil
	}
	path, ok := strings.CutPrefix(strings.TrimSpace(text), "@")
	if ok && s.kind == filtered && strings.Contains(path, "[?(") {
		if nested, problem := parseJSONPath("$" + path); problem == nil {
			s.nested = nested
			return nil
		}
	}
	return err
}

var slicePath = regexp.MustCompile(`^(-?[0-9]*):(-?[0-9]*):?([0-9]*)$`)

// classify tells what a name without quotes means.
func classify(name string) (pathStep, error) {
	if literal, ok := strings.CutPrefix(name, "`"); ok {
		return pathStep{kind: named, name: literal}, nil
	}
	if name == "*" {
		return pathStep{kind: every}, nil
	}
	if bounds := slicePath.FindStringSubmatch(name); bounds != nil {
		s := pathStep{kind: sliced}
		for i := range s.slice {
			n, _ := strconv.Atoi(bounds[i+1]) // nothing, or a lone -, is 0
			s.slice[i] = min(max(n, math.MinInt32), math.MaxInt32)
		}
		return s, nil
	}
	if strings.Contains(name, ",") {
		s := pathStep{kind: united}
		for _, part := range strings.Split(name, ",") {
			one, err := classify(strings.TrimSpace(part))
			if err != nil {
				return s, err
			}
			s.union = append(s.union, one)
		}
		return s, nil
	}
	return pathStep{kind: named, name: name}, nil
}

// typedStep takes what is of a type, and ends the path.
func typedStep(name string) (pathStep, error) {
	number := func(v any) bool { _, ok := v.(float64); return ok }
	is := func(names ...string) func(any) bool {
		return func(v any) bool { return slices.Contains(names, Any(v).kindName()) }
	}
	tests := map[string]func(any) bool{
		"null": is("null"), "boolean": is("boolean"), "number": number, "string": is("string"), "object": is("object"),
		"integer":   func(v any) bool { f, ok := v.(float64); return ok && f == math.Trunc(f) },
		"scalar":    is("null", "boolean", "number", "string"),
		"array":     func(v any) bool { _, ok := v.([]any); return ok },
		"undefined": is(), "function": is(), "nonFinite": is(),
	}
	test := tests[name]
	if test == nil {
		return pathStep{}, fmt.Errorf("@%s() has no meaning here", name)
	}
	return pathStep{kind: typed, test: test}, nil
}
