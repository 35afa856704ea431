package scenarios

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// everyTake has a capture of each kind and expectations that read the body.
const everyTake = `
config: {target: http://localhost, plugins: {expect: {}}, http: {defaults: {strictCapture: false}}}
scenarios:
- flow:
  - get:
      url: /
      capture:
      - {json: $..id, as: a}
      - {json: $..*..*, as: b, multiple: false}
      - {json: "$..[?(@ && @.id)]^", as: c}
      - {json: "$.[(@.length-1)]~", as: d}
      - {regexp: '(a+)+(?=b)', as: e}
      - {regexp: '"(x+x+)+y"', as: f, flags: ims}
      - {selector: 'div div:has(a) > :contains("x"):last', attr: href, as: g, index: random}
      - {xpath: '//a/..//b[last()]', as: h}
      - {header: set-cookie, as: i}
      match: {json: $, value: 1, strict: false}
      expect:
      - contentType: json
      - hasProperty: a[0].b
      - matchesRegexp: (x+x+)+y
      - jmespath: 'sort_by([*], &id)[].{a: id, b: length(@)}'
`

// TestHostileAnswers keeps that no answer makes captures and checks panic, or hang: a minute is far more than any takes.
func TestHostileAnswers(t *testing.T) {
	request := load(t, "s.yml", everyTake, LoadOptions{}).Requests[0]
	fill := func(text string) string { return strings.Repeat(text, MaxBody/256/len(text)) }
	bodies := map[string]string{
		"nothing": "", "a byte": "\xff", "zeros": strings.Repeat("\x00", 1000), "half of JSON": `{"id": [1, {"a`,
		"UTF-16": "\xff\xfe{\x00}\x00", "brackets": fill("["), "deep JSON": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"deep maps":   strings.Repeat(`{"id":`, 5000) + "1" + strings.Repeat("}", 5000),
		"a wide list": "[" + fill("0,") + "0]", "many maps": "[" + fill(`{"id":1},`) + "{}]",
		"many names": `{"a":1` + fill(`,"b":2`) + "}", "large numbers": "[1e999, -1e999, 1e-999, " + strings.Repeat("9", 10_000) + "]",
		"a's": strings.Repeat("a", 100_000), "x's": `"` + strings.Repeat("x", 100_000) + `"`, "surrogates": `["\ud800", "\udc00\ud800"]`,
		"tags": fill("<div>"), "tags that do not end": "<" + fill("a "), "tables": fill("<table><b>"), "attributes": "<a " + fill("b=c ") + ">",
		"XML, deep": strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000), "XML, wide": "<a>" + fill("<b>x</b>") + "</a>",
		"entities": `<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;</a>`, "two roots": "<a/><a/>",
		"a comment": "<!--" + fill("-"), "an encoding": `<?xml version="1.0" encoding="utf-7"?><a/>`,
	}
	for name, body := range bodies {
		for _, kind := range []string{"application/json", "text/html", "text/xml"} {
			t.Run(name+" as "+kind, func(t *testing.T) {
				began := time.Now()
				head := "HTTP/1.1 200 OK\r\ncontent-type: " + kind + "\r\nset-cookie\r\n: x\r\nset-cookie: \xe9\r\n"
				vars := &Vars{Slots: make([]Value, 20), Random: rand.New(rand.NewPCG(1, 1))}
				taken := request.Take(&Answer{Status: 200, Head: []byte(head), Body: []byte(body)}, vars)
				if took := time.Since(began); took > time.Minute || len(taken.Checks) != 4 || taken.Failed != "" {
					t.Errorf("took %v: %+v", took, taken)
				}
			})
		}
	}
}
