package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// expectation is one line of expect.
type expectation struct {
	check func(in *reading, vars *Vars) CheckResult
	from  source
}

func (e *expectation) needs() source { return e.from }

// want is what an expectation wants.
type want struct {
	computed
	kind        string // its key in the script
	description string
	query       *jmespath.JMESPath  // of jmespath
	regexp      *compiled[*pattern] // of matchesRegexp
}

// expectKind is one of the things that can be expected.
type expectKind struct {
	from  source
	check func(w *want, in *reading, vars *Vars) CheckResult
}

// expectKinds are all of them, by their key in a script.
func expectKinds() map[string]expectKind {
	return map[string]expectKind{
		"statusCode":     {fromStatus, expectStatus},
		"notStatusCode":  {fromStatus, expectNotStatus},
		"contentType":    {fromHead | fromBody, expectContentType},
		"hasProperty":    {fromHead | fromBody, expectProperty},
		"notHasProperty": {fromHead | fromBody, expectNoProperty},
		"equals":         {fromStatus, expectEquals},
		"hasHeader":      {fromHead, expectHeader},
		"headerEquals":   {fromHead, expectHeaderEquals},
		"matchesRegexp":  {fromHead | fromBody, expectRegexp},
		"cdnHit":         {fromHead, expectCDNHit},
		"jmespath":       {fromHead | fromBody, expectJMESPath},
		"jpath":          {fromHead | fromBody, expectJMESPath},
	}
}

// listed returns the values of a list, or the value alone.
func listed(v Value) []Value {
	list, ok := v.any.([]any)
	if !ok {
		return []Value{v}
	}
	values := make([]Value, len(list))
	for i := range list {
		values[i] = Any(list[i])
	}
	return values
}

func hasStatus(v Value, status int) bool {
	return slices.ContainsFunc(listed(v), func(one Value) bool { return one.toNumber() == float64(status) })
}

func expectStatus(w *want, in *reading, vars *Vars) CheckResult {
	v := w.value(vars)
	return CheckResult{Type: "statusCode", OK: hasStatus(v, in.Status), Got: fmt.Sprint(in.Status), Want: v.text()}
}

func expectNotStatus(w *want, in *reading, vars *Vars) CheckResult {
	v := w.value(vars)
	return CheckResult{Type: "notStatusCode", OK: !hasStatus(v, in.Status), Got: fmt.Sprint(in.Status),
		Want: "Status code different than " + v.text()}
}

// content returns the body as checks see it: parsed if the server says that it is JSON, null if it then is none, else
// text.
func (r *reading) content() Value {
	if !isJSONType(r.Header("content-type")) {
		return Any(r.bodyText())
	}
	v, err := r.bodyJSON()
	if err != nil {
		return Any(nil)
	}
	return v
}

func isJSONType(contentType Value) bool {
	return slices.ContainsFunc([]string{"application/json", "application/problem+json", "application/ld+json"},
		func(kind string) bool { return strings.Contains(contentType.text(), kind) })
}

func expectContentType(w *want, in *reading, vars *Vars) CheckResult {
	result := CheckResult{Type: "contentType", Want: w.value(vars).text(), Got: "content-type header not set"}
	got := in.Header("content-type")
	if got.Defined() {
		result.Got = got.text()
	}
	if result.Want != "json" {
		result.OK = got.Defined() && strings.EqualFold(got.text(), result.Want)
		return result
	}
	if isJSONType(got) && in.compoundJSON() {
		result.OK, result.Got = true, "json"
		return result
	}
	switch body := in.content(); {
	case body.missing():
		result.Got = "could not parse response body as JSON"
	default:
		result.Got = "content-type is " + got.text()
	}
	return result
}

func expectEquals(w *want, _ *reading, vars *Vars) CheckResult {
	result := CheckResult{Type: "equals", Want: "all values to be equal"}
	var texts []string
	for _, v := range w.values(vars) {
		texts = append(texts, v.text())
	}
	result.Got = strings.Join(texts, ", ")
	result.OK = len(texts) > 0 && !slices.ContainsFunc(texts, func(text string) bool { return text != texts[0] })
	return result
}

// expectJMESPath holds if the query yields what JavaScript takes for true: a list without values, too.
func expectJMESPath(w *want, in *reading, _ *Vars) CheckResult {
	result := CheckResult{Type: w.kind, Want: w.description, Got: notAnObject}
	body := in.content()
	if !body.compound() {
		return result
	}
	got, err := w.query.Search(body.Plain())
	if err != nil {
		result.Got = err.Error()
		return result
	}
	result.OK = got != nil && Any(got).truthy()
	result.Got = shorten(Any(got).describe())
	return result
}
