package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

func urlAttack(t *testing.T, request scenarios.URLRequest, users int) attack.Options {
	t.Helper()
	script, err := scenarios.ForURL(request)
	if err != nil {
		t.Fatal(err)
	}
	script.Phases = []scenarios.Phase{{Users: users}}
	return attack.Options{Script: script}
}

// TestCeilingIsKept writes a ceiling and finds it again, for the same kind of request only.
func TestCeilingIsKept(t *testing.T) {
	kept := ceilings{filepath.Join(t.TempDir(), "imgsvc", "ceilings.json")}
	const listing = "http://127.0.0.1/listings/7"
	o := urlAttack(t, scenarios.URLRequest{URL: listing, User: "me:hunter2"}, 32)
	if _, found := kept.find(o, 500); found {
		t.Error("found before it was kept")
	}
	c := reports.Ceiling{Schema: reports.Schema, RPS: 1000, Requests: 2000, ResponseBytes: 500, MeasuredAt: time.Now()}
	if err := kept.keep(o, c); err != nil {
		t.Fatal(err)
	}
	if got, found := kept.find(o, 510); !found || got.RPS != 1000 || !got.Cached {
		t.Errorf("found %t: %+v", found, got)
	}
	text, err := os.ReadFile(kept.file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "127.0.0.1") {
		t.Errorf("the file says what was sent: %s", text)
	}
	rate := o
	rate.Rate = attack.Ramp{From: 1, To: 1}
	others := map[string]attack.Options{
		"more users": urlAttack(t, scenarios.URLRequest{URL: listing, User: "me:hunter2"}, 33),
		"a rate":     rate,
		"TLS":        urlAttack(t, scenarios.URLRequest{URL: "https://127.0.0.1/listings/7", User: "me:hunter2"}, 32),
		"a body":     urlAttack(t, scenarios.URLRequest{URL: listing, User: "me:hunter2", Body: strings.Repeat("x", 99)}, 32),
	}
	for name, other := range others {
		if _, found := kept.find(other, 500); found {
			t.Errorf("%s: found that of another kind", name)
		}
	}
	if _, found := kept.find(o, 5000); found {
		t.Error("found that of smaller answers")
	}
}

// TestCeilingsThatAreNotKept keeps what cannot be relied on out of the file.
func TestCeilingsThatAreNotKept(t *testing.T) {
	kept := ceilings{filepath.Join(t.TempDir(), "ceilings.json")}
	o := urlAttack(t, scenarios.URLRequest{URL: "http://127.0.0.1/"}, 1)
	disturbed := reports.Ceiling{
		Schema: reports.Schema, RPS: 1, Requests: 1, MeasuredAt: time.Now(), Warnings: []string{"others had the cores"},
	}
	if err := kept.keep(o, disturbed); err != nil {
		t.Fatal(err)
	}
	if _, found := kept.find(o, 0); found {
		t.Error("a measurement that was disturbed is kept")
	}
	for version, want := range map[string]bool{
		"v1.2.0": true, "v0.0.0-20261123120000-0123456789ab": true, "devel": false, "unknown": false,
		"v0.0.0-20261123120000-0123456789ab+dirty": false, "devel+0123456789ab": false,
	} {
		if got := openCeilings(version).file != ""; got != want {
			t.Errorf("version %s keeps ceilings: %t", version, got)
		}
	}
}

// TestCeilingSendsWithoutThinking keeps pauses out of what is to be as fast as it can.
func TestCeilingSendsWithoutThinking(t *testing.T) {
	request := &scenarios.Request{Method: "GET", URL: scenarios.Literal("http://127.0.0.1/")}
	think := &scenarios.Think{Duration: time.Hour}
	script := []scenarios.Scenario{{Steps: []scenarios.Step{
		think, request, &scenarios.Loop{Count: 3, Steps: []scenarios.Step{think, request, think}},
	}}}
	got := withoutThinking(script)[0].Steps
	if len(got) != 2 || !reflect.DeepEqual(got[0], scenarios.Step(request)) || len(got[1].(*scenarios.Loop).Steps) != 1 {
		t.Errorf("steps %v", got)
	}
	if len(script[0].Steps) != 3 || len(script[0].Steps[2].(*scenarios.Loop).Steps) != 3 {
		t.Error("the script itself was changed")
	}
}

// TestCeilingOfAScript keeps that what a script makes of answers does not end the users who measure: the null handler
// answers nothing that could be captured.
func TestCeilingOfAScript(t *testing.T) {
	script, err := scenarios.Load("s.yml", strings.NewReader(`config: {target: 'http://127.0.0.1:1'}
before: {flow: [get: {url: /login, capture: {json: $.t, as: t}}]}
scenarios:
- flow:
  - get: {url: /a, capture: {json: $.ids, as: ids}, ifTrue: 't == 1', probability: 1}
  - loop: [{parallel: [get: {url: '/{{ $loopElement }}'}, think: 5]}]
    over: ids
`), scenarios.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := ceilingOptions(attack.Options{Script: script}, &nullHandler{addr: "127.0.0.1:2"})
	steps := o.Script.Scenarios[0].Steps
	first, loop := steps[0].(*scenarios.Request), steps[1].(*scenarios.Loop)
	if first.NeedsAnswer() || first.IfTrue != nil || o.Script.Requests[0].NeedsAnswer() || o.Script.Before != nil {
		t.Errorf("something is made of answers: %+v", first)
	}
	if loop.Over != nil || loop.Count != 1 || len(loop.Steps) != 1 {
		t.Errorf("loop %+v", loop)
	}
	if !script.Requests[0].NeedsAnswer() || script.Before == nil {
		t.Error("the script itself was changed")
	}
}
