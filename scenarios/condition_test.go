package scenarios

import (
	"strings"
	"testing"
)

const withConditions = `
config:
  target: http://localhost:3000
  variables:
    x: 1
    y: 2
    s: abc
    none: null
    yes: true
    no: false
    num: "10"
    zero: 0
    list: [[a, b]]
    user: {id: 5, name: bob}
scenarios:
- flow:
  - get: {url: /, ifTrue: `

// TestConditions keeps what filtrex 2.2.3 makes of an expression: each of these was tried with it.
func TestConditions(t *testing.T) {
	for expression, want := range map[string]bool{
		"x == 1": true, "x == 2": false, "x != 2": true, "num == 10": true, "num > 9": true, "x < y and y <= 2": true,
		`s == "abc"`: true, `s == "ABC"`: false, `s ~= "^a"`: true, `s ~= "^b"`: false, `"10" < "9"`: true, `10 < "9"`: false,
		"not (x == 2)": true, "not x == 1": false, "not x": false, "not zero": true, "not not x": true, "not zero and x": true,
		"x in (1, 2)": true, "x in (2, 3)": false, "x not in (2, 3)": true, `s in ("abc", "d")`: true, `"a" in list`: true, "x in list": false,
		`("a", "b") in list`: true, "1 in 1": true, "x and y": true, "x and zero": false, "zero or y": true, "x and s": false, "none": false,
		"yes": true, "no": false, "yes == 1": true, "no == 0": true, "id of user == 5": true, "length of s == 3": true, "length of list == 2": true,
		"x + 1 == 2": true, `s + 1 == "abc1"`: true, "y - x == 1": true, "2 ^ 3 ^ 2 == 64": true, "-2 ^ 2 == 4": true, "7 % 2": true, "1 / 0": true,
		"0 / 0": false, "x ? 0 : 1": false, "x > 0 ? 1 : 0": true, "1 ? 2 : 0 ? 0 : 0": false, "1 < 2 < 3": true, "abs(0 - 3) == 3": true,
		"max(1, 2, 3) == 3": true, "min(4, 2) == 2": true, "round(1.5) == 2": true, "floor(1.9) == ceil(0.1)": true, "sqrt(4) == 2": true,
		"log(1)": false, "random() < 1": true, "max()": true, "user == user": true, "(1, 2) == (1, 2)": false, `list == "a,b"`: true,
		`"a\"b" == "a\\b"`: false, "'x' == 1": true, "x or y and zero": true, "x == 1 and (y == 3 or s == \"abc\")": true,
	} {
		t.Run(expression, func(t *testing.T) {
			script := load(t, "s.yml", withConditions+quoteYAML(expression)+"}", LoadOptions{})
			if len(script.Warnings) > 0 {
				t.Errorf("warnings %q", warnings(script))
			}
			if got := script.Requests[0].IfTrue.Holds(user(script, 1)); got != want {
				t.Errorf("holds: %v, want %v", got, want)
			}
		})
	}
}

func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// TestConditionWarnings keeps what is said of expressions that do not do what their author thinks, and what they do.
func TestConditionWarnings(t *testing.T) {
	const always = "; the request is always sent, as in Artillery"
	const space = "is out of place (and, or, not and in want a space behind them)"
	for _, test := range []struct {
		expression string
		holds      bool
		want       string
	}{
		{"'x === 2'", true, "ifTrue: = 2 is not understood: write ==" + always},
		{"'x && y'", true, "ifTrue: && y is not understood: write and" + always},
		{"'x || y'", true, "ifTrue: || y is not understood: write or" + always},
		{"'!x'", true, "ifTrue: !x is not understood: write not, with a space behind it" + always},
		{"'{{ x }} == 2'", true, "ifTrue: {{ x }} == 2 is not understood: write the variable's name without braces" + always},
		{"'not(x == 1)'", true, `ifTrue: ")" ` + space + always},
		{"'x in(2)'", true, `ifTrue: ")" ` + space + always},
		{"'x =='", true, "ifTrue: something is missing at the end (and, or, not and in want a space behind them)" + always},
		{"''", true, "ifTrue: something is missing at the end (and, or, not and in want a space behind them)" + always},
		{"'(x'", true, "ifTrue: something is missing at the end (and, or, not and in want a space behind them)" + always},
		{"false", true, "ifTrue: false is not an expression: the request is always sent, as in Artillery"},
		{"'yes == true'", false, "ifTrue: true is a variable to Artillery, and set nowhere: compare with 1, 0 or a \"text\""},
		{"'user.id == 5'", false, "ifTrue: user.id is one name to Artillery, and set nowhere: write id of user"},
		{"'unset == 1'", false, "variable unset is set nowhere: it renders undefined, as in Artillery"},
		{"'len(s) > 5'", true, "ifTrue: there is no function len(): the request is sent where it is called, as in Artillery"},
		{"'zero and len(s)'", false, "ifTrue: there is no function len(): the request is sent where it is called, as in Artillery"},
	} {
		t.Run(test.expression, func(t *testing.T) {
			script := load(t, "s.yml", withConditions+test.expression+"}", LoadOptions{})
			equal(t, "warnings", warnings(script), []string{"s.yml:17:27: " + test.want})
			if got := script.Requests[0].IfTrue.Holds(user(script, 1)); got != test.holds {
				t.Errorf("holds: %v, want %v", got, test.holds)
			}
		})
	}
}

// TestCompileCondition keeps conditions over figures, whose names are no names of variables.
func TestCompileCondition(t *testing.T) {
	figures := map[string]float64{
		"http.response_time.p99": 80, "http.response_time.p999": 200, "vusers.created": 10, "vusers.completed": 9,
		"plugins.metrics-by-endpoint.response_time./a b.p95": 7, "errors.Failed capture or match": 1,
	}
	for _, test := range []struct {
		expression string
		want       bool
		err        string
	}{
		{"http.response_time.p99 < 100 and http.response_time.p999 < 250", true, ""},
		{"http.response_time.p999 < 100", false, ""},
		{"((vusers.created - vusers.completed)/vusers.created * 100) <= 10", true, ""},
		{"plugins.metrics-by-endpoint.response_time./a b.p95 == 7", true, ""},
		{"errors.Failed capture or match < 1", false, ""},
		{"vusers.failed == 0", false, ""},
		{"http.response_time.p99 <", false, "something is missing at the end (and, or, not and in want a space behind them)"},
	} {
		compiled, err := CompileCondition(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		got, err := compiled(figures)
		if got != test.want || err == nil != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%s: %v, error %v; want %v, error %q", test.expression, got, err, test.want, test.err)
		}
	}
}
