package attack

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

func TestScriptConditions(t *testing.T) {
	s := newShop(t)
	mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- get: {url: /login, capture: {json: $.user.name, as: name}}
- get: {url: /yes, ifTrue: 'name == "Ann"'}
- get: {url: /no, ifTrue: 'name == "Bob"'}
- get: {url: /never, probability: 0}
- get: {url: /done}`)})
	s.want(t, "GET /login", "GET /yes", "GET /done")

	s = newShop(t)
	mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", "- {loop: [get: {url: /, probability: 30}], count: 1000}")})
	if n := len(s.lines()); n < 200 || n > 400 {
		t.Errorf("%d of 1000 requests at a probability of 30", n)
	}
}

func TestScriptThink(t *testing.T) {
	s := newShop(t)
	n, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- get: {url: /1}
- {think: 40ms, jitter: 10}
- get: {url: /2}
- {loop: [think: '{{ $loopElement }}', get: {url: '/{{ $loopElement }}'}], over: [20ms, '0.03', soon]}`)})
	s.want(t, "GET /1", "GET /2", "GET /20ms", "GET /0.03")
	for i, least := range map[int]time.Duration{1: 30, 2: 20, 3: 30} {
		before := n.results[i-1]
		if gap := n.results[i].Due().Sub(before.Timestamp.Add(before.Latency)); gap < least*time.Millisecond {
			t.Errorf("request %d was due after %v", i, gap)
		}
	}
	if summary.UserErrors["Invalid think time: {{ $loopElement }}"] != 1 {
		t.Errorf("user errors %v", summary.UserErrors)
	}
}

func TestScriptParallel(t *testing.T) {
	s := newShop(t)
	n, _ := mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- parallel: [{think: 60ms}, {get: {url: /1}}, {think: 20ms}, {get: {url: /2}}]
  limit: 2
- get: {url: /3}`)})
	s.want(t, "GET /1", "GET /2", "GET /3")
	if s.conns.Load() != 1 {
		t.Errorf("%d connections", s.conns.Load())
	}
	first, second, third := n.results[0], n.results[1], n.results[2]
	if !second.Due().Equal(first.Due()) || second.Lag != 0 || second.Latency < first.Latency {
		t.Errorf("the second was due %v after the first, lag %v, latency %v", second.Due().Sub(first.Due()), second.Lag, second.Latency)
	}
	if wait := third.Due().Sub(first.Due()); wait != 60*time.Millisecond {
		t.Errorf("it was over after %v", wait)
	}
}

func TestScriptHooks(t *testing.T) {
	s := newShop(t)
	hooks := `before: {flow: [{post: {url: /login, json: {}, capture: {json: $.token, as: token}}}]}
after: {flow: [{get: {url: '/bye/{{ token }}'}}]}
`
	n, _ := mustRun(t, Options{Remote: true, Script: s.script(t, 2, hooks, "- get: {url: '/{{ token }}'}")})
	s.want(t, "POST /login", "GET /t0p", "GET /t0p", "GET /bye/t0p")
	n.wantCodes(t, map[string]int{"200": 2})
	if n.started != 2 {
		t.Errorf("%d users", n.started)
	}
}

func TestScriptHookFails(t *testing.T) {
	s := newShop(t)
	hooks := "before: {flow: [{get: {url: /nothing, capture: {json: $.token, as: token}}}]}\n"
	_, err := Run(context.Background(), Options{Remote: true, Sink: &notebook{}, Script: s.script(t, 2, hooks, "- get: {url: '/{{ token }}'}")})
	if err == nil || !strings.HasPrefix(err.Error(), "before: GET "+s.URL+"/nothing: Failed capture or match\n") {
		t.Errorf("error %v", err)
	}
	s.want(t, "GET /nothing")

	hooks = "after: {flow: [{get: {url: 'http://127.0.0.1:1/'}}]}\n"
	_, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 1, hooks, "- get: {url: /}")})
	if len(summary.Warnings) != 1 || !strings.HasPrefix(summary.Warnings[0].Error(), "after: GET http://127.0.0.1:1/: ") {
		t.Errorf("warnings %v", summary.Warnings)
	}
}

// TestScriptWithoutRequests holds that users may only think.
func TestScriptWithoutRequests(t *testing.T) {
	n, _ := mustRun(t, Options{Remote: true, Script: newShop(t).script(t, 2, "", "- think: 1ms\n- log: done")})
	if n.outcomes[Completed] != 2 {
		t.Errorf("outcomes %v", n.outcomes)
	}
}

// TestScriptHooksOfALoop holds that users in a loop begin each walk with what before left.
func TestScriptHooksOfALoop(t *testing.T) {
	s := newShop(t)
	hooks := "before: {flow: [{post: {url: /login, json: {}, capture: {json: $.token, as: token}}}]}\n"
	script := s.script(t, 1, hooks, "- get: {url: '/{{ token }}', capture: {json: $.ok, as: token}}")
	script.Phases = []scenarios.Phase{{Users: 1, Requests: 3}}
	mustRun(t, Options{Remote: true, Script: script})
	s.want(t, "POST /login", "GET /t0p", "GET /t0p", "GET /t0p")
}

// TestScriptHookIsStopped holds that a run that is stopped before it has begun says so.
func TestScriptHookIsStopped(t *testing.T) {
	s := newShop(t)
	stop := make(chan struct{})
	close(stop)
	_, err := Run(context.Background(), Options{Remote: true, Sink: &notebook{}, Stop: stop,
		Script: s.script(t, 1, "before: {flow: [think: 1h]}\n", "- get: {url: /}")})
	if err == nil || err.Error() != "before: stopped before it was done" {
		t.Errorf("error %v", err)
	}
	s.want(t)
}
