package scenarios

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
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
		script, err := Load(name, strings.NewReader(text+end), LoadOptions{Environment: "e", Variables: `{"given": {"a": [1, "{{ a }}"]}}`})
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
		if a := phase.Arrivals; a != nil && a.Law == Poisson && a.Rate <= 0 {
			t.Errorf("arrivals %+v of phase %+v", *a, phase)
		}
		if a := phase.Arrivals; a != nil && (a.Law == Even && a.Every <= 0 || a.Count < 0 || phase.Duration == 0) {
			t.Errorf("arrivals %+v of phase %+v", *a, phase)
		}
	}
	vars := script.Names.NewVars(rand.New(rand.NewPCG(1, 2)))
	script.Begin(vars, 7)
	for i, request := range script.Requests {
		if request.ID != i || request.Scenario >= len(script.Scenarios) || !isToken(request.Method) || request.Pos.Line == 0 {
			t.Errorf("request %+v", *request)
		}
		for at := range vars.Slots {
			vars.Slots[at] = Int(0)
		}
		_, constant := request.URL.Text()
		ofUser := request.URL.Prefix() == "" && !constant // what only a user knows is checked when it is sent
		if _, err := parseURL(string(request.URL.Append(nil, vars)), false); err != nil && !ofUser {
			t.Errorf("request %+v: %v", *request, err)
		}
		for _, header := range request.Headers {
			// What only a user knows is checked when it is sent.
			if value, _ := header.Value.Text(); !isToken(header.Name) || strings.ContainsAny(value, "\r\n\x00") {
				t.Errorf("header %q: %q", header.Name, value)
			}
			header.Value.Append(nil, vars)
		}
		request.Body.Append(nil, vars)
		request.Ready(vars)
		request.Take(&Answer{Status: 200, Head: []byte("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"), Body: []byte(page)}, vars)
		if request.IfTrue != nil {
			request.IfTrue.Holds(vars)
		}
	}
	left := 100
	for _, scenario := range script.Scenarios {
		script.Begin(vars, 3)
		stroll(scenario.Steps, vars, &left)
	}
	for _, flow := range []*Flow{script.Before, script.After} {
		if flow != nil {
			stroll(flow.Steps, vars, &left)
		}
	}
}

// stroll takes steps as a user would, but for what is sent, up to so many of them.
func stroll(steps []Step, vars *Vars, left *int) {
	for _, step := range steps {
		if *left--; *left < 0 {
			return
		}
		switch step := step.(type) {
		case *Loop:
			for rounds := step.Begin(vars); rounds.More() && *left > 0; rounds.Next(vars) {
				*left--
				stroll(step.Steps, vars, left)
			}
		case *Parallel:
			stroll(step.Steps, vars, left)
		case *Think:
			_, _ = step.Wait(vars)
		case *Log:
			step.Message.Append(nil, vars)
		case *Request:
			step.Chance.Happens(vars.Random)
			step.URL.Missing(vars)
			for _, cookie := range step.Cookies {
				cookie.Value.Append(nil, vars)
			}
		}
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
		everyTake, withConditions+"'not x in (1, \"2\") and max(x, y) ~= length of s ? (1) : -2 ^ user.id'}",
		flow("- get: {url: /, capture: [{json: '$..a[?(@.b.c(1)[0])]^~', as: a.b}, {regexp: '(?<a>(?!b))\\1', flags: gimsuy, group: a, as: c}]}\n  expect: [{x: 1}]"),
		"config: &c {target: 'http://h', variables: {<<: *c}}\nscenarios: &a [*a]", "config: {timeout: 0x10, http: {timeout: .nan}}",
		"{\"config\": {\"target\": \"http://h\"}, \"scenarios\": [{\"weight\": 1e400, \"flow\": [[{\"think\": \"1e300 years\"}]]}]}",
		"config: {target: 'http://{{ host }}{{ given.a[0] }}', mode: poisson, phases: [{duration: 9, arrivalRate: '{{ given.a[0] }}'}, {pause: 1}],\n"+
			" environments: {e: {variables: {host: h, b: '{{ c }}', c: '{{ b }}{{ $uuid }}'}, phases: [{arrivalRate: 3}]}},\n"+
			" defaults: {headers: {'{{ given.a[1] }}': '{{ b }}', d: '{{ $env.HOME }}', e: '{{ $randomString(3) }}'}}}\n"+
			"scenarios: [{weight: '{{ $env.W }}{{ given.a.0 }}', flow: [{get: {url: '/{{ b }}'}}]}]",
		"config: {target: 'http://h', payload: [{path: no.csv, fields: [a, b], order: sequence, options: {comment: '#', fromLine: 2}}, {path: '{{ $dirname }}', loadAll: true, name: n}]}\nscenarios: []",
		"config: {target: 'http://h', plugins: {fake-data: {numberInt: {min: 1}, loremWords: 3}, expect: {}, ensure: {thresholds: [a: 1], conditions: [{expression: a}], p95: 1}, apdex: {threshold: 1}, metrics-by-endpoint: },\n"+
			" tls: {rejectUnauthorized: false}, http: {pool: 3}}\nscenarios: [{flow: [{post: {url: '/{{ $numberInt() }}', json: ['{{ $loremWords() }}'], headers: {a: '{{ $internetEmail() }}'}}}]}]",
		"config: {target: 'http://h', defaults: {cookie: {a: '{{ $uuid }}'}, think: {jitter: 20%}}}\nbefore: {flow: [get: {url: /, capture: {json: $, as: v.w}}]}\n"+
			"after: {flow: [parallel: [think: '{{ v }}', {loop: [log: '{{ v.w }}'], over: v, count: 2-1}], limit: 2]}\nscenarios:\n- flow:\n"+
			"  - {think: '{{ v.w[0] }}', jitter: 7ms}\n  - {loop: [get: {url: '{{ v }}', qs: {'{{ e.f }}': ['{{ v }}', {a: 1}], n: }}], over: [1, '{{ v }}', {f: ['{{ i }}']}], loopElement: e, loopValue: i}\n"+
			"  - {loop: [post: {url: '/{{ v }}?{{ i }}?', form: {a: [1, {}], '{{ v }}': '{{ $randomString(3) }}'}, auth: {user: '{{ v }}', pass: b}, probability: 50}], count: '{{ v }}'}\n"+
			"  - {loop: [post: {url: /, formData: {a: {value: '{{ v }}', contentType: \"x\\r\\ny\"}, 'b\"': {fromFile: './x/{{ v }}/{{ v }}'}}, cookie: {a: b}, ifTrue: 'v == 1'}], count: 9-12}",
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

// FuzzTake takes apart whatever answer comes: it ends, without a panic, in variables that can be written as JSON.
func FuzzTake(f *testing.F) {
	script, err := Load("s.yml", strings.NewReader(everyTake), LoadOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("application/json", shop)
	f.Add("text/html", page)
	f.Add("text/xml; charset=latin1", "<?xml version='1.0'?><a xmlns:b='c'><b:d e='f'>g</b:d>&lt;<!-- h --></a>")
	f.Add("application/json\r\nset-cookie: \xff", "[[[[{\"id\":[{\"id\":1e400}]}]],\"\\ud800\"]]")
	f.Fuzz(func(t *testing.T, kind, body string) {
		began := time.Now()
		vars := user(script, 1)
		taken := script.Requests[0].Take(&Answer{Head: []byte("HTTP/1.1 200 OK\r\ncontent-type: " + kind), Body: []byte(body)}, vars)
		for _, v := range vars.Slots {
			if text := v.appendJSON(nil); !json.Valid(text) {
				t.Errorf("%q is not JSON", text)
			}
		}
		if took := time.Since(began); took > 10*time.Second || taken.Failed != "" {
			t.Errorf("took %v: %+v", took, taken)
		}
	})
}

// FuzzExpressions compiles whatever comes as a path, a pattern, a selector, an XPath and a condition, and uses it.
func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"$..a[?(@.b>1)]^~", "a[(@.length-1)]['b','c'][1:-1:2]@string()", "(?<a>b)\\k<a>(?=c)|[^]\\p{L}$", "div > a:not(b) ~ :has(c):eq(-1):first",
		"//a[@b='c']/../text()[last()]", "x == 1 and not (y in (1, \"2\")) or -max(1) ^ 2 ? 'a b' of c : d",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		vars := &Vars{Random: rand.New(rand.NewPCG(1, 2))}
		finders := []finder{
			&jsonFinder{path: &compiled[*jsonPath]{source: Literal(text), compile: parseJSONPath}},
			&regexpFinder{pattern: &compiled[*pattern]{source: Literal(text), compile: func(s string) (*pattern, error) { return compilePattern(s, "im") }}},
			&selectorFinder{selector: &compiled[*selector]{source: Literal(text), compile: parseSelector}},
			&xpathFinder{path: &compiled[string]{source: Literal(text), compile: parseXPath}},
		}
		for _, how := range finders {
			for _, body := range []string{shop, page, "<a><b c='d'>e</b></a>"} {
				e := extractor{how: how}
				_, _ = e.extract(&reading{Answer: &Answer{Body: []byte(body)}}, vars)
			}
		}
		p := &conditionParser{prop: func(string) operation { return constantly(Any(shop)) }}
		if eval, err := p.parse(text); err == nil {
			_, _ = eval(&scopeOf{vars: vars})
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// FuzzPluck keeps that a plain path finds in the text what it finds in the tree.
func FuzzPluck(f *testing.F) {
	f.Add(`{"a": [1, {"b\\"": {"\u0061": "x]}\\\\"}, "b\\"": -1e3 }], "a" :[0,{"c":[]} ] }`, "a", "1", "c")
	f.Add(shop, "users", "10", "id")
	f.Add(" [[[ \"\\u0061,\" ,\tnull,true]]]\n", "0", "0", "1")
	f.Fuzz(func(t *testing.T, body, a, b, c string) {
		path := &jsonPath{steps: []pathStep{{name: a}, {name: b}, {name: c}}}
		in := &reading{Answer: &Answer{Body: []byte(body)}}
		if !path.plain() || !in.compoundJSON() {
			return
		}
		got, ok := path.pluck(in.Body)
		if _, err := in.bodyJSON(); !ok || err != nil {
			return
		}
		found, err := path.find(in.order())
		want := Value{}
		if len(found) > 0 {
			want = Any(found[0].value)
		}
		if err != nil || got.describe() != want.describe() {
			t.Errorf("%q at %q: %s, want %s, error %v", body, []string{a, b, c}, got.describe(), want.describe(), err)
		}
	})
}
