package scenarios

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// fuzz loads whatever comes, under a name and with an end that choose the reader, and holds what every reader
// promises: an error that names the file, or a script that can be run.
func fuzz(f *testing.F, name, end string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "@") {
			t.Skip() // may name any file of this machine
		}
		began := time.Now()
		script, err := Load(name, strings.NewReader(text+end), LoadOptions{})
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		var syntax *SyntaxError
		switch {
		case err == nil:
			check(t, script)
		case !errors.As(err, &syntax) || syntax.Pos.File != name || strings.Contains(err.Error(), "gave up"):
			t.Errorf("error without a place: %v", err)
		}
	})
}

// check holds what whoever runs a script relies on.
func check(t *testing.T, script *Script) {
	if len(script.Scenarios) == 0 || len(script.Requests) == 0 && !strings.HasSuffix(script.Name, ".yml") {
		t.Error("nothing to do")
	}
	for _, phase := range script.Phases {
		if phase.Duration < 0 || phase.Users < 0 || phase.Requests < 0 || phase.MaxUsers < 0 {
			t.Errorf("phase %+v", phase)
		}
		if a := phase.Arrivals; a != nil && (a.Law == Even && a.Every <= 0 || a.Count < 0 || phase.Duration == 0) {
			t.Errorf("arrivals %+v of phase %+v", *a, phase)
		}
	}
	vars := make([]Value, script.Names.Len())
	for i, request := range script.Requests {
		if request.ID != i || request.Scenario >= len(script.Scenarios) || !isToken(request.Method) || request.Pos.Line == 0 {
			t.Errorf("request %+v", *request)
		}
		for at := range vars {
			vars[at] = Int(0)
		}
		if _, err := parseURL(string(request.URL.Append(nil, vars)), false); err != nil {
			t.Errorf("request %+v: %v", *request, err)
		}
		for _, header := range request.Headers {
			if value := string(header.Value.Append(nil, vars)); !isToken(header.Name) || strings.ContainsAny(value, "\r\n\x00") {
				t.Errorf("header %q: %q", header.Name, value)
			}
		}
		request.Body.Append(nil, vars)
	}
}

func original(f *testing.F, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	return string(text)
}

func FuzzLoadArtillery(f *testing.F) {
	fuzz(f, "s.yml", "", original(f, "artillery.yml"), original(f, "artillery-production.yml"),
		phases("- {duration: 1.5, arrivalRate: 1e-3}\n- {duration: 9, rampTo: 3, maxVusers: 2}\n- {pause: 5 min}\n- {duration: 1, arrivalCount: 7}"),
		flow("- post: {url: '{{ path }}', json: {a: ['{{ id }}', {'{{ on }}': \"{{ no }}\"}]}, headers: {X-a: \"{{name}}\\n\"}}\n"+
			"- {loop: [think: 0.5, log: '{{ $loopCount }}'], count: '3', loopValue: i}\n- get: {uri: 'http://{{ i }}/'}"),
		"config: &c {target: 'http://h', variables: {<<: *c}}\nscenarios: &a [*a]", "config: {timeout: 0x10, http: {timeout: .nan}}",
		"{\"config\": {\"target\": \"http://h\"}, \"scenarios\": [{\"weight\": 1e400, \"flow\": [[{\"think\": \"1e300 years\"}]]}]}",
		"a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nconfig: [*b,*b,*b,*b,*b,*b,*b,*b]", strings.Repeat("[", 200), "? [config]\n: !!set {a}\n--- b",
	)
}

func FuzzLoadSiege(f *testing.F) {
	fuzz(f, "s.js", "\n// siege()", original(f, "siege.js"),
		"var siege = require('siege')\nsiege({port: 1, headers: {a: 'b'}}).concurrent(3).for(2).seconds.get('/a?b', {c: [1, 'ä']}).post('/', {d: 1}).for(1).times.attack()",
		"siege('x').on('/tmp/s').withCookie.describe('d').request({method: 'put', path: '/'}).with304.attack()",
		"for (const p of ['/a'].map(x => `${x}?`)) siege().on(1).get(p).attack()", "siege().get('/', {get a() { throw 1 }})",
		"siege(); async function f() { await f() } f()", "siege(); [...'ab'].join()", "siege(; {[(", "siege(); class A extends siege { }; new A().on",
	)
}

func FuzzLoadTargets(f *testing.F) {
	fuzz(f, "t.txt", "", "GET http://localhost/1\nX-A: b\n\n# no\nPOST https://h:1/ \n\n",
		`{"method":"PUT","url":"http://h/","body":"Zm9v","header":{"A":["b"]}}`, "GET http://[::1]:0/%zz", "A \x00", "GET http://h/\n:\n",
		original(f, "artillery.yml"), original(f, "siege.js"), "http://h/ POST a=b", "import http from 'k6/http'")
}
