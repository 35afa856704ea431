package scenarios

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja/parser"
)

// pattern is a regular expression of JavaScript. Most of them mean the same to Go's own engine, whose time is linear in
// the text; those with look-around or back-references go to one that backtracks, with a limit to its time.
type pattern struct {
	linear *regexp.Regexp
	tracks *regexp2.Regexp // nil: linear
	names  []string        // of the groups, by number; empty where a group has none
	sticky bool            // matches at the beginning only
}

const (
	maxPattern   = 10_000 // bytes
	patternLimit = time.Second
)

// compilePattern compiles what JavaScript would make with new RegExp(source, flags).
func compilePattern(source, flags string) (*pattern, error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("a regular expression of more than %d bytes", maxPattern)
	}
	for i, flag := range flags {
		if !strings.ContainsRune("dgimsuy", flag) || strings.ContainsRune(flags[:i], flag) {
			return nil, fmt.Errorf("flags %q: of d, g, i, m, s, u and y each may stand there once", flags)
		}
	}
	has := func(flag string) bool { return strings.Contains(flags, flag) }
	p := &pattern{sticky: has("y")}
	translated, err := parser.TransformRegExp(source, has("s"), has("u"))
	var backtracks parser.RegexpErrorIncompatible
	ends := lineEnds(source)
	switch {
	case err == nil && has("m") && ends != source: // Go knows no end of line before \r
		p.tracks, err = compileBacktracking(ends, has)
	case err == nil && has("u") && unicodeClass.MatchString(source): // which the translation does not know
		p.tracks, err = compileBacktracking(source, has)
	case err == nil:
		p.linear, err = compileLinear(translated, has)
		if tooLarge := (*syntax.Error)(nil); !errors.As(err, &tooLarge) || tooLarge.Code != syntax.ErrInvalidRepeatSize {
			break
		}
		fallthrough
	case errors.As(err, &backtracks):
		p.tracks, err = compileBacktracking(source, has)
	}
	if err != nil {
		return nil, fmt.Errorf("not a regular expression: %w", err)
	}
	p.readNames()
	return p, nil
}

var unicodeClass = regexp.MustCompile(`\\[pP]\{`)

// lineEnds makes each $ of an expression true before \r, too, as it is in JavaScript's lines.
func lineEnds(source string) string {
	var out strings.Builder
	class := false
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case c == '\\' && i+1 < len(source):
			out.WriteByte(c)
			i++
			out.WriteByte(source[i])
		case c == '$' && !class:
			out.WriteString(`(?=\r|$)`)
		default:
			class = c == '[' || class && c != ']'
			out.WriteByte(c)
		}
	}
	return out.String()
}

func compileLinear(translated string, has func(flag string) bool) (*regexp.Regexp, error) {
	flags := ""
	for _, flag := range []string{"i", "m", "s"} {
		if has(flag) {
			flags += flag
		}
	}
	if flags != "" {
		translated = "(?" + flags + ":" + translated + ")"
	}
	return regexp.Compile(translated)
}

func compileBacktracking(source string, has func(flag string) bool) (*regexp2.Regexp, error) {
	var options regexp2.RegexOptions = regexp2.ECMAScript
	for flag, option := range map[string]regexp2.RegexOptions{
		"i": regexp2.IgnoreCase, "m": regexp2.Multiline, "s": regexp2.Singleline, "u": regexp2.Unicode,
	} {
		if has(flag) {
			options |= option
		}
	}
	re, err := regexp2.Compile(source, options, regexp2.OptionMaintainCaptureOrder())
	if err == nil {
		re.MatchTimeout = patternLimit
	}
	return re, err
}

func (p *pattern) readNames() {
	if p.linear != nil {
		p.names = p.linear.SubexpNames()
		return
	}
	for _, number := range p.tracks.GetGroupNumbers() {
		name := p.tracks.GroupNameFromNumber(number)
		if name == fmt.Sprint(number) {
			name = ""
		}
		p.names = append(p.names, name)
	}
}

// named reports whether any group has a name.
func (p *pattern) named() bool {
	return slices.ContainsFunc(p.names, func(name string) bool { return name != "" })
}

// group returns what the group with a name matched; undefined if there is none.
func (p *pattern) group(groups []Value, name string) Value {
	at := slices.Index(p.names, name)
	if at < 0 || at >= len(groups) || name == "" {
		return Value{}
	}
	return groups[at]
}

// find returns what the pattern and its groups match first in a body; groups that took no part are undefined. It
// returns nil if nothing matches.
func (p *pattern) find(in *reading) ([]Value, error) {
	if p.tracks != nil {
		return p.findBacktracking(in.bodyText())
	}
	at := p.linear.FindSubmatchIndex(in.Body)
	if at == nil || p.sticky && at[0] > 0 {
		return nil, nil
	}
	groups := make([]Value, len(at)/2)
	for i := range groups {
		if from, to := at[2*i], at[2*i+1]; from >= 0 {
			groups[i] = Any(strings.ToValidUTF8(string(in.Body[from:to]), "\uFFFD"))
		}
	}
	return groups, nil
}

func (p *pattern) findBacktracking(text string) ([]Value, error) {
	match, err := p.tracks.FindStringMatch(text)
	if err != nil {
		return nil, fmt.Errorf("not found within %v", patternLimit) // err cites the whole text
	}
	if match == nil || p.sticky && match.RuneIndex > 0 {
		return nil, nil
	}
	var groups []Value
	for _, group := range match.Groups() {
		v := Value{}
		if len(group.Captures) > 0 {
			v = Any(strings.Clone(group.String()))
		}
		groups = append(groups, v)
	}
	return groups, nil
}

// matches reports whether the pattern is found in a text.
func (p *pattern) matches(text string) (bool, error) {
	groups, err := p.find(&reading{Answer: &Answer{Body: []byte(text)}})
	return groups != nil, err
}
