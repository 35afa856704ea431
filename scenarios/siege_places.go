package scenarios

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// explain turns what ended the script into an error with its place, unless it has been said.
func (s *siege) explain(err error) {
	if err == nil || s.errors.count() > 0 {
		return
	}
	var syntax *goja.CompilerSyntaxError
	var exception *goja.Exception
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(err, &syntax):
		pos, reason := s.syntaxError(syntax)
		s.errorf(pos, "%s", reason)
	case errors.As(err, &interrupted):
		s.errorf(s.innermost(interrupted.Stack()), "%v", interrupted.Value())
	case errors.As(err, &overflow):
		s.errorf(s.innermost(overflow.Stack()), "more than %d calls within each other", maxScriptCalls)
	case errors.As(err, &exception):
		s.errorf(s.innermost(exception.Stack()), "%s", s.thrown(exception))
	default:
		s.errorf(Pos{File: s.file}, "%v", err)
	}
}

var engineError = regexp.MustCompile(`Line (\d+):(\d+) (.*?)(?: \(and \d+ more errors\))?$`)

// syntaxError splits what the engine says of a text that is not JavaScript into place and reason.
func (s *siege) syntaxError(err error) (pos Pos, reason string) {
	found := engineError.FindStringSubmatch(err.Error())
	if found == nil {
		return Pos{File: s.file}, err.Error()
	}
	if strings.HasSuffix(found[3], "reserved word") {
		found[3] += " (there is no import and no export here: write require('siege'))"
	}
	line, _ := strconv.Atoi(found[1])
	column, _ := strconv.Atoi(found[2])
	return s.at(line, column), "not JavaScript: " + strings.ToLower(found[3][:1]) + found[3][1:]
}

// thrown is the text of an exception, and for a name that does not exist what does.
func (s *siege) thrown(exception *goja.Exception) string {
	text := exception.Value().String()
	if name, ok := strings.CutSuffix(text, " is not defined"); ok {
		return name + " is not defined: scripts have siege, the language, and little else"
	}
	return text
}

// innermost returns where in the script a stack of calls had come to.
func (s *siege) innermost(stack []goja.StackFrame) Pos {
	for _, frame := range stack {
		if place := frame.Position(); frame.SrcName() == s.file && place.Line > 0 {
			return s.at(place.Line, place.Column)
		}
	}
	return Pos{File: s.file}
}

// here returns the place of the call the script is in: of the name that is called.
func (s *siege) here() Pos {
	pos := s.innermost(s.vm.CaptureCallStack(0, nil))
	at := s.offset(pos)
	if at < 0 || at >= len(s.source) || s.source[at] != '(' {
		return pos
	}
	name := strings.TrimRightFunc(s.source[:at], isName)
	pos.Column -= at - len(name)
	return pos
}

func isName(c rune) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// find returns the place of a name behind a dot that the script has just come to: the engine knows no more than
// what was called before it.
func (s *siege) find(name string) Pos {
	pos := s.here()
	at := s.offset(pos)
	if at < 0 || at > len(s.source) {
		return pos
	}
	found := regexp.MustCompile(`\.\s*` + regexp.QuoteMeta(name) + `\b`).FindStringIndex(s.source[at:])
	if found == nil {
		return pos
	}
	at += found[1] - len(name)
	return s.at(1+strings.Count(s.source[:at], "\n"), at-strings.LastIndex(s.source[:at], "\n"))
}

// offset returns where in the source a place is, or -1.
func (s *siege) offset(pos Pos) int {
	if pos.Line == 0 {
		return -1
	}
	at := 0
	for range pos.Line - 1 {
		at += 1 + strings.Index(s.source[at:], "\n")
	}
	return at + pos.Column - 1
}
