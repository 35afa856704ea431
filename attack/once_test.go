package attack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestOnce(t *testing.T) {
	s := newShop(t)
	script := s.script(t, 50, "", `
- post: {url: /login, json: {a: 1}, capture: {json: $.token, as: token}}
- get: {url: /moved}
- {loop: [get: {url: '/{{ token }}'}]}`)
	var shown []string
	n, summary := mustRun(t, Options{Remote: true, Script: script, Once: func(e *Exchange) {
		line, _, _ := strings.Cut(string(e.Head), "\r\n")
		shown = append(shown, fmt.Sprint(strings.TrimPrefix(e.URL, s.URL), " ", e.Status, " ", line, " ", len(e.Body), " ", e.Captured))
	}})
	want := []string{"/login 200 HTTP/1.1 200 OK 56 [{token t0p}]", "/moved 303 HTTP/1.1 303 See Other 0 []",
		"/login 200 HTTP/1.1 200 OK 56 []", "/t0p 200 HTTP/1.1 200 OK 12 []"}
	if !slices.Equal(shown, want) {
		t.Errorf("shown\n%q, want\n%q", shown, want)
	}
	if n.started != 1 || !summary.SetEnd {
		t.Errorf("%d users, %+v", n.started, summary)
	}
}

func TestPlan(t *testing.T) {
	s := newShop(t)
	script := s.script(t, 50, "before: {flow: [get: {url: /first}]}\n", `
- {loop: [post: {url: '/{{ $loopElement }}', json: {a: 1}}], over: [a, b]}
- get: {url: '/{{ nobody }}'}`)
	plan, err := Plan(Options{Script: script})
	if err != nil || len(plan.Before) != 1 || len(plan.Steps) != 2 || len(plan.After) != 0 || !slices.Equal(plan.Arrivals, []int64{50}) {
		t.Fatal(plan, err)
	}
	if text := string(plan.Steps[0].Request); !strings.HasPrefix(text, "POST "+s.URL+"/a HTTP/1.1\r\n") || !strings.HasSuffix(text, "\r\n\r\n{\"a\":1}") {
		t.Errorf("request %q", text)
	}
	s.want(t)
}
