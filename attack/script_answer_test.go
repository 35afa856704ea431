package attack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestScriptRedirects(t *testing.T) {
	s := newShop(t)
	mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- post: {url: /moved, json: {}, capture: {json: $.token, as: token}}
- get: {url: '/{{ token }}'}
- get: {url: /moved, followRedirect: 'false'}
- get: {url: /moved, followRedirect: 'true'}`)})
	s.want(t, "POST /moved", "GET /login", "GET /t0p", "GET /moved", "GET /moved", "GET /login")
	if got := s.seen[2].header.Get("Cookie"); got != "session=s1" {
		t.Errorf("cookie %q, want what a hop set", got)
	}
}

func TestScriptCaptures(t *testing.T) {
	s := newShop(t)
	n, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 3, "", `
- post: {url: /login, json: {}, capture: [{json: $.token, as: token}, {header: content-type, as: type}]}
- get: {url: '/{{ token }}', headers: {X-Type: '{{ type }}'}}
- get: {url: /nothing, capture: {json: $.id, as: id}}
- get: {url: /never}`)})
	want := []string{"GET /nothing", "GET /t0p", "POST /login"}
	got := s.lines()
	slices.Sort(got)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("the service saw %q", got)
	}
	if n := summary.UserErrors["Failed capture or match"]; n != 3 {
		t.Errorf("user errors %v", summary.UserErrors)
	}
	n.wantCodes(t, map[string]int{"200": 9})
	if n.outcomes[Failed] != 3 {
		t.Errorf("outcomes %v", n.outcomes)
	}
	text := fmt.Sprint(summary.Warnings)
	if !strings.Contains(text, "s.yml:6:") || !strings.Contains(text, "Failed capture or match: the user ended") ||
		!strings.Contains(text, "the first of 3") {
		t.Errorf("warnings %s", text)
	}
}

func TestScriptExpectations(t *testing.T) {
	s := newShop(t)
	script := load(t, `config:
  target: '`+s.URL+`'
  plugins: {expect: {}}
scenarios:
- flow:
  - get: {url: /login, expect: [{statusCode: 200}, {hasProperty: token}, {contentType: json}]}
  - get: {url: /busy, name: busy, expect: {statusCode: 200}}
  - get: {url: /after}
`, 2)
	n, summary := mustRun(t, Options{Remote: true, Script: script})
	want := map[string][2]int{
		"statusCode GET " + s.URL + "/login": {2, 0}, "hasProperty GET " + s.URL + "/login": {2, 0},
		"contentType GET " + s.URL + "/login": {2, 0}, "statusCode busy": {0, 2},
	}
	if !reflect.DeepEqual(n.checks, want) {
		t.Errorf("checks %v, want %v", n.checks, want)
	}
	if n.outcomes[Completed] != 2 || len(n.results) != 6 {
		t.Errorf("outcomes %v, %d results", n.outcomes, len(n.results))
	}
	if text := fmt.Sprint(summary.Warnings); !strings.Contains(text, "busy: expected statusCode 200, got 503 (the first of 2)") {
		t.Errorf("warnings %s", text)
	}
}

// TestScriptOverStreams holds that answers are taken over HTTP/2 as they are over HTTP/1.1, cookies included.
func TestScriptOverStreams(t *testing.T) {
	s := &shop{}
	s.site = &site{Server: httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, seen{line: r.Method + " " + r.RequestURI, header: r.Header})
		s.mu.Unlock()
		s.answer(w, r)
	}))}
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	mustRun(t, Options{Remote: true, Protocol: H2C, Script: s.script(t, 1, "", `
- post: {url: /login, json: {}, capture: [{json: $.token, as: token}, {header: content-type, as: type}]}
- get: {url: '/{{ token }}', headers: {X-Type: '{{ type }}'}}`)})
	s.want(t, "POST /login", "GET /t0p")
	h := s.seen[1].header
	if h.Get("X-Type") != "application/json" || h.Get("Cookie") != "session=s1" {
		t.Errorf("header %v", h)
	}
}

// TestScriptBodyInResults holds that results hold no more of a body than was asked for where a capture wants all of it.
func TestScriptBodyInResults(t *testing.T) {
	s := newShop(t)
	var bodies []string
	mustRun(t, Options{Remote: true, MaxBody: 5, Results: func(r *Result) { bodies = append(bodies, string(r.Body)) },
		Script: s.script(t, 1, "", "- get: {url: /login, capture: {json: $.token, as: token}}\n- get: {url: '/{{ token }}'}")})
	s.want(t, "GET /login", "GET /t0p")
	if !slices.Equal(bodies, []string{`{"tok`, `{"ok"`}) {
		t.Errorf("bodies %q", bodies)
	}
}
