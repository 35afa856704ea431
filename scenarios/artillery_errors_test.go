package scenarios

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestArtilleryErrors keeps every error of a step with its place. The step is on line 9, behind a dash in column 3.
func TestArtilleryErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"- get", []string{`9:5: a step must be a map, such as 'get: {url: /}', not "get"`}},
		{"- {}", []string{"9:5: a step must be a map, such as 'get: {url: /}', not a map"}},
		{"- get: /", []string{`9:10: get takes a map: write get: {url: …}, not "/"`}},
		{"- get:\n    name: x", []string{"9:5: get has no url"}},
		{"- get:\n  url: /", []string{"10:5: url stands beside get: indent it, so that it stands inside"}},
		{"- get: {url: /}\n  expect: {statusCode: 200}\n  think: 1", []string{
			"11:5: think stands in the same step as get: put a dash before it"}},
		{"- get: {url: /}\n  log: hello", []string{"10:5: log stands in the same step as get: put a dash before it"}},
		{"- think: 1\n  jitter: a bit", []string{
			`10:13: jitter must be milliseconds, or a share such as 20%, not "a bit"`}},
		{"- think: 1\n  jitter: 1\n  log: x", []string{
			"10:5: jitter stands beside think: indent it, so that it stands inside",
			"11:5: log stands in the same step as think: put a dash before it"}},
		{"- a: 1\n  b: 2", []string{
			"9:5: a step has one key, which says what to do: a dash is missing, or a line is not indented enough"}},
		{"- gte: {url: /}", []string{`9:5: unknown step "gte": did you mean "get"?`}},
		{"- GET: {url: /}", []string{`9:5: unknown step "GET": did you mean "get"?`}},
		{"- frobnicate: {url: /}", []string{`9:5: unknown step "frobnicate"`}},
		{"- function: f\n- parallel: []", []string{
			"9:5: function calls a function in JavaScript, which is not supported yet: remove it, or run the script with Artillery",
			"10:5: a parallel without steps"}},
		{"- emit: {}", []string{"9:5: emit is a step of another engine: only http is supported"}},
		{"- parallel: [{get: {url: /}}]\n  limits: 3", []string{
			`10:5: unknown key "limits" in a parallel: did you mean "limit"?`}},
		{"- post: {url: /, form: [a], formData: 1}", []string{
			"9:26: form must be a map, not a list", "9:31: form and formData are bodies of one request: keep one of them"}},
		{"- loop: {get: {url: /}}\n  count: 3", []string{
			"9:11: loop must be a list of steps, each with a dash before it, not a map"}},
		{"- loop: []", []string{"9:5: a loop without steps"}},
		{"- loop: [log: x]", []string{"9:5: a loop without end and without a request or a think in it"}},
		{"- loop: [{loop: [think: 1], count: '0'}, think: 0]", []string{
			"9:5: a loop without end and without a request or a think in it"}},
		{"- loop: [think: 1]\n  count: twice", []string{
			`10:12: count must be a whole number, or a range such as 9-12, not "twice"`}},
		{"- loop: [think: 1]\n  count: 1.5", []string{"10:12: count must be a whole number, not 1.5"}},
		{"- loop: [think: 1]\n  count: [1]", []string{"10:12: count must be a whole number, not a list"}},
		{"- loop: [think: 1]\n  count: 1\n  loopValue: a.b", []string{
			`11:16: loopValue: "a.b" is not the plain name of a variable`}},
		{"- loop: [think: 1]\n  over: ids\n  whileTrue: f\n  cuont: 3", []string{
			"11:5: whileTrue calls a function in JavaScript, which is not supported yet: remove it, or run the script with Artillery",
			`12:5: unknown key "cuont" in a loop: did you mean "count"?`}},
		{"- think: soon", []string{
			`9:12: think must be seconds, or text with a unit such as 500ms, 30s or 5m, not "soon"`}},
		{"- think: -1", []string{"9:12: think cannot be negative"}},
		{"- think:", []string{"9:11: think must be seconds, or text with a unit such as 500ms, 30s or 5m, not nothing"}},
		{"- log: [x]", []string{"9:10: log must be text, not a list"}},
		{"- get: {url: reviews}", []string{`9:16: url "reviews" must begin with /, http:// or https://`}},
		{"- get: {url: '{{ id }}'}", []string{`9:16: url "{{ id }}" must begin with /, http:// or https://`}},
		{"- get: {url: 'http://{{ nothing'}", []string{`9:16: "http://{{ nothing": {{ without }}`}},
		{"- get: {url: 'http://a:b@example.test/'}", []string{
			"9:16: url: user and password in a URL are not sent: give an Authorization header"}},
		{"- get: {url: 'http://example.test:x/'}", []string{`9:16: url: not a URL: invalid port ":x" after host`}},
		{"- get: {url: 'http://EC2-54-82-237-60.compute-1.amazonaws.com./'}", []string{"9:16: url: " +
			"ec2-54-82-237-60.compute-1.amazonaws.com is the host the original authors attacked in 2018 and no longer ours: " +
			"say what to attack instead with --target URL"}},
		{"- get: {url: /, cookie: a=b}", []string{"9:27: cookie must be a map of names and values, not text"}},
		{"- get: {url: /, cookie: {a: [b], 'c d': e, f: \"g\\nh\"}}", []string{
			"9:31: a must be text, not a list", `9:36: "c d" is not the name of a cookie`, "9:46: cookie f: a line break cannot be sent"}},
		{"- get: {url: /, gzip: maybe}", []string{`9:25: gzip must be true or false, not "maybe"`}},
		{"- get: {url: [/]}", []string{"9:16: url must be text, not a list"}},
		{"- get: {url: '/{{ $randomNumber(5) }}'}", []string{
			"9:16: {{ $randomNumber(5) }}: $randomNumber wants two numbers, the least and the greatest"}},
		{"- get: {url: '/{{ $randomNumber(5, 1) }}'}", []string{
			"9:16: {{ $randomNumber(5, 1) }}: $randomNumber wants two whole numbers, the lesser first"}},
		{"- get: {url: '/{{ $randomString(a) }}'}", []string{
			"9:16: {{ $randomString(a) }}: $randomString wants one number, the length, up to 1048576"}},
		{"- get: {url: '/{{ $randomInt(1, 5) }}'}", []string{"9:16: {{ $randomInt(1, 5) }}: there is no function $randomInt"}},
		{"- get: {url: '/{{ $randomNumber(-1, 5) }}'}", []string{
			"9:16: {{ $randomNumber(-1, 5) }}: a function is written $name(a, 1), its arguments plain words and whole numbers"}},
		{"- get: {url: '/{{ $uid }}'}", []string{
			`9:16: {{ $uid }} is not one of Artillery's own variables: did you mean "$uuid"?`}},
		{"- get: {url: '/{{ $timestamp }}'}", []string{"9:16: {{ $timestamp }} is not one of Artillery's own variables"}},
		{"- get: {url: '/{{ user[0 }}'}", []string{`9:16: {{ user[0 }}: "[0": a point or a closed bracket is missing`}},
		{"- get: {url: '/{{ a + b }}'}", []string{"9:16: {{ a + b }} is not the name of a variable"}},
		{"- get: {url: '/{{ }}'}", []string{"9:16: {{  }} is not the name of a variable"}},
		{"- get: {url: /, headers: [a]}", []string{"9:28: headers must be a map, not a list"}},
		{"- get: {url: /, headers: {a: [b]}}", []string{"9:32: a must be text, not a list"}},
		{"- get: {url: /, headers: {a b: c}}", []string{`9:29: "a b" is not the name of a header`}},
		{`- get: {url: /, headers: {a: "b\nc"}}`, []string{"9:29: header a: a line break cannot be sent"}},
		{"- get: {url: /, headers: {Transfer-Encoding: chunked}}", []string{
			"9:29: header Transfer-Encoding is not supported: bodies are sent whole, with their length"}},
		{"- post: {url: /, body: {a: b}}", []string{"9:26: body must be text, not a map"}},
		{"- get: {url: /, followRedirect: maybe}", []string{`9:35: followRedirect must be true or false, not "maybe"`}},
		{"- get: {url: /, captur: 1, qs: {a: b}, wat: 1}", []string{
			`9:19: unknown key "captur" in get: did you mean "capture"?`,
			`9:42: unknown key "wat" in get`}},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(flow(test.text)), LoadOptions{})
			var want []string
			for _, line := range test.want {
				want = append(want, "s.yml:"+line)
			}
			equal(t, "errors", lines(err), want)
		})
	}
}

func TestArtilleryScriptErrors(t *testing.T) {
	const scenarios = "scenarios: [{flow: [{get: {url: /}}]}]"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"something else", "openapi: 3.0.0", []string{"1:1: not an Artillery script: it has neither config nor scenarios"}},
		{"a list", "- config", []string{"1:1: not an Artillery script: it has neither config nor scenarios"}},
		{"no target", scenarios, []string{"1:1: config.target is missing: add it, or give --target URL"}},
		{"no target in config", "config:\n  phases:\n" + scenarios, []string{
			"1:1: config.target is missing: add it, or give --target URL"}},
		{"no scenarios", "config: {target: 'http://localhost'}", []string{"1:1: no scenarios: what should users do?"}},
		{"no scenario", "config: {target: 'http://localhost'}\nscenarios: []", []string{
			"2:1: no scenario with a weight above 0: what should users do?"}},
		{"no scenario to pick", "config: {target: 'http://localhost'}\nscenarios: [{weight: 0, flow: [{think: 1}]}]", []string{
			"2:1: no scenario with a weight above 0: what should users do?"}},
		{"scenarios as a map", "config: {target: 'http://localhost'}\nscenarios: {flow: []}", []string{
			"2:12: scenarios must be a list, each with a dash before it, not a map"}},
		{"the keys of scenarios", "config: {target: 'http://localhost'}\nscenarios:\n- {flows: []}\n- {requests: []}\n- {flow: [], weight: -1}\n" +
			"- {flow: {get: {url: /}}, engine: ws, beforeScenario: f, think: 1}", []string{
			`3:3: a scenario needs a flow: the list of its steps`, `3:4: unknown key "flows" in a scenario: did you mean "flow"?`,
			`4:3: a scenario needs a flow: the list of its steps`, `4:4: unknown key "requests": did you mean "flow"?`,
			"5:4: a flow without steps", "5:22: weight must be a number from 0 to 1000000000",
			"6:10: flow must be a list of steps, each with a dash before it, not a map",
			`6:35: engine "ws" is not supported: only http is`,
			"6:39: beforeScenario calls a function in JavaScript, which is not supported yet: remove it, or run the script with Artillery",
			`6:58: unknown key "think" in a scenario`}},
		{"a target that is none", "config: {target: localhost:3000}\n" + scenarios, []string{
			"1:18: target: not an absolute URL (http://… or https://…)"}},
		{"a target with a password", "config: {target: 'http://u:secret@h'}\n" + scenarios, []string{
			"1:18: target: user and password in a URL are not sent: give an Authorization header"}},
		{"a target with a variable", "config: {target: 'http://{{ host }}'}\n" + scenarios, []string{
			"1:18: target: the variable in it is set nowhere, or differs between users: write the URL, or give --target URL"}},
		{"a target as a list", "config: {target: []}\n" + scenarios, []string{"1:18: target must be text, not a list"}},
		{"everything that is not supported", `config:
  target: http://localhost
  environments: {a: b}
  payload: {path: a.csv}
  processor: ./p.js
  plugins: {expcet: {}, ensure: {}}
  engines: {xmpp: {}}
  tls: {rejectUnauthorized: false, ca: a.pem}
  ensure: {p95: fast}
  http: {pool: ten, cookieJarOptions: {}}
  defaults: {cookie: {a: b}, strictCapture: false, think: {jitter: 1}}
  variables: {list: [1, 2], map: {a: b}, nested: "{{ a }}", "a b": 1}
  timeout: 10s
  phase: []
before: {flow: []}
after: {flow: []}
phases: []
` + scenarios, []string{
			"4:19: payload a.csv: no such file or directory",
			`5:3: processor "./p.js": functions in JavaScript are not supported yet: ` +
				"remove it with what calls it, or run the script with Artillery",
			`6:13: plugin "expcet" is not supported: did you mean "expect"?`,
			`7:13: engine "xmpp" is not supported: only http is`,
			"8:36: tls.ca is not supported: give --cacert FILE",
			`9:17: p95 must be a number, not "fast"`,
			`10:16: pool must be a number, not "ten"`,
			"10:21: cookieJarOptions is not supported yet: remove it, or run the script with Artillery",
			`12:61: "a b" is not the plain name of a variable`,
			`13:12: timeout must be a number, not "10s"`,
			`14:3: unknown key "phase" in config: did you mean "phases"?`,
			`17:1: unknown key "phases" in the script: it belongs in config`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(test.text), LoadOptions{})
			var want []string
			for _, line := range test.want {
				want = append(want, "s.yml:"+line)
			}
			equal(t, "errors", lines(err), want)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Errorf("%T is not a *SyntaxError", err)
			}
		})
	}
}

func TestYAMLErrors(t *testing.T) {
	const start = "config: {target: 'http://localhost'}\n"
	for _, test := range []struct{ name, text, want string }{
		{"comments", "# nothing\n", ": nothing but comments"},
		{"an open bracket", start + "scenarios: [\n", ":3: did not find expected node content"},
		{"a wrong indent", start + "scenarios:\n- flow:\n  - think: 1\n - think: 2\n", ":5: did not find expected key"},
		{"a tab", start + "scenarios:\n\t- flow: 1\n", ":3: found character that cannot start any token"},
		{"two colons", start + "scenarios: a: b\n", ":2: mapping values are not allowed in this context"},
		{"a text without end", start + "scenarios: \"a\n", ":2: found unexpected end of stream"},
		{"an anchor that is not there", start + "scenarios: *steps\n", ": unknown anchor 'steps' referenced"},
		{"a key twice", start + "scenarios: []\nscenarios: []\n", `:3:1: "scenarios" is given twice, first on line 2`},
		{"a key that is a list", start + "? [a]\n: b\n", ":2:3: a key must be text"},
		{"a tag", start + "scenarios: !!binary aGk=\n", ":2:12: the YAML tag !!binary means nothing here"},
		{"a merge of a list", start + "scenarios: [{<<: [a]}]\n", ":2:18: << merges maps, not text"},
		{"a second document", start + "---\na: b\n", ":2: a second document: a script has only one"},
		{"an alias within itself", start + "scenarios: &a [*a]\n", ":2:12: nested more than 100 levels deep, or an alias within itself"},
		{"lists in lists", start + "scenarios: " + strings.Repeat("[", 101) + strings.Repeat("]", 101),
			":2:112: nested more than 100 levels deep, or an alias within itself"},
		{"ten to the ten", start + "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nscenarios: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
			":2:20: too much: with its aliases the script has more than 100000 values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(test.text), LoadOptions{})
			equal(t, "errors", lines(err), []string{"s.yml" + test.want})
		})
	}
}

func TestManyErrors(t *testing.T) {
	_, err := Load("s.yml", strings.NewReader(flow(strings.TrimSpace(strings.Repeat("- wat: 1\n", 60)))), LoadOptions{})
	got := lines(err)
	equal(t, "last", got[50:], []string{"s.yml: and 10 more like these"})
}

func TestArtilleryWithTarget(t *testing.T) {
	text, err := os.ReadFile("artillery.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ target, want string }{
		{"http://127.0.0.1:8080/", "http://127.0.0.1:8080//{{ $loopCount }}?index=1"},
		{"http://[::1]/a?b", "http://[::1]/a?b/{{ $loopCount }}?index=1"},
	} {
		script := load(t, "s.yml", string(text), LoadOptions{Target: test.target})
		equal(t, "URL", script.Requests[0].URL.String(), test.want)
	}
	for _, test := range []struct{ target, want string }{
		{"127.0.0.1:8080", "--target: not a URL: first path segment in URL cannot contain colon"},
		{"localhost", "--target: not an absolute URL (http://… or https://…)"},
		{"http://u:secret@h/", "--target: user and password in a URL are not sent: give an Authorization header"},
	} {
		_, err := Load("s.yml", strings.NewReader(string(text)), LoadOptions{Target: test.target})
		equal(t, "error", lines(err), []string{test.want})
	}
}
