package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// maxProblems is how many errors of a script are told, and how many of its warnings. A text that is no script at
// all would have one for each of its lines.
const maxProblems = 50

// reader collects what every dialect's reader finds: the script, and all that is wrong with it.
type reader struct {
	file   string
	opts   LoadOptions
	script *Script
	errors problems
	warned problems

	optionErr error // what is wrong with an option, not with a text
}

func newReader(file string, opts LoadOptions) *reader {
	return &reader{file: file, opts: opts, script: &Script{Name: filepath.Base(file)}}
}

// at returns a place in the file that is read; column 0 is unknown.
func (r *reader) at(line, column int) Pos { return Pos{File: r.file, Line: line, Column: column} }

func (r *reader) errorf(pos Pos, format string, args ...any) { r.errors.add(pos, format, args...) }

func (r *reader) warnf(pos Pos, format string, args ...any) { r.warned.add(pos, format, args...) }

// request numbers a request step and adds it to the script.
func (r *reader) request(req *Request) *Request {
	req.ID = len(r.script.Requests)
	r.script.Requests = append(r.script.Requests, req)
	return req
}

// finish returns the script with its warnings, or all its errors at once.
func (r *reader) finish() (*Script, error) {
	if err := errors.Join(append(r.errors.sorted(), r.optionErr)...); err != nil {
		return nil, err
	}
	r.script.Warnings = r.warned.sorted()
	return r.script, nil
}

// problems are errors or warnings in the order they were found, each once: what stands under an anchor is read
// as often as it is used.
type problems struct {
	list []*SyntaxError
	seen map[SyntaxError]bool
	more int
}

func (p *problems) add(pos Pos, format string, args ...any) {
	problem := SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
	switch {
	case p.seen[problem]:
	case len(p.list) == maxProblems:
		p.more++
	default:
		if p.seen == nil {
			p.seen = map[SyntaxError]bool{}
		}
		p.seen[problem] = true
		p.list = append(p.list, &problem)
	}
}

// count returns how many problems there are.
func (p *problems) count() int { return len(p.list) + p.more }

// sorted returns the problems in the order of the text.
func (p *problems) sorted() []error {
	slices.SortStableFunc(p.list, func(a, b *SyntaxError) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	var all []error
	for _, problem := range p.list {
		all = append(all, problem)
	}
	if p.more > 0 {
		last := p.list[len(p.list)-1].Pos
		all = append(all, &SyntaxError{Pos{File: last.File}, fmt.Sprintf("and %d more like these", p.more)})
	}
	return all
}

// header checks one header of a script and reports whether it is to be sent.
func (r *reader) header(pos Pos, name, value string) bool {
	switch {
	case !isToken(name):
		r.errorf(pos, "%q is not the name of a header", name)
	case strings.ContainsAny(value, "\r\n\x00"):
		r.errorf(pos, "header %s: a line break cannot be sent", name)
	case strings.EqualFold(name, "Transfer-Encoding"):
		r.errorf(pos, "header %s is not supported: bodies are sent whole, with their length", name)
	case strings.EqualFold(name, "Content-Length"):
		r.warnf(pos, "header %s is left out: the length of the body is always sent", name)
	default:
		return true
	}
	return false
}

// isToken reports whether s can be a method or the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// didYouMean returns the end of a sentence that names the candidate most like word, or nothing.
func didYouMean(word string, candidates []string) string {
	best, at := "", min(3, 1+len(word)/3)
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if d := editDistance(strings.ToLower(word), strings.ToLower(candidate)); d < at {
			best, at = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// editDistance is how many bytes must be inserted, deleted, replaced or swapped with their neighbour to turn a
// into b. Words too long to be a slip of anything are far from everything.
func editDistance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
