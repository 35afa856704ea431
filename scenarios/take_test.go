package scenarios

import (
	"strings"
	"sync"
	"testing"
)

const page = `<html><body><div id=main class="a b" data-v=1><a href="/1">one</a><a href="/2" checked>two</a><a>three</a></div>
<form><input type=hidden name=csrf value="t&amp;k"><input type=checkbox name=c><select><option>Op<b>1</b><option value=2>x</select></form></body></html>`

// answerTo loads a script whose only request has more keys, and returns it with a user's variables.
func answerTo(t *testing.T, keys string) (*Script, *Request, *Vars) {
	t.Helper()
	script := load(t, "s.yml", `
config:
  target: http://localhost:3000
  plugins: {expect: {}}
  variables: {code: 200, item: id, codes: [[200, 201]], none: null, obj: {a: 1}, cookie: set-cookie}
scenarios:
- flow:
  - get:
      url: "/?{{ got }}{{ other }}"
`+strings.ReplaceAll("\n"+strings.TrimSpace(keys), "\n", "\n      ")+"\n", LoadOptions{})
	return script, script.Requests[0], user(script, 1)
}

// variable returns what a user has in a variable; one that no step knows is undefined.
func variable(script *Script, vars *Vars, name string) Value {
	if slot := script.Names.Slot(name); slot < len(vars.Slots) {
		return vars.Slots[slot]
	}
	return Value{}
}

func answer(kind, body string) *Answer {
	return &Answer{Status: 200, URL: "http://localhost:3000/", Body: []byte(body), Head: []byte("HTTP/1.1 200 OK\r\n" +
		"Content-Type: " + kind + "\r\nX-Token:  abc \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Many: 1\r\nX-Many: 2\r\nX-Empty:\r\nServer: s\r\nServer: t\r\nX-Cache: HIT\r\n\r\n")}
}

// TestCaptures keeps what each kind of capture finds, as engine_util of Artillery 2.0.34 does. Where want is empty the
// user fails and captures nothing.
func TestCaptures(t *testing.T) {
	const doc = `{"id": 7, "zero": 0, "no": false, "empty": "", "none": null, "list": [{"id": 1}, {"id": 2}], "text": "a\nb", "id2": "x"}`
	for _, test := range []struct{ capture, body, want string }{
		{"json: $.id", doc, "7"}, {"json: $.zero", doc, "0"}, {"json: $.no", doc, "false"}, {"json: $.none", doc, "null"},
		{"json: $.empty", doc, ""}, {"json: $.nope", doc, ""}, {"json: '$.{{ item }}2'", doc, `"x"`}, {"json: '$.list[1].id'", doc, "2"},
		{"json: $.list", doc, `[{"id":1},{"id":2}]`}, {"json: '$.list[*].id', multiple: false", doc, "[1,2]"}, {"json: $.id, multiple: false", doc, "7"},
		{"json: '$.list[?(@.id>1)].id', multiple: false", doc, "[2]"}, {"json: $.zero, multiple: false", doc, ""}, {"json: $.id", "[]", ""},
		{"json: $.id", "{", ""}, {"json: $.id", "5", ""}, {"json: $.id", `{"id": 1} x`, ""}, {"json: $.id", "\ufeff" + doc, ""}, {"json: $.id", "", ""},
		{"json: $.id", "{\"id\": \"\xff\"}", `"` + "\uFFFD" + `"`}, {"json: $.id", `{"id": 1, "id": 2}`, "2"}, {"json: '$[0].id'", `[{"id": 3}]`, "3"},
		{"regexp: 'id\": (\\d)'", doc, `"id\": 7"`}, {"regexp: 'id\": (\\d)', group: 1", doc, `"7"`}, {"regexp: 'id\": (\\d)', group: '1'", doc, `"7"`},
		{"regexp: 'id\": (?<n>\\d)', group: n", doc, `"7"`}, {"regexp: 'ID\": (\\d)', group: 1, flags: i", doc, `"7"`}, {"regexp: ID", doc, ""},
		{"regexp: '(zzz)?id', group: 1", doc, `"id"`}, {"regexp: '(?<=id\": )\\d'", doc, `"7"`}, {"regexp: '(.)\\1'", "abccd", `"cc"`},
		{"regexp: 'x*'", doc, ""}, {"regexp: 'zero', flags: y", doc, ""}, {"regexp: '^b.*$', flags: m", "a\r\nb c\r\nd", `"b c"`}, {"regexp: 'a.b', flags: s", "a\nb", `"a\nb"`},
		{"regexp: 'a.b'", "a\nb", ""}, {"regexp: '\\p{Lu}+', flags: u", "aÄÖ", `"ÄÖ"`}, {"regexp: '\\u00e9(.*)', group: 1", "é 1", `" 1"`}, {"regexp: 'a.'", "a\xffb", `"a` + "\uFFFD" + `"`},
		{"header: x-token", "", `"abc"`}, {"header: x-many", "", `"1, 2"`}, {"header: server", "", `"s"`}, {"header: '{{ cookie }}'", "", `["a=1","b=2"]`},
		{"header: x-empty", "", ""}, {"header: nope", "", ""},
		{"selector: a, attr: href", page, `"/1"`}, {"selector: a, attr: href, index: 1", page, `"/2"`}, {"selector: a, attr: href, index: last", page, ""},
		{"selector: 'a[href]', attr: href, index: last", page, `"/2"`}, {"selector: 'a:eq(1)', attr: href", page, `"/2"`},
		{"selector: '#main > a:contains(two)', attr: checked", page, `"checked"`}, {"selector: 'input[name=csrf]', attr: value", page, `"t&k"`},
		{"selector: ':checkbox', attr: value", page, `"on"`}, {"selector: option, attr: value", page, `"Op1"`}, {"selector: 'div:has(a)', attr: class", page, `"a b"`},
		{"selector: 'a:gt(0)', attr: href", page, `"/2"`}, {"selector: p, attr: id", page, ""}, {"selector: '{{ item }}, div', attr: id", page, `"main"`},
		{"xpath: //b", "<a><b>x</b><b>y</b></a>", `"x"`}, {"xpath: //b/@c", `<a><b c="d"/></a>`, `"d"`}, {"xpath: count(//b)", "<a><b/><b/></a>", "2"},
		{"xpath: 'string(//b[2])'", "<a><b/><b>y</b></a>", `"y"`}, {"xpath: //c", "<a/>", ""}, {"xpath: //a", "<a>", ""}, {"xpath: //a", "plain", ""},
	} {
		t.Run(test.capture+" of "+shorten(test.body), func(t *testing.T) {
			script, request, vars := answerTo(t, "capture: {"+test.capture+", as: got}")
			taken := request.Take(answer("application/json", test.body), vars)
			got := variable(script, vars, "got")
			switch {
			case test.want == "" && (taken.Failed != "Failed capture or match" || len(taken.Why) != 1 || got.Defined()):
				t.Errorf("captured %s, %+v; want a failure", got.describe(), taken)
			case test.want != "" && (taken.Failed != "" || got.describe() != test.want):
				t.Errorf("captured %s, %+v; want %s", got.describe(), taken, test.want)
			}
			if test.want != "" {
				return
			}
			_, request, vars = answerTo(t, "capture: {"+test.capture+", as: got, strict: false}")
			if taken := request.Take(answer("application/json", test.body), vars); taken.Failed != "" {
				t.Errorf("not strict, but %+v", taken)
			}
		})
	}
}

// TestSeveralCaptures keeps that captures are stored together or not at all, and what the last of a name means.
func TestSeveralCaptures(t *testing.T) {
	for _, test := range []struct{ name, keys, want, why string }{
		{"all", "capture: [{json: $.id, as: got}, {header: x-token, as: other}]", `7 "abc"`, ""},
		{"one fails", "capture: [{json: $.id, as: got}, {header: nope, as: other}]", "",
			"s.yml:11:41: header nope: not found"},
		{"one may fail", "capture: [{json: $.id, as: got}, {header: nope, as: other, strict: false}]", `7 ""`, ""},
		{"again", "capture: [{json: $.nope, as: got}, {json: $.id, as: got}]", "7 nothing", ""},
		{"again in vain", "capture: [{json: $.id, as: got}, {json: $.nope, as: got}]", "", "s.yml:11:41: json $.nope: not found"},
		{"into a path", "capture: [{json: $.id, as: got.a.b}, {json: $.list, as: 'got.c[1]'}]", `{"a":{"b":7},"c":[null,[1]]} nothing`, ""},
		{"a match holds", "capture: {json: $.id, as: got}\nmatch: {json: $.id, value: 7}", "7 nothing", ""},
		{"a match fails", "capture: {json: $.id, as: got}\nmatch: {json: $.id, value: '7'}", "", `s.yml:12:15: json $.id: 7, want "7"`},
		{"a match may fail", "capture: {json: $.id, as: got}\nmatch: {json: $.nope, value: '7', strict: false}", "7 nothing", ""},
		{"matches", "match: [{header: x-token, value: abc}, {regexp: 'id. (.)', group: 1, value: '{{ code }}'}]", "", `s.yml:11:47: regexp id. (.): "", want 200`},
		{"a match of a cookie", "match: {header: set-cookie, value: 1}", "", "s.yml:11:15: header set-cookie: not what it is to be; its value is (not shown)"},
		{"a match of nothing", "match: {json: '$.list[9]', value: 1}", "", "s.yml:11:15: json $.list[9]: nothing, want 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			script, request, vars := answerTo(t, test.keys)
			taken := request.Take(answer("application/json", `{"id": 7, "list": [1]}`), vars)
			got := variable(script, vars, "got").describe() + " " + variable(script, vars, "other").describe()
			if test.why != "" {
				test.want = "nothing nothing"
			}
			equal(t, "captured", got, test.want)
			equal(t, "why", strings.Join(taken.Why, "\n"), test.why)
		})
	}
}

// TestCaptureChance keeps that of several hits each is taken, and the same by the same user.
func TestCaptureChance(t *testing.T) {
	for _, keys := range []string{"capture: {json: '$.list[*]', as: got}", "capture: {selector: li, attr: id, index: random, as: got}"} {
		script, request, _ := answerTo(t, keys)
		body := `{"list": ["1", "2", "3"], "html": "<li id=1><li id=2><li id=3>"}`
		seen := map[string]int{}
		for number := range int64(200) {
			var again [2]string
			for i := range again {
				vars := user(script, number)
				request.Take(answer("application/json", body), vars)
				again[i] = variable(script, vars, "got").text()
			}
			if seen[again[0]]++; again[0] != again[1] {
				t.Errorf("user %d: %s, then %s", number, again[0], again[1])
			}
		}
		if len(seen) != 3 || min(seen["1"], seen["2"], seen["3"]) < 30 {
			t.Errorf("%s: %v", keys, seen)
		}
	}
}

// TestTruncated keeps that a body that was cut off fails with that reason.
func TestTruncated(t *testing.T) {
	for keys, want := range map[string]string{
		"capture: {json: $.id, as: got}":                 "the body is too long to be read whole: more than 9 bytes",
		"capture: {regexp: zzz, as: got}":                "the body is too long to be read whole: more than 9 bytes",
		"capture: {regexp: id, as: got}":                 "",
		"capture: {xpath: //a, as: got}":                 "the body is too long to be read whole: more than 9 bytes",
		"capture: {selector: a, attr: b, as: got}":       "the body is too long to be read whole: more than 9 bytes",
		"match: {json: $.id, value: 1}":                  "the body is too long to be read whole: more than 9 bytes",
		"capture: {json: $.id, as: got, strict: false}":  "",
		"match: {header: x-token, value: abc}":           "",
		"match: {json: $.id, value: 1, strict: 'false'}": "",
	} {
		_, request, vars := answerTo(t, keys)
		in := answer("application/json", `{"id": 1}`)
		in.Truncated = true
		why := strings.Join(request.Take(in, vars).Why, "\n")
		if want == "" && why != "" || !strings.HasSuffix(why, want) {
			t.Errorf("%s: %q, want %q", keys, why, want)
		}
	}
}

func TestNeeds(t *testing.T) {
	for _, test := range []struct {
		keys       string
		head, body bool
	}{
		{"name: x", false, false}, {"expect: {statusCode: 200}", false, false}, {"expect: {hasHeader: a}", true, false},
		{"expect: {contentType: json}", true, true}, {"capture: {header: a, as: got}", true, false}, {"capture: {json: $, as: got}", false, true},
		{"match: {selector: a, attr: b, value: 1}", false, true}, {"capture: {xpath: //a, as: got}", true, true}, {"expect: {equals: [1, 1]}", false, false},
	} {
		_, request, _ := answerTo(t, test.keys)
		equal(t, test.keys, []bool{request.NeedsHead(), request.NeedsBody()}, []bool{test.head, test.body})
	}
}

// TestStrictCapture keeps the script's own default.
func TestStrictCapture(t *testing.T) {
	for _, where := range []string{"http: {defaults: {strictCapture: false}}", "defaults: {strictCapture: 'false'}"} {
		for more, want := range map[string]string{"": "", ", strict: false": "", ", strict: true": "Failed capture or match"} {
			script := load(t, "s.yml", "config: {target: 'http://h', "+where+"}\nscenarios: [{flow: [{get: {url: /, capture: {json: $.a, as: a"+more+
				"}, match: {json: $.a, value: 1, strict: false}}}]}]", LoadOptions{})
			equal(t, where+more, script.Requests[0].Take(answer("", "{"), user(script, 1)).Failed, want)
		}
	}
}

// TestTakeAtOnce keeps that users who share a request do not share more: what is compiled and cached is for all.
func TestTakeAtOnce(t *testing.T) {
	script, request, _ := answerTo(t, `
capture:
- {json: "$.list[?(@.id == {{ code }} + 1)].{{ item }}", as: got}
- {regexp: '"(x{{ other }}?)":(?=.)', group: 1, as: other, strict: false}
- {xpath: //b, as: third, strict: false}
expect: {hasProperty: "list[{{ code }}]"}
ifTrue: 'code in (200, 201) and (got == 201 or not got)'`)
	body := answer("application/json", `{"x": 1, "list": [{"id": 200}, {"id": 201}]}`)
	var all sync.WaitGroup
	for number := range int64(8) {
		all.Go(func() {
			vars := user(script, number)
			for range 100 {
				if taken := request.Take(body, vars); taken.Failed != "" || !request.IfTrue.Holds(vars) {
					t.Errorf("%+v", taken)
				}
				if got := variable(script, vars, "got").text(); got != "201" {
					t.Errorf("captured %s", got)
				}
				variable(script, vars, "other").append(nil)
				vars.Slots[script.Names.Slot("other")] = Int(vars.Random.Int64N(200))
			}
		})
	}
	all.Wait()
}

// BenchmarkTake prices what a script adds to each request: go test -run xxx -bench Take ./scenarios
func BenchmarkTake(b *testing.B) {
	listing := `{"id": 7, "images": [` + strings.Repeat(`{"url": "http://localhost/images/1.jpg", "width": 640, "tags": ["a", "b"]},`, 60) + `{"id": 8}], "name": "last"}`
	for _, bench := range []struct{ name, keys string }{
		{"status", "expect: {statusCode: 200}"}, {"header", "capture: {header: x-token, as: got}"},
		{"json", "capture: {json: $.id, as: got}"}, {"json, by tree", "capture: {json: $.id, multiple: false, as: got}"},
		{"json, filter", "capture: {json: '$.images[?(@.id == 8)].id', as: got}"},
		{"json, descent", "capture: {json: '$..id', as: got}"}, {"regexp", `capture: {regexp: '"name": "(.*?)"', group: 1, as: got}`},
		{"contentType", "expect: {contentType: json}"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			script := load(b, "s.yml", "config: {target: 'http://h', plugins: {expect: {}}}\nscenarios: [{flow: [{get: {url: /, "+bench.keys+"}}]}]", LoadOptions{})
			vars := user(script, 1)
			in := answer("application/json", listing)
			b.SetBytes(int64(len(listing)))
			b.ReportAllocs()
			for b.Loop() {
				if taken := script.Requests[0].Take(in, vars); taken.Failed != "" {
					b.Fatal(taken.Why)
				}
			}
		})
	}
}
