package scenarios

import (
	"strings"
	"testing"
)

// TestExpectations keeps what Artillery's expect plugin 2.0.34 makes of an answer. want begins with - if the
// expectation fails, then come its type and what it got.
func TestExpectations(t *testing.T) {
	const doc = `{"id": 7, "zero": 0, "none": null, "list": [1, 2], "o": {"a": {"b": [{"c": 1}]}, "x.y": 1}, "name": "bob"}`
	const isJSON, isText = "application/json; charset=utf-8", "text/plain"
	for _, test := range []struct{ expect, kind, body, want string }{
		{"statusCode: 200", "", "", "statusCode 200"}, {"statusCode: '200'", "", "", "statusCode 200"}, {"statusCode: 201", "", "", "-statusCode 200"},
		{"statusCode: [201, 200]", "", "", "statusCode 200"}, {"statusCode: '{{ code }}'", "", "", "statusCode 200"},
		{"statusCode: '{{ codes }}'", "", "", "statusCode 200"}, {"statusCode: 2xx", "", "", "-statusCode 200"},
		{"notStatusCode: 500", "", "", "notStatusCode 200"}, {"notStatusCode: [500, 200]", "", "", "-notStatusCode 200"},
		{"contentType: json", isJSON, doc, "contentType json"}, {"contentType: json", isJSON, "{", "-contentType could not parse response body as JSON"},
		{"contentType: json", isText, doc, "-contentType content-type is text/plain"}, {"contentType: json", isJSON, "5", "-contentType content-type is " + isJSON},
		{"contentType: json", "application/problem+json", "[]", "contentType json"}, {"contentType: Text/Plain", isText, "", "contentType text/plain"},
		{"contentType: application/json", isJSON, doc, "-contentType " + isJSON},
		{"hasProperty: id", isJSON, doc, "hasProperty id"}, {"hasProperty: zero", isJSON, doc, "hasProperty zero"}, {"hasProperty: none", isJSON, doc, "hasProperty none"},
		{"hasProperty: nope", isJSON, doc, "-hasProperty response body has no nope property"}, {"hasProperty: 'list[1]'", isJSON, doc, "hasProperty list[1]"},
		{"hasProperty: 'list[2]'", isJSON, doc, "-hasProperty response body has no list[2] property"}, {"hasProperty: list.length", isJSON, doc, "hasProperty list.length"},
		{"hasProperty: 'o.a.b[0].c'", isJSON, doc, "hasProperty o.a.b[0].c"}, {`hasProperty: 'o["x.y"]'`, isJSON, doc, `hasProperty o["x.y"]`},
		{"hasProperty: o.x.y", isJSON, doc, "-hasProperty response body has no o.x.y property"}, {"hasProperty: '{{ item }}'", isJSON, doc, "hasProperty id"},
		{"hasProperty: [o, a]", isJSON, doc, "hasProperty o,a"}, {"hasProperty: o..a", isJSON, doc, "-hasProperty response body has no o..a property"},
		{"hasProperty: name.length", isJSON, doc, "hasProperty name.length"}, {"hasProperty: id", isText, doc, "-hasProperty response body is not an object"},
		{"notHasProperty: nope", isJSON, doc, "notHasProperty nope"}, {"notHasProperty: id", isJSON, doc, "-notHasProperty response body has id property"},
		{"notHasProperty: id", isJSON, "{", "-notHasProperty response body is not an object"},
		{"equals: ['{{ code }}', 200]", "", "", "equals 200, 200"}, {"equals: [1, '1', '{{ code }}']", "", "", "-equals 1, 1, 200"},
		{"equals: ['{{ obj }}', '[object Object]']", "", "", "equals [object Object], [object Object]"}, {"equals: []", "", "", "-equals "},
		{"equals: ['{{ codes }}', '200,201']", "", "", "equals 200,201, 200,201"}, {"equals: ['{{ got }}', 'undefined']", "", "", "equals undefined, undefined"},
		{"hasHeader: x-token", "", "", "hasHeader x-token"}, {"hasHeader: nope", "", "", "-hasHeader response has no nope header"},
		{"hasHeader: x-empty", "", "", "-hasHeader response has no x-empty header"}, {"hasHeader: '{{ cookie }}'", "", "", "hasHeader set-cookie"},
		{"headerEquals: [x-token, abc]", "", "", "header x-token values equals abc"}, {"headerEquals: [x-token, abd]", "", "", "-header x-token values equals abc"},
		{"headerEquals: [set-cookie, 'a=1,b=2']", "", "", "header set-cookie values equals (not shown)"},
		{"headerEquals: [nope, '{{ code }}']", "", "", "-header nope values equals response has no nope header"},
		{"matchesRegexp: b.b", isText, doc, "matchesRegexp true"}, {"matchesRegexp: '(?<!x)bob'", isText, doc, "matchesRegexp true"},
		{"matchesRegexp: zzz", isText, doc, "-matchesRegexp false"}, {"matchesRegexp: '^\\[object Object\\]$'", isJSON, doc, "matchesRegexp true"},
		{"matchesRegexp: '{{ item }}'", isText, doc, "matchesRegexp true"}, {"matchesRegexp: ^null$", isJSON, "{", "matchesRegexp true"},
		{"matchesRegexp: bob", isJSON, doc, "-matchesRegexp false: the body is JSON, which Artillery matches as [object Object]: use hasProperty, or capture and match"},
		{"cdnHit: true", "", "", "cdnHit x-cache is HIT"}, {"cdnHit: false", "", "", "-cdnHit cache status header not found"},
		{"jmespath: 'length(list) == `2`'", isJSON, doc, "jmespath true"}, {"jmespath: zero", isJSON, doc, "-jmespath 0"}, {"jmespath: nope", isJSON, doc, "-jmespath null"},
		{"jmespath: 'list[?@ > `5`]'", isJSON, doc, "jmespath []"}, {"jpath: o.a", isJSON, doc, `jpath {"b":[{"c":1}]}`}, {"jmespath: id", isText, doc, "-jmespath response body is not an object"},
		{"jmespath: 'max(name)'", isJSON, doc, `-jmespath Invalid type for: bob, expected: []jmespath.jpType{"array[number]", "array[string]"}`},
	} {
		t.Run(test.expect+" of "+test.kind, func(t *testing.T) {
			_, request, vars := answerTo(t, "expect: {"+test.expect+"}")
			taken := request.Take(answer(test.kind, test.body), vars)
			if len(taken.Checks) != 1 || taken.Failed != "" {
				t.Fatalf("%+v", taken)
			}
			check := taken.Checks[0]
			got := check.Type + " " + check.Got
			if !check.OK {
				got = "-" + got
			}
			equal(t, "check", got, test.want)
		})
	}
}

// TestExpectOrder keeps the order of the script, that captured values are there, and what a failure is told under.
func TestExpectOrder(t *testing.T) {
	_, request, vars := answerTo(t, "name: shop\nexpect:\n- equals: ['{{ got }}', 7]\n- statusCode: 201\n  description: made\n- hasHeader: x-token\ncapture: {json: $.id, as: got}")
	in := answer("application/json", `{"id": 7}`)
	in.URL = "http://u:secret@localhost/a"
	equal(t, "checks", request.Take(in, vars).Checks, []CheckResult{
		{"equals", "http://u:xxxxx@localhost/a", true, "7, 7", "all values to be equal"},
		{"statusCode", "http://u:xxxxx@localhost/a", false, "200", "201"}, {"hasHeader", "http://u:xxxxx@localhost/a", true, "x-token", "x-token"}})
}

func TestExpectOptions(t *testing.T) {
	for _, test := range []struct {
		options, expect, failed string
		checks                  int
	}{
		{"{}", "{statusCode: 201}", "", 1},
		{"{reportFailuresAsErrors: true}", "{statusCode: 201}", "Failed expectations for request http://u:xxxxx@h/", 1},
		{"{reportFailuresAsErrors: 'true', useOnlyRequestNames: true}", "{statusCode: 201}", "Failed expectations for request shop", 1},
		{"{reportFailuresAsErrors: true}", "{statusCode: 200}", "", 1},
		{"{}", "", "", 0}, {"{expectDefault200: true}", "", "", 1}, {"{expectDefault200: true}", "{hasHeader: x-token}", "", 1},
		{"{outputFormat: silent}", "[{statusCode: 200}, {statusCode: 201}]", "", 2}, {"", "{statusCode: 201}", "", 1},
	} {
		script := load(t, "s.yml", "config: {target: 'http://h', plugins: {expect: "+test.options+
			"}}\nscenarios: [{flow: [{get: {url: /, name: shop, expect: "+test.expect+"}}]}]", LoadOptions{})
		in := answer("", "")
		in.URL = "http://u:secret@h/"
		taken := script.Requests[0].Take(in, user(script, 1))
		if taken.Failed != test.failed || len(taken.Checks) != test.checks || len(script.Warnings) > 0 {
			t.Errorf("%s %s: %+v, warnings %q", test.options, test.expect, taken, warnings(script))
		}
	}
}

// TestTakeProblems keeps what is said of captures, matches and expectations that cannot be meant. The key is on line 9.
func TestTakeProblems(t *testing.T) {
	const start = "config:\n  target: http://h\n  plugins: {expect: {}}\n  variables: {id: 7}\nscenarios:\n- flow:\n  - get:\n      url: /\n      "
	for _, test := range []struct{ keys, want string }{
		{"capture: id", `9:16: capture must be a map such as {json: $.id, as: id}, or a list of them, not text`},
		{"capture: {json: $.id}", "9:16: capture has no as: which variable is the value for?"},
		{"capture: {as: id}", "9:16: capture does not say where to look: give one of json, xpath, regexp, header, selector"},
		{"capture: {jsn: $.id, as: a}", `9:17: unknown key "jsn" in capture: did you mean "json"?`},
		{"capture: {json: [$.id], as: a}", "9:23: json must be text, not a list"},
		{"capture: {json: '$.a[?(@.b = 1)]', as: a}", "9:23: JSONPath $.a[?(@.b = 1)]: (@.b = 1): = assigns: write == to compare"},
		{"capture: {regexp: '(', as: a}", "9:25: not a regular expression: Unterminated group"},
		{"capture: {regexp: a, flags: iq, as: a}", `9:35: flags "iq": of d, g, i, m, s, u and y each may stand there once`},
		{"capture: {selector: 'a[', attr: b, as: a}", "9:27: not a selector: expected identifier, found EOF instead"},
		{"capture: {selector: 'a:first, b', attr: b, as: a}", "9:27: not a selector: unknown pseudoclass or pseudoelement :first"},
		{"capture: {selector: 'a, b:first', attr: b, as: a}", "9:27: a position such as :first is not understood beside a comma: write a capture for each"},
		{"capture: {selector: a, attr: b, index: first, as: a}", `9:46: index must be a whole number, random or last, not "first"`},
		{"capture: {xpath: '//a[', as: a}", "9:24: not an XPath: expression must evaluate to a node-set"},
		{"capture: {json: $.id, as: a b}", `9:33: as: "a b" is not the name of a variable, nor a path into one`},
		{"capture: {json: $.id, as: a, transform: 'this.x'}", "9:36: transform is not in Artillery any more: capture the value as it is, or the part of it that you want with a JSONPath or with regexp and group"},
		{"expect: 200", "9:15: expect must be a map such as {statusCode: 200}, or a list of them, not 200"},
		{"expect: [statusCode]", `9:16: an expectation must be a map such as {statusCode: 200}, not "statusCode"`},
		{"expect: {equals: 7}", "9:24: equals must be a list of values that are to be the same, not 7"},
		{"expect: {headerEquals: [a]}", "9:30: headerEquals must be a list of a header's name and its value"},
		{"expect: {matchesRegexp: '['}", "9:31: not a regular expression: Unterminated character class"},
		{"expect: {jmespath: 'a['}", "9:26: jmespath: SyntaxError: Expected tStar, received: tEOF"},
		{"match: {json: $.id, value: 1, as: a}", "warning 9:41: as has no effect in a match: use capture"},
		{"match: {json: $.id}", "warning 9:14: match without a value checks nothing, as in Artillery"},
		{"capture: {json: $.id, as: a, value: 1}", "warning 9:43: capture with a value is a match to Artillery: it sets no variable"},
		{"capture: {json: $.id, regexp: id, as: a}", "warning 9:29: regexp has no effect beside json"},
		{"capture: {json: $.id, group: 1, as: a}", "warning 9:29: group has no effect without regexp"},
		{"capture: {json: '$.a[-1]', as: a}", "warning 9:23: json: [-1] finds nothing, as in Artillery: write [-1:]"},
		{"capture: {regexp: a, group: 1, as: a}", "warning 9:28: the expression has no group 1: the whole match is taken, as in Artillery"},
		{"capture: {regexp: '(?<b>a)', group: 1, as: a}", "warning 9:36: group 1 is not one of the names in the expression: nothing is found, as in Artillery"},
		{"capture: {header: X-Id, as: a}", "warning 9:25: header X-Id is never found: Artillery has their names in lower case: write x-id"},
		{"capture: {selector: a, as: a}", "warning 9:27: selector without attr captures a map of the element's attributes, as in Artillery"},
		{"capture: {selector: a, attr: b, index: -1, as: a}", "warning 9:46: index -1 finds nothing, as in Artillery: write last"},
		{"expect: {hasHeader: X-Id}", "warning 9:27: header X-Id is never found: Artillery has their names in lower case: write x-id"},
		{"expect: {status: 200}", "warning 9:16: expect: there is no status: it is not checked, as in Artillery"},
		{"expect: {statuscode: 200}", `warning 9:16: expect: there is no statuscode: it is not checked, as in Artillery: did you mean "statusCode"?`},
		{"expect: [{statusCode: 200, hasHeader: a}]", "warning 9:34: hasHeader is not checked, as in Artillery: put a dash before it"},
		{"capture: {json: '$.{{ no }}', as: a}", "warning 9:23: variable no is set nowhere: it renders undefined, as in Artillery"},
	} {
		t.Run(test.keys, func(t *testing.T) {
			script, err := Load("s.yml", strings.NewReader(start+test.keys), LoadOptions{})
			want, warning := strings.CutPrefix(test.want, "warning ")
			got := lines(err)
			if warning && err == nil {
				got = warnings(script)
			}
			equal(t, "problems", got, []string{"s.yml:" + want})
		})
	}
}

// TestBesideRequest keeps that what people write beside a request is read, and that the plugin must be on.
func TestBesideRequest(t *testing.T) {
	script := load(t, "s.yml", flow("- get: {url: '/{{ token }}'}\n  capture: {json: $.id, as: token}\n  expect: {statusCode: 200}"), LoadOptions{})
	equal(t, "warnings", warnings(script), []string{
		"s.yml:10:5: capture stands beside get and is read as if it stood inside: indent it, since Artillery 2 refuses it",
		"s.yml:11:5: expect stands beside get and is read as if it stood inside: indent it, since Artillery 2 refuses it",
		"s.yml:11:5: expect has no effect, as in Artillery: add plugins: {expect: {}} to config"})
	vars := user(script, 1)
	taken := script.Requests[0].Take(answer("", `{"id": "t"}`), vars)
	equal(t, "URL", string(script.Requests[0].URL.Append(nil, vars)), "http://localhost:3000/base/t")
	equal(t, "checks", len(taken.Checks), 0)
}
