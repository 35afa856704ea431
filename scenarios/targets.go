package scenarios

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// What a target list may hold: requests and headers together, and the bodies that it takes from files, in bytes.
const (
	maxTargetLines = 1_000_000
	maxBodies      = 64 << 20
)

// targets reads lists in vegeta's two formats: METHOD URL with headers and a body's file below it, and JSON lines.
type targets struct {
	*reader
	origin string // scheme, host and port instead of each URL's own; empty: as written
	left   int    // requests and headers that may still come
	bodies int64  // bytes that files may still hold
	steps  []Step
}

func (r *reader) readTargets(text string) {
	t := &targets{reader: r, left: maxTargetLines, bodies: maxBodies}
	if r.opts.Target != "" {
		origin, err := parseOrigin(r.opts.Target)
		if err != nil {
			r.errorf(Pos{File: r.file}, "%v", err)
			return
		}
		t.origin = origin
	}
	t.read(text)
}

func (t *targets) read(text string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines) && t.errors.count() <= maxProblems; {
		i = t.target(lines, i)
		if t.left < 0 {
			t.errorf(t.at(i, 0), "too long a list: more than %d requests and headers", maxTargetLines)
			return
		}
	}
	t.script.Scenarios = []Scenario{{Name: t.script.Name, Weight: 1, Steps: t.steps, Independent: true}}
}

// target reads the target that begins at or behind line i, if there is one, and returns the line behind it.
func (t *targets) target(lines []string, i int) int {
	switch line := strings.TrimSpace(lines[i]); {
	case line == "" || line[0] == '#':
	case line[0] == '{':
		t.fromJSON(t.at(i+1, 0), line)
	default:
		return t.fromLines(lines, i)
	}
	return i + 1
}

var methodLine = regexp.MustCompile(`^[A-Z]+\s+[a-z]+://`)

// fromLines reads METHOD URL, and headers and a body's file up to an empty line or the next target.
func (t *targets) fromLines(lines []string, i int) int {
	pos := t.at(i+1, 0)
	line := strings.TrimSpace(lines[i])
	if !targetLine.MatchString(line) {
		t.errorf(pos, "a target is written 'METHOD URL', its headers below it, and an empty line behind them")
		return i + 1
	}
	space := strings.IndexAny(line, " \t")
	req := t.add(pos, line[:space], strings.TrimSpace(line[space:]))
	for i++; i < len(lines) && t.left >= 0; i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case line == "":
			return i + 1
		case methodLine.MatchString(line):
			return i
		case line[0] == '#':
		case line[0] == '@':
			req.Body = t.bodyFile(t.at(i+1, 0), line[1:])
			return i + 1
		default:
			req.Headers = t.appendHeader(req.Headers, t.at(i+1, 0), line)
			t.left--
		}
	}
	return i
}

// add appends one request.
func (t *targets) add(pos Pos, method, address string) *Request {
	t.left--
	req := &Request{Method: method, Pos: pos}
	u, err := t.address(address)
	switch {
	case err != nil:
		t.errorf(pos, "%v", err)
	case !isToken(method):
		t.errorf(pos, "%q is not an HTTP method", method)
	default:
		req.URL = Literal(u)
		t.steps = append(t.steps, t.request(req))
	}
	return req
}

// address checks a target's URL and puts --target's origin in place of its own.
func (t *targets) address(text string) (string, error) {
	if t.origin == "" {
		_, err := parseURL(text, false)
		return text, err
	}
	u, err := parseAbsolute(text)
	if err != nil {
		return "", err
	}
	return t.origin + u.RequestURI(), nil
}

// bodyFile reads a body; like vegeta from a path relative to the folder the program runs in.
func (t *targets) bodyFile(pos Pos, path string) Template {
	body, err := readBody(path, t.bodies)
	if err != nil {
		t.errorf(pos, "read body: %v (looked for from the folder imgsvc runs in)", err)
		return Template{}
	}
	if t.bodies -= int64(len(body)); t.bodies < 0 {
		t.errorf(pos, "the bodies of this list have more than %d MiB together", maxBodies>>20)
	}
	return Literal(string(body))
}

// readBody reads a file, and one byte more than limit if there are more. What is not a file may have no end.
func readBody(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, max(0, limit)+1))
}

// fromJSON reads a target from a JSON object on a line of its own.
func (t *targets) fromJSON(pos Pos, line string) {
	var target struct {
		Method string              `json:"method"`
		URL    string              `json:"url"`
		Body   []byte              `json:"body"` // base64
		Header map[string][]string `json:"header"`
	}
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&target)
	switch {
	case err != nil:
		t.errorf(pos, "not a target in JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
		return
	case decoder.More():
		t.errorf(pos, "more than one value on a line")
		return
	case target.Method == "" || target.URL == "":
		t.errorf(pos, "a target in JSON needs method and url")
		return
	}
	req := t.add(pos, target.Method, target.URL)
	req.Body = Literal(string(target.Body))
	for _, name := range slices.Sorted(maps.Keys(target.Header)) {
		for _, value := range target.Header[name] {
			t.left--
			if t.header(pos, name, value) {
				req.Headers = append(req.Headers, Header{name, Literal(value)})
			}
		}
	}
}
