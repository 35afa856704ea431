package scenarios

import (
	"maps"
	"slices"

	"github.com/jmespath/go-jmespath"
)

// expectPlugin reads the options of Artillery's expect plugin.
func (a *artillery) expectPlugin(n *node) *ExpectOptions {
	options := &ExpectOptions{Format: "pretty"}
	format := func(f field) {
		known := []string{"pretty", "json", "prettyError", "silent"}
		if text, ok := a.text(f); ok && slices.Contains(known, text) {
			options.Format = text
		} else if ok {
			a.errorf(f.value.pos, "%s must be pretty, json, prettyError or silent, not %s", f.key, f.value.quoted())
		}
	}
	a.fields(n, "plugins.expect", keys{
		"outputFormat": format, "formatter": format,
		"reportFailuresAsErrors": a.flag(&options.ReportAsErrors),
		"expectDefault200":       a.flag(&options.Default200),
		"useOnlyRequestNames":    a.flag(&options.UseOnlyRequestNames),
	})
	return options
}

// expect reads the expectations of a request: a map, or a list of maps with one key each.
func (a *artillery) expect(f field, s *scope) (all []expectation) {
	given := f.value != nil && f.value.kind != nothing
	if a.script.Expect == nil {
		if given {
			a.warnf(f.pos, "expect has no effect, as in Artillery: add plugins: {expect: {}} to config")
		}
		return nil
	}
	if given && f.value.kind == scalar {
		a.errorf(f.value.pos, "expect must be a map such as {statusCode: 200}, or a list of them, not %s", f.value.quoted())
		return nil
	}
	for _, one := range a.expectFields(f) {
		if e, ok := a.expectation(one.field, one.description, s); ok {
			all = append(all, e)
		}
	}
	if all == nil && a.script.Expect.Default200 {
		w := &want{kind: "statusCode", computed: computed{fixed: Int(200)}}
		all = []expectation{expectKinds()["statusCode"].of(w)}
	}
	return all
}

// described is an expectation with the words its author has for it.
type described struct {
	field
	description string
}

// expectFields returns the expectations as written. Of a list's items Artillery reads the first key only.
func (a *artillery) expectFields(f field) (all []described) {
	if f.value == nil || f.value.kind == nothing {
		return nil
	}
	if f.value.kind == mapping {
		for _, inner := range f.value.fields {
			all = append(all, described{field: inner})
		}
		return all
	}
	for _, item := range f.value.items {
		if item.kind != mapping || len(item.fields) == 0 {
			a.errorf(item.pos, "an expectation must be a map such as {statusCode: 200}, not %s", item.quoted())
			continue
		}
		first := described{field: item.fields[0]}
		for _, more := range item.fields[1:] {
			if more.key == "description" {
				first.description, _ = a.text(more)
				continue
			}
			a.warnf(more.pos, "%s is not checked, as in Artillery: put a dash before it", more.key)
		}
		all = append(all, first)
	}
	return all
}

func (k expectKind) of(w *want) expectation {
	return expectation{from: k.from, check: func(in *reading, vars *Vars) CheckResult { return k.check(w, in, vars) }}
}

// expectation reads one expectation; ok is false if it is not checked.
func (a *artillery) expectation(f field, description string, s *scope) (e expectation, ok bool) {
	known := expectKinds()
	kind, ok := known[f.key]
	if !ok {
		a.warnf(f.pos, "expect: there is no %s: it is not checked, as in Artillery%s", f.key,
			didYouMean(f.key, slices.Collect(maps.Keys(known))))
		return e, false
	}
	w := &want{kind: f.key, description: description}
	switch f.key {
	case "jmespath", "jpath":
		return kind.of(w), a.queryOf(w, f)
	case "matchesRegexp":
		if a.textNode(f) != nil {
			w.regexp = compile(a, f.value, s, func(text string) (*pattern, error) { return compilePattern(text, "") })
		}
		return kind.of(w), w.regexp != nil
	case "equals":
		if f.value.kind != list {
			a.errorf(f.value.pos, "equals must be a list of values that are to be the same, not %s", f.value)
		}
	case "headerEquals":
		if f.value.kind != list || len(f.value.items) != 2 {
			a.errorf(f.value.pos, "headerEquals must be a list of a header's name and its value")
		} else {
			a.warnUpper(f.value.items[0])
		}
	case "hasHeader":
		a.warnUpper(f.value)
	}
	w.computed = a.computed(f.value, s)
	return kind.of(w), true
}

// queryOf compiles a JMESPath, in which Artillery knows no variables.
func (a *artillery) queryOf(w *want, f field) bool {
	text, ok := a.text(f)
	if !ok {
		return false
	}
	if w.description == "" && f.key == "jmespath" {
		w.description = text
	}
	var err error
	if w.query, err = jmespath.Compile(text); err != nil {
		a.errorf(f.value.pos, "%s: %s", f.key, firstLine(err.Error()))
	}
	return err == nil
}
