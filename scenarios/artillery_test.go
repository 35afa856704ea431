package scenarios

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// load loads a text and fails the test if it cannot.
func load(t testing.TB, name, text string, opts LoadOptions) *Script {
	t.Helper()
	script, err := Load(name, strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// lines returns the lines of an error, or nothing.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// warnings returns the text of a script's warnings.
func warnings(script *Script) []string {
	var all []string
	for _, warning := range script.Warnings {
		all = append(all, warning.Error())
	}
	return all
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// flow returns a script whose only scenario has the given steps. The first is on line 9, behind a dash in column 3.
func flow(steps string) string {
	return `config:
  target: http://localhost:3000/base
  phases:
  - {duration: 20, arrivalRate: 20}
  variables: {id: 7, name: "a\"b", on: true, none: null, path: /p}
scenarios:
- name: Browsing
  flow:
` + indent(steps)
}

// phases returns a script with the given phases. The first is on line 4, behind a dash in column 3.
func phases(text string) string {
	return "config:\n  target: http://localhost:3000\n  phases:\n" + indent(text) + "scenarios: [{flow: [{get: {url: /}}]}]\n"
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

func TestShippedArtilleryScript(t *testing.T) {
	script, err := LoadFile("artillery.yml", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "warnings", warnings(script), []string{
		"artillery.yml:9:6: loop has no count: the script runs until it is stopped, " +
			"as an open ramp of closed-loop users, 400 of them after 20s",
		"artillery.yml:12:10: count inside a request has no effect: did you mean the loop's count? It stands beside loop",
	})
	equal(t, "phases", script.Phases, []Phase{{
		Duration: 20 * time.Second,
		Arrivals: &Arrivals{Law: Even, Rate: 20, RampTo: 20, Every: 50 * time.Millisecond, Count: 400},
	}})
	equal(t, "target", script.Target, "http://localhost:3000/reviews")
	equal(t, "timeout", script.Timeout, 10*time.Second)
	equal(t, "endless", script.Endless, true)
	equal(t, "variables", script.Names.Len(), 1)

	loop := script.Scenarios[0].Steps[0].(*Loop)
	equal(t, "count", loop.Count, int64(-1))
	request := loop.Steps[0].(*Request)
	equal(t, "method", request.Method, "GET")
	equal(t, "label", request.URL.String(), "http://localhost:3000/reviews/{{ $loopCount }}?index=1")
	equal(t, "first URL", string(request.URL.Append(nil, &Vars{Slots: []Value{Int(0)}})), "http://localhost:3000/reviews/0?index=1")
	equal(t, "scenario", script.Scenarios[0].Name, "Browsing")
	if script.Requests[0] != request {
		t.Error("Requests does not hold the step")
	}
}

func TestShippedProductionScript(t *testing.T) {
	_, err := LoadFile("artillery-production.yml", LoadOptions{})
	equal(t, "error", lines(err), []string{"artillery-production.yml:2:10: target: " +
		"ec2-54-82-237-60.compute-1.amazonaws.com is the host the original authors attacked in 2018 and no longer ours: " +
		"say what to attack instead with --target URL"})

	script, err := LoadFile("artillery-production.yml", LoadOptions{Target: "http://127.0.0.1:9/reviews"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "label", script.Requests[0].URL.String(), "http://127.0.0.1:9/reviews/{{ $loopCount }}?index=1")
	equal(t, "target", script.Target, "http://127.0.0.1:9/reviews")
}

func TestArtillerySteps(t *testing.T) {
	get := func(url string) *Request {
		return &Request{Method: "GET", URL: Literal(url), Headers: []Header{
			{"user-agent", Literal(agent)}, {"accept-encoding", Literal("gzip, deflate, br")}}}
	}
	for _, test := range []struct {
		name, text string
		want       []Step
		warnings   []string
	}{
		{"a path is appended to the target as it is", "- get: {url: '//x/../y?q=%41#z'}", []Step{
			get("http://localhost:3000/base//x/../y?q=%41#z")}, nil},
		{"so is one that a variable brings", "- get: {url: '{{ path }}/{{id}}'}", []Step{
			get("http://localhost:3000/base/p/7")}, nil},
		{"a whole URL stands alone", "- get: {uri: 'https://example.test/x'}", []Step{get("https://example.test/x")}, nil},
		{"think", "- think: 2\n- think: '3'\n- think: 1.5 secs\n- think: '{{ id }}'\n- think: 1h\n- think: 0", []Step{
			&Think{Duration: 2 * time.Second}, &Think{Duration: 3 * time.Second}, &Think{Duration: 1500 * time.Millisecond}, &Think{Duration: 7 * time.Second},
			&Think{Duration: time.Hour}, &Think{}}, nil},
		{"think half a second", "- think: 0.5", []Step{&Think{Duration: 500 * time.Millisecond}}, []string{
			"s.yml:9:12: think 0.5 is taken as seconds; Artillery 2 takes it for about 1 ms: write a unit, such as 500ms"}},
		{"log", "- log: 'id {{ id }} of {{none}} is {{ on }}'", []Step{&Log{Literal("id 7 of null is true")}}, nil},
		{"a list within the flow", "- [think: 1, think: 2]\n- think: 3", []Step{
			&Think{Duration: time.Second}, &Think{Duration: 2 * time.Second}, &Think{Duration: 3 * time.Second}}, nil},
		{"loops", "- {loop: [think: 1], count: 3}\n- {loop: [think: 1], count: '4'}\n" +
			"- {loop: [think: 1], count: '0'}\n- {loop: [think: 1], count: -2}", []Step{
			&Loop{Count: 3, Steps: []Step{&Think{Duration: time.Second}}}, &Loop{Count: 4, Steps: []Step{&Think{Duration: time.Second}}},
			&Loop{Count: 0, Steps: []Step{&Think{Duration: time.Second}}}, &Loop{Count: 0, Steps: []Step{&Think{Duration: time.Second}}}}, []string{
			"s.yml:11:6: this loop never runs", "s.yml:12:6: this loop never runs"}},
		{"a counter with a name of its own",
			"- {loop: [{loop: [log: '{{ i }}.{{{ $loopCount }}}'], count: 2}], count: 3, loopValue: i}", []Step{
				&Loop{Count: 3, Index: 0, Steps: []Step{&Loop{Count: 2, Index: 1, Steps: []Step{&Log{
					Template{"{{ i }}.{{{ $loopCount }}}", []part{
						{operand: &operand{slot: 0, text: "i"}}, {literal: "."}, {operand: &operand{slot: 1, text: "$loopCount"}}}}}}}}}}, nil},
		{"a counter outlives its loop", "- {loop: [think: 1], count: 1}\n- log: '{{ $loopCount }}'", []Step{
			&Loop{Count: 1, Steps: []Step{&Think{Duration: time.Second}}},
			&Log{Template{"{{ $loopCount }}", []part{{operand: &operand{slot: 0, text: "$loopCount"}}}}}}, nil},
		{"a variable that nobody sets", "- log: '{{ $loopCount }} {{ nme }}'\n- {loop: [think: 1], count: 1}", []Step{
			&Log{Literal("undefined undefined")}, &Loop{Count: 1, Steps: []Step{&Think{Duration: time.Second}}}}, []string{
			"s.yml:9:10: {{ $loopCount }} is used before any loop: it renders undefined, as in Artillery",
			"s.yml:9:10: variable nme is set nowhere: it renders undefined, as in Artillery"}},
		{"a loop without end within another", "- loop:\n  - loop: [think: 1]\n    count: 0\n  count: -1", []Step{
			&Loop{Count: -1, Steps: []Step{&Loop{Count: -1, Steps: []Step{&Think{Duration: time.Second}}}}}}, []string{
			"s.yml:9:5: a loop with count -1 has no end to Artillery: the script runs until it is stopped, " +
				"as an open ramp of closed-loop users, 400 of them after 20s",
			"s.yml:10:7: a loop with count 0 has no end to Artillery: the script runs until it is stopped"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.yml", flow(test.text), LoadOptions{})
			equal(t, "warnings", warnings(script), test.warnings)
			steps := script.Scenarios[0].Steps
			for _, step := range steps {
				switch step := step.(type) {
				case *Request:
					step.Pos, step.URL = Pos{}, Literal(string(step.URL.Append(nil, nil)))
				case *Log:
					if text, ok := step.Message.Text(); ok {
						step.Message = Literal(text)
					}
				}
			}
			if !reflect.DeepEqual(steps, test.want) {
				t.Errorf("got %+v, want %+v", steps, test.want)
			}
		})
	}
}

func TestArtilleryRequests(t *testing.T) {
	type sent struct {
		method, body string
		headers      []string
	}
	always := "accept-encoding: gzip, deflate, br"
	for _, test := range []struct {
		name, text string
		want       sent
		warnings   []string
	}{
		{"headers", "- put: {url: /, headers: {X-A: '{{ id }}', x-b: 5, Accept-Encoding: br}}",
			sent{"PUT", "", []string{"x-a: 7", "x-b: 5", "accept-encoding: br"}}, nil},
		{"encodings", "- put: {url: /, gzip: true}", sent{"PUT", "", []string{always}}, nil},
		{"no encodings", "- put: {url: /, gzip: false}", sent{"PUT", "", nil}, nil},
		{"its own encoding", "- put: {url: /, gzip: false, headers: {accept-encoding: br}}",
			sent{"PUT", "", []string{"accept-encoding: br"}}, nil},
		{"a body", "- delete: {url: /, body: 'id={{ id }}'}", sent{"DELETE", "id=7", []string{always}}, nil},
		{"a length that is computed", "- post: {url: /, body: abc, headers: {Content-Length: 2}}",
			sent{"POST", "abc", []string{always}}, []string{
				"s.yml:9:41: header Content-Length is left out: the length of the body is always sent"}},
		{"json", "- post:\n    url: /\n    json: {b: 1.50, a: [true, null, 0x10, '<{{ name }}>'], '{{ id }}': {}, c: [], d: 1e21}",
			sent{"POST", `{"b":1.5,"a":[true,null,16,"<a\"b>"],"7":{},"c":[],"d":1e+21}`,
				[]string{always, "content-type: application/json"}}, nil},
		{"a placeholder alone keeps its type",
			"- post: {url: /, json: {id: '{{ id }}', name: '{{ name }}', on: '{{ on }}', none: '{{ none }}', text: '{{ id }}!'}}",
			sent{"POST", `{"id":7,"name":"a\"b","on":true,"none":null,"text":"7!"}`,
				[]string{always, "content-type: application/json"}}, nil},
		{"what is undefined is left out of a map and null in a list",
			"- post: {url: /, json: {no: '{{ no }}', list: ['{{ no }}', 'x{{ no }}']}, headers: {Content-Type: text/json}}",
			sent{"POST", `{"list":[null,"xundefined"]}`, []string{always, "content-type: text/json"}}, []string{
				"s.yml:9:31: variable no is set nowhere: it renders undefined, as in Artillery",
				"s.yml:9:50: variable no is set nowhere: it renders undefined, as in Artillery",
				"s.yml:9:62: variable no is set nowhere: it renders undefined, as in Artillery"}},
		{"json wins", "- post: {url: /, json: text, body: other}",
			sent{"POST", `"text"`, []string{always, "content-type: application/json"}}, nil},
		{"json: true", "- post: {url: /, json: true}", sent{"POST", "true", []string{always, "content-type: application/json"}}, []string{
			"s.yml:9:26: json: true sends the text true, as Artillery 2 does; Artillery 1 sent no body"}},
		{"get with a body", "- get: {url: /, body: x}", sent{"GET", "x", []string{always}}, []string{
			"s.yml:9:5: Artillery 2 refuses GET with a body; here it is sent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.yml", flow(test.text), LoadOptions{})
			equal(t, "warnings", warnings(script), test.warnings)
			request := script.Requests[0]
			got := sent{method: request.Method, body: string(request.Body.Append(nil, nil))}
			equal(t, "user-agent", request.Headers[0].Name, "user-agent")
			for _, h := range request.Headers[1:] {
				got.headers = append(got.headers, h.Name+": "+string(h.Value.Append(nil, nil)))
			}
			equal(t, "request", got, test.want)
		})
	}
}

func TestArtilleryCookies(t *testing.T) {
	const text = `
config:
  target: http://localhost:3000
  http: {defaults: {cookie: {a: "1", b: "{{ token }}"}}}
  defaults: {cookie: {unused: "1"}}
  variables: {token: secret}
scenarios:
- flow:
  - get: {url: /, cookie: {a: "{{ token }}; Path=/", c: 5}}
  - get: {url: /}
`
	script := load(t, "s.yml", text, LoadOptions{})
	equal(t, "warnings", warnings(script), []string{
		"s.yml:4:41: {{ token }}: Artillery 2 knows no variables of the script in config; here it is filled in",
		"s.yml:5:14: cookie has no effect beside those of config.http.defaults, as in Artillery",
	})
	var got []string
	for _, request := range script.Requests {
		for _, cookie := range request.Cookies {
			got = append(got, cookie.Name+"="+string(cookie.Value.Append(nil, nil)))
		}
	}
	equal(t, "cookies", got, []string{"b=secret", "a=secret; Path=/", "c=5", "a=1", "b=secret"})
}

func TestArtilleryJSONWithCounter(t *testing.T) {
	script := load(t, "s.yml", flow("- loop:\n  - post: {url: /, json: {n: '{{ $loopCount }}', s: 'n{{ $loopCount }}'}}\n  count: 2"), LoadOptions{})
	body := script.Requests[0].Body
	equal(t, "body", string(body.Append(nil, &Vars{Slots: []Value{Int(1)}})), `{"n":1,"s":"n1"}`)
	equal(t, "label", body.String(), `{"n":{{ $loopCount }},"s":"n{{ $loopCount }}"}`)
}

func TestArtilleryConfig(t *testing.T) {
	const text = `
x-common: &headers {X-Common: "1", x-token: "{{ token }}"}
config:
  target: http://localhost:3000
  timeout: 0
  statsInterval: 10
  http:
    timeout: 2.5
    maxSockets: 5
    extendedMetrics: true
    defaults: {headers: *headers}
  defaults: {headers: {x-unused: "1"}}
  variables: {token: secret}
scenarios:
- name: a
  weight: 3
  engine: http
  flow:
  - get: {url: /a, name: first, headers: {<<: [{x-common: "2"}, *headers]}, followRedirect: false}
- weight: 1.9
  flow: &steps
  - get: {url: "{{ target }}/b", followRedirect: "true"}
- weight: 0
  flow:
  - *steps
`
	script := load(t, "s.yaml", text, LoadOptions{})
	equal(t, "warnings", warnings(script), []string{
		"s.yaml:2:45: {{ token }}: Artillery 2 knows no variables of the script in config; here it is filled in",
		"s.yaml:6:3: statsInterval has no effect here",
		"s.yaml:9:5: maxSockets has no effect here",
		"s.yaml:10:5: extendedMetrics has no effect here",
		"s.yaml:12:14: headers has no effect beside those of config.http.defaults, as in Artillery",
		"s.yaml:20:11: weight 1.9 counts as 1, as in Artillery",
	})
	equal(t, "timeout", script.Timeout, 2500*time.Millisecond)
	equal(t, "endless", script.Endless, false)
	var weights []float64
	for _, scenario := range script.Scenarios {
		weights = append(weights, scenario.Weight)
	}
	equal(t, "weights", weights, []float64{3, 1, 0})
	first := script.Requests[0]
	equal(t, "name", first.Name, "first")
	equal(t, "no redirects", first.NoFollow, true)
	equal(t, "headers", first.Headers, []Header{
		{"user-agent", Literal("got (https://github.com/sindresorhus/got)")},
		{"accept-encoding", Literal("gzip, deflate, br")},
		{"x-common", Literal("1")},
		{"x-token", Template{"{{ token }}", []part{{literal: "secret"}}}},
	})
	for id, scenario := range []int{0, 1, 2} {
		equal(t, "id", script.Requests[id].ID, id)
		equal(t, "scenario", script.Requests[id].Scenario, scenario)
	}
	equal(t, "URL", string(script.Requests[2].URL.Append(nil, nil)), "http://localhost:3000/b")
}

func TestArtilleryInJSON(t *testing.T) {
	script := load(t, "s.json", `{
	"config": {"target": "http://localhost:3000"},
	"scenarios": [
		{"flow": [{"get": {"url": "/\u00e9", "count": 3}}]}
	]
}`, LoadOptions{})
	equal(t, "URL", script.Requests[0].URL.String(), "http://localhost:3000/é")
	equal(t, "warnings", warnings(script), []string{
		"s.json:4:40: count inside a request has no effect: did you mean the loop's count? It stands beside loop"})
}

func TestEndlessScripts(t *testing.T) {
	endless, ends := "{flow: [{loop: [{get: {url: /}}]}]}", "{flow: [{get: {url: /}}]}"
	for _, test := range []struct{ name, phases, scenarios, want string }{
		{"the phases before count, those behind do not", "{duration: 5, arrivalCount: 2}, {pause: 10}, {duration: 2, arrivalRate: 3}, {pause: 60}",
			endless, "8 of them after 17s"},
		{"a cap on users", "{duration: 5, arrivalRate: 10, maxVusers: 7}", endless, "7 of them after 5s"},
		{"a ramp", "{duration: 3, arrivalRate: 1, rampTo: 4}", endless, "8 of them after 3s"},
		{"a ramp of one second", "{duration: 1, arrivalRate: 1, rampTo: 4}", endless, "3 of them after 1s"},
		{"some users leave", "{duration: 5, arrivalRate: 10}", endless + ", " + ends, "up to 50 of them after 5s"},
		{"those who never come do not count", "{duration: 5, arrivalRate: 10}", endless + ", {weight: 0, " + ends[1:], "50 of them after 5s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.yml", "config: {target: 'http://localhost', phases: ["+test.phases+"]}\nscenarios: ["+test.scenarios+"]", LoadOptions{})
			equal(t, "warnings", warnings(script), []string{"s.yml:2:22: loop has no count: the script runs until it is stopped, " +
				"as an open ramp of closed-loop users, " + test.want})
			equal(t, "endless", script.Endless, true)
		})
	}
	t.Run("in a scenario nobody picks", func(t *testing.T) {
		script := load(t, "s.yml", "config: {target: 'http://localhost'}\nscenarios: ["+ends+", {weight: 0, "+endless[1:]+"]", LoadOptions{})
		equal(t, "warnings", warnings(script), []string(nil))
		equal(t, "endless", script.Endless, false)
	})
}
