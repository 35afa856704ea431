package scenarios

import (
	"strings"
	"testing"
	"time"
)

// differs is the warning about a task of a siege.js script that sends a number of requests.
func differs(place, inFlight, users, requests string) string {
	return place + ": siege.js keeps " + inFlight + " requests in flight over " + users + " connections and may send " +
		users + " too many, and waits for an answer for ever; here " + users + " users with a connection each send exactly " +
		requests + ", and wait as long as --timeout says"
}

// differsInTime is the same for a task that runs for a time.
func differsInTime(place, inFlight, users string) string {
	return place + ": siege.js keeps " + inFlight + " requests in flight over " + users +
		" connections, and waits for an answer for ever; here " + users +
		" users with a connection each, and wait as long as --timeout says"
}

func TestShippedSiegeScript(t *testing.T) {
	script, err := LoadFile("siege.js", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "target", script.Target, "http://localhost:3000")
	equal(t, "phases", script.Phases, []Phase{{Name: "GET /reviews/15000?index=1", Users: 15, Requests: 100_000, Only: []int{0}}})
	equal(t, "requests", len(script.Requests), 1)
	equal(t, "request", *script.Requests[0], Request{
		Method: "GET", URL: Literal("http://localhost:3000/reviews/15000?index=1"), NoFollow: true, Pos: Pos{"siege.js", 4, 3},
	})
	equal(t, "endless", script.Endless, false)
	equal(t, "warnings", warnings(script), []string{differs("siege.js:4:3", "16", "15", "100000")})
}

func TestSiegeWithTarget(t *testing.T) {
	const text = "siege('node app.js')\n.on('/tmp/app.sock')\n.get('/a?b#c').attack()"
	script := load(t, "s.js", text, LoadOptions{Target: "https://127.0.0.1:8443/"})
	equal(t, "URL", script.Requests[0].URL.String(), "https://127.0.0.1:8443/a?b#c")
	equal(t, "target", script.Target, "https://127.0.0.1:8443")
	equal(t, "first warning", warnings(script)[0],
		`s.js:1:1: siege("node app.js") would start a server: that is left to you, and --target is attacked`)

	_, err := Load("s.js", strings.NewReader(text), LoadOptions{Target: "http://127.0.0.1/base"})
	equal(t, "error", lines(err), []string{
		"s.js: --target replaces scheme, host and port here, and paths stay: give it without a path"})
}

func TestSiegeScripts(t *testing.T) {
	type task struct {
		phase   Phase
		request string
		headers string
	}
	for _, test := range []struct {
		name, text string
		want       []task
		warnings   []string
	}{
		{"ten seconds by default", "siege().on(80).get('/').attack()", []task{
			{Phase{Name: "GET /", Users: 15, Duration: 10 * time.Second}, "GET http://localhost:80/ ", ""}},
			[]string{differsInTime("s.js:1:16", "16", "15")}},
		{"limits of all and of one", `var siege = require('siege')
siege().on('3000').hostname('example.test').concurrent(100).for(10).times
	.get('/').for(2.5).seconds
	.get('/about').for(30).times.concurrent(2)
	.attack()`, []task{
			{Phase{Name: "GET /", Users: 100, Requests: 10, Duration: 2500 * time.Millisecond}, "GET http://example.test:3000/ ", ""},
			{Phase{Name: "GET /about", Users: 2, Requests: 30}, "GET http://example.test:3000/about ", ""}},
			[]string{differs("s.js:3:3", "101", "100", "10")}},
		{"queries and forms", `siege().on(1).set('X-A', 5).set('x-a', 'b')
.get('/s?old=1', {q: ['a b', 2], 'ü': true, none: null})
.post('/login', {user: "it's", pass: '&='}).describe('log in')
.request({path: '/r', method: 'delete'})
.attack()`, []task{
			{Phase{Name: "GET /s?q=a%20b&q=2&%C3%BC=true&none=", Users: 15, Duration: 10 * time.Second},
				"GET http://localhost:1/s?q=a%20b&q=2&%C3%BC=true&none= ", "x-a: b"},
			{Phase{Name: "log in", Users: 15, Duration: 10 * time.Second},
				"POST http://localhost:1/login user=it's&pass=%26%3D", "x-a: b, Content-Type: application/x-www-form-urlencoded"},
			{Phase{Name: "DELETE /r", Users: 15, Duration: 10 * time.Second}, "DELETE http://localhost:1/r ", "x-a: b"}},
			[]string{differsInTime("s.js:2:2", "16", "15"),
				"s.js:4:2: siege.js would send Content-Type and Content-Length of the POST before it here, too"}},
		{"options instead of calls", "siege({port: 8080, host: '::1', concurrent: 2, repeat: 5, duration: 1500, headers: {a: 'b'}}).describe('d').get('/').attack()",
			[]task{{Phase{Name: "d", Users: 2, Requests: 5, Duration: 1500 * time.Millisecond}, "GET http://[::1]:8080/ ", "a: b"}},
			[]string{differs("s.js:1:109", "3", "2", "5")}},
		{"plain JavaScript", "const s = require('../lib/siege.js')(); s.on(1)\nfor (const p of ['a', 'b'].map(x => `/${x}`)) s.get(p);\n['/c'].forEach(function (p) { s.get(p) })\ns.attack()",
			[]task{
				{Phase{Name: "GET /a", Users: 15, Duration: 10 * time.Second}, "GET http://localhost:1/a ", ""},
				{Phase{Name: "GET /b", Users: 15, Duration: 10 * time.Second}, "GET http://localhost:1/b ", ""},
				{Phase{Name: "GET /c", Users: 15, Duration: 10 * time.Second}, "GET http://localhost:1/c ", ""}},
			[]string{differsInTime("s.js:2:49", "16", "15")}},
		{"what has no effect", `siege().on(1).wait(5).rejectUnauthorized(false).requestCert(true).sslProtocol(true)
.report({rps: true})
.with304
.get('/').without304.withoutCookie
.request({path: '/b', body: {a: 1}, query: {a: 1}})
.request({path: '/c', method: 'PUT', body: {a: 1}, query: {a: 1}})
.attack()
siege().on(2).get('/').attack()
siege().on(3)`, []task{
			{Phase{Name: "GET /", Users: 15, Duration: 10 * time.Second}, "GET https://localhost:1/ ", ""},
			{Phase{Name: "GET /b?a=1", Users: 15, Duration: 10 * time.Second}, "GET https://localhost:1/b?a=1 ", ""},
			{Phase{Name: "PUT /c", Users: 15, Duration: 10 * time.Second}, "PUT https://localhost:1/c ", ""},
			{Phase{Name: "GET /", Users: 15, Duration: 10 * time.Second}, "GET http://localhost:2/ ", ""}},
			[]string{
				"s.js:1:15: wait: no server is started here, so there is none to wait for",
				"s.js:1:23: rejectUnauthorized has no effect, as in siege.js: use --insecure",
				"s.js:1:49: requestCert has no effect on a client",
				"s.js:1:67: siege.js fails at its first report over https; here it runs",
				"s.js:2:2: report was never implemented in siege.js and has no effect",
				"s.js:3:2: with304 was never implemented in siege.js and has no effect",
				differsInTime("s.js:4:2", "16", "15"),
				"s.js:4:11: without304 was never implemented in siege.js and has no effect",
				"s.js:5:2: the body of a GET is left out, as in siege.js: only POST sends one",
				"s.js:6:2: the query of a PUT is left out, as in siege.js: put it in the path",
				"s.js:6:2: the body of a PUT is left out, as in siege.js: only POST sends one",
				"s.js:8:1: siege.js ends after the first attack of a script; here all are run, one after the other",
				differsInTime("s.js:8:15", "16", "15"),
				"s.js:9:1: attack() is never called here, so nothing of this is sent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.js", test.text, LoadOptions{})
			equal(t, "warnings", warnings(script), test.warnings)
			var got []task
			for i, phase := range script.Phases {
				equal(t, "scenario of the phase", phase.Only, []int{i})
				request := script.Scenarios[i].Steps[0].(*Request)
				var headers []string
				for _, h := range request.Headers {
					headers = append(headers, h.Name+": "+h.Value.String())
				}
				phase.Only = nil
				got = append(got, task{phase, request.Method + " " + request.URL.String() + " " + request.Body.String(), strings.Join(headers, ", ")})
			}
			equal(t, "tasks", got, test.want)
		})
	}
}

func TestSiegeErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"siege('node app.js').on(1).get('/').attack()", []string{
			`1:1: siege("node app.js") would start a server, which is not supported: start it yourself, and give --target URL`}},
		{"siege(__dirname + '/app.js').get('/').attack()", []string{
			`1:1: siege("./app.js") would start a server, which is not supported: start it yourself, and give --target URL`}},
		{"siege().get('/').attack()", []string{
			"1:1: the unix socket /tmp/siege.sock, siege.js's default, is not supported yet: add .on(PORT), or give --target URL"}},
		{"siege().on('/tmp/x1.sock').get('/').attack()", []string{
			"1:1: the unix socket /tmp/x1.sock is not supported yet: add .on(PORT), or give --target URL"}},
		{"siege()\n.on('host:3000')\n.get('/').attack()", []string{
			"2:2: on takes a port from 1 to 65535 or the path of a socket; name the host with .host(NAME)"}},
		{"siege().on(0)\n.host('http://a')\n.set('a').set('a b', 'c').set('a', 'b\\nc')\n.concurrent(0).for(1.5).times.for(-1).seconds\n.agent({}).get('/').withCookie.describe({}).attack()", []string{
			"1:9: on takes a port from 1 to 65535 or the path of a socket; name the host with .host(NAME)",
			"2:2: host takes the name of a host, such as 'localhost'",
			"3:2: set takes the name of a header and its value",
			`3:11: "a b" is not the name of a header`,
			"3:27: header a: a line break cannot be sent",
			"4:2: concurrent takes a whole number from 1 to 1000000",
			"4:16: the number of requests must be a whole number from 1 up",
			"4:31: a duration must be more than 0 and at most a year",
			"5:2: agent is not supported: remove it",
			"5:21: withCookie is not supported yet: remove it",
			"5:32: describe takes a text"}},
		{"siege().on(1)\n.put('/x')", []string{`2:2: siege.js has no "put"`}},
		{"siege().on(1)\n  .gte('/x')", []string{`2:4: siege.js has no "gte": did you mean "get"?`}},
		{"siege().for(5)\n.attack()", []string{`2:2: for(n) is followed by .times or .seconds, not by "attack"`}},
		{"siege().on(1).get('/').on(2)", []string{"1:24: on must come before the first request"}},
		{"var s = siege().on(1).get('/')\ns.attack()\ns.attack()", []string{"3:3: attack comes after attack()"}},
		{"siege().on(1).get('x').attack()", []string{"1:15: a path must be text that begins with /, of at most 65536 bytes"}},
		{"siege().on(1).get('/', 'a=b').post('/', 'a=b').attack()", []string{
			"1:15: a query must be an object: put text behind a ? in the path",
			"1:31: a body must be an object, the fields of a form: siege.js sends no text"}},
		{"siege().on(1).request('/')", []string{"1:15: request takes an object with method, path, query and body"}},
		{"siege().on(1).request({path: '/', url: '/', method: 5})", []string{
			`1:15: a request has method, path, query and body, not "url"`, "1:15: method must be an HTTP method"}},
		{"siege(5, 6).attack()", []string{"1:1: siege() takes a command and an object of options"}},
		{"siege({prot: 80}).attack()", []string{`1:1: option "prot" is not supported`}},
		{"siege().on(1)\n.get('/')", []string{": attack() is never called: the script sends nothing"}},
		{"siege().on(1).attack()", []string{"1:1: an attack without a request: add .get(PATH)"}},
		{"siege().on(1).describe('a').attack()", []string{"1:15: this description has no request: add .get(PATH) behind it"}},
		{"siege().on(1).host('ec2-54-82-237-60.compute-1.amazonaws.com').get('/').attack()", []string{
			"1:1: http://ec2-54-82-237-60.compute-1.amazonaws.com:1: ec2-54-82-237-60.compute-1.amazonaws.com is the host the " +
				"original authors attacked in 2018 and no longer ours: say what to attack instead with --target URL"}},
		{"require('http'); siege()", []string{`1:1: module "http" is not there: only siege is`}},
		{"siege(;", []string{"1:7: not JavaScript: unexpected token ;"}},
		{"import siege from 'siege'\nsiege()", []string{
			"1:1: not JavaScript: unexpected reserved word (there is no import and no export here: write require('siege'))"}},
		{"siege().on(process.env.PORT)", []string{
			"1:12: ReferenceError: process is not defined: scripts have siege, the language, and little else"}},
		{"try { siege().put() } catch (e) {}", []string{`1:15: siege.js has no "put"`}},
		{"siege()\nthrow new Error('stop')", []string{"2:7: Error: stop"}},
		{"'' + siege()", []string{`1:1: siege.js has no "valueOf"`}},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, err := Load("s.js", strings.NewReader(test.text), LoadOptions{})
			var want []string
			for _, line := range test.want {
				want = append(want, strings.Replace("s.js:"+line, "::", ":", 1))
			}
			equal(t, "errors", lines(err), want)
		})
	}
}

// TestHostileScripts keeps scripts from running for ever, and from taking all memory or the whole stack. They run one
// after the other: the limit of memory is of the whole process, and one of them would end another.
func TestHostileScripts(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"while (true) {}", "1:1: the script still runs after 1s: does it ever end?"},
		{"'x'.repeat(1e9)", "1:11: TypeError: Object has no member 'repeat'"},
		{"new Array(1e9)", "1:5: ReferenceError: Array is not defined: scripts have siege, the language, and little else"},
		{"[].constructor(1e9)", "1:15: TypeError: Object has no member 'constructor'"},
		{"[].fill.call({length: 1e15}, 1)", "1:4: TypeError: Cannot read property 'call' of undefined or null"},
		{"(function () {}).constructor('while (1) {}')()", "1:29: TypeError: Object has no member 'constructor'"},
		{"(function* () {}).constructor('while (1) {}')()", "1:30: TypeError: Object has no member 'constructor'"},
		{"eval('1')", "1:5: ReferenceError: eval is not defined: scripts have siege, the language, and little else"},
		{"/(a+)+$/", "1:1: a regular expression is not supported"},
		{"var x = {a: [2n ** 1000000000n]}", "1:14: a big integer is not supported"},
		{"function f() { f() } f()", "1:17: more than 500 calls within each other"},
		{"var o = {valueOf: function () { return +o }}; +o", "1:41: more than 500 calls within each other"},
		{strings.Repeat("(", 16_000), "1: more than 100 brackets within each other"},
		{strings.Repeat("x:", 8_000), " more than 500 colons"},
		{strings.Repeat("x:", 500), "1:3: not JavaScript: label 'x' already exists"},
		{"while (true) siege().on(1).get('/')", "1:14: more than 1000 calls of siege()"},
		{"var s = siege(); while (true) s.get('/')", "1:33: more than 1000 requests"},
		{"siege().get('/', {a: encodeURIComponent('" + strings.Repeat("x", 15_000) + "'), get b() { var s = this.a; for (var i = 0; i < 7; i++) s += s; return s }})",
			"1:9: a query or form of more than 1048576 bytes"},
		{strings.Repeat("x", maxSiege), " a script of 16394 bytes is too long: at most 16384"},
	} {
		t.Run(test.text[:min(40, len(test.text))], func(t *testing.T) {
			_, err := Load("s.js", strings.NewReader(test.text+"//siege()\n"), LoadOptions{})
			equal(t, "errors", lines(err), []string{"s.js:" + test.want})
		})
	}
	// Which of the two limits is met first depends on the machine.
	for _, text := range []string{
		"var a = []; while (true) a.push(a)", "var s = 'x'; while (true) s += s", "var a = []; a[4e9] = 1; [...a]",
		"async function f() { while (true) await 1 } f()",
	} {
		t.Run(text, func(t *testing.T) {
			if _, err := Load("s.js", strings.NewReader(text+"//siege()\n"), LoadOptions{}); err == nil {
				t.Error("no error")
			}
		})
	}
}
