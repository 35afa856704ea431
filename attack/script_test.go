package attack

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// shop is a service for scripts. It notes what reached it and answers with JSON.
type shop struct {
	*site
	mu   sync.Mutex
	seen []seen
}

type seen struct {
	line   string // method and path with query
	header http.Header
	body   string
}

func newShop(t *testing.T) *shop {
	s := &shop{}
	s.site = newSite(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, seen{r.Method + " " + r.RequestURI, r.Header, string(body)})
		s.mu.Unlock()
		s.answer(w, r)
	})
	return s
}

func (s *shop) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/login":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s1"})
		fmt.Fprint(w, `{"token": "t0p", "ids": [3, 4], "user": {"name": "Ann"}}`)
	case "/moved":
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case "/busy":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/nothing":
		fmt.Fprint(w, "no JSON")
	default:
		fmt.Fprint(w, `{"ok": true}`)
	}
}

// lines returns what reached the service.
func (s *shop) lines() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		lines = append(lines, r.line)
	}
	return lines
}

func (s *shop) want(t *testing.T, want ...string) {
	t.Helper()
	if got := s.lines(); !slices.Equal(got, want) {
		t.Errorf("the service saw\n%q, want\n%q", got, want)
	}
}

// script loads a script whose flow has the steps given, for so many users. more stands before its scenarios.
func (s *shop) script(t *testing.T, users int64, more, steps string) *scenarios.Script {
	t.Helper()
	text := "config: {target: '" + s.URL + "'}\n" + more + "scenarios:\n- flow:\n  " +
		strings.ReplaceAll(strings.TrimSpace(steps), "\n", "\n  ") + "\n"
	return load(t, text, users)
}

func load(t *testing.T, text string, users int64) *scenarios.Script {
	t.Helper()
	script, err := scenarios.Load("s.yml", strings.NewReader(text), scenarios.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	script.Phases = []scenarios.Phase{arriving(users)}
	return script
}

func TestScriptLoops(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		want  []string
	}{
		"a count":              {"- {loop: [get: {url: '/{{ $loopCount }}'}], count: 3}", []string{"/0", "/1", "/2"}},
		"a count in text":      {"- {loop: [get: {url: '/{{ $loopCount }}'}], count: '2'}", []string{"/0", "/1"}},
		"a range":              {"- {loop: [get: {url: '/{{ $loopCount }}/{{ $loopElement }}'}], count: 9-11}", []string{"/9/9", "/10/9"}},
		"another name":         {"- {loop: [get: {url: '/{{ n }}'}], count: 2, loopValue: n}", []string{"/0", "/1"}},
		"a list":               {"- {loop: [get: {url: '/{{ $loopElement }}/{{ $loopCount }}'}], over: [a, 7]}", []string{"/a/0", "/7/1"}},
		"a list of maps":       {"- {loop: [get: {url: '/{{ it.id }}'}], over: [{id: 1}, {id: 2}], loopElement: it}", []string{"/1", "/2"}},
		"a template in a list": {"- {loop: [{loop: [get: {url: '/{{ $loopElement }}'}], over: ['x{{ n }}']}], count: 2, loopValue: n}", []string{"/x0", "/x1"}},
		"no list":              {"- {loop: [get: {url: /a}], over: nobody}\n- get: {url: /b}", []string{"/b"}},
		"a captured list": {"- get: {url: /login, capture: {json: $.user, as: user}}\n" +
			"- get: {url: /login, capture: {json: $, as: all}}\n" +
			"- {loop: [get: {url: '/{{ $loopElement }}'}], over: all.ids}", []string{"/login", "/login", "/3", "/4"}},
		"a captured count": {"- get: {url: /login, capture: {json: '$.ids[0]', as: n}}\n" +
			"- {loop: [get: {url: '/{{ $loopCount }}'}], count: '{{ n }}'}", []string{"/login", "/0", "/1", "/2"}},
		"a captured count that is none": {"- get: {url: /login, capture: {json: '$.token', as: n}}\n" +
			"- {loop: [get: {url: /a}], count: '{{ n }}'}\n- get: {url: /b}", []string{"/login", "/b"}},
		"loops within loops": {"- loop: [{loop: [get: {url: '/{{ i }}{{ j }}'}], count: 2, loopValue: j}]\n" +
			"  count: 2\n  loopValue: i", []string{"/00", "/01", "/10", "/11"}},
		"lists in a flow": {"- [get: {url: /a}, get: {url: /b}]\n- get: {url: /c}", []string{"/a", "/b", "/c"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", test.steps)})
			var want []string
			for _, path := range test.want {
				want = append(want, "GET "+path)
			}
			s.want(t, want...)
		})
	}
}

// TestScriptSpin holds that an endless loop in which nothing is to be done leaves the machine to others, and ends with
// the run.
func TestScriptSpin(t *testing.T) {
	s := newShop(t)
	script := s.script(t, 1, "", "- {loop: [get: {url: /, probability: 0}]}")
	n, _ := mustRun(t, Options{Remote: true, Script: script, Duration: 50 * time.Millisecond})
	if len(n.results) > 0 || n.outcomes[Interrupted] != 1 {
		t.Errorf("%d results, outcomes %v", len(n.results), n.outcomes)
	}
}
