package scenarios

import "testing"

func TestCompile(t *testing.T) {
	vars := map[string]Value{"a": Int(1), "b": Any("two"), "n": Any(nil), "t": Any(true), "f": Any(1e21), "h": Any(-0.5)}
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"plain } text", "plain } text"},
		{"{{ a }}{{b}}{{{ a }}}", "1two1"},
		{"x{{ n }},{{ t }},{{ f }},{{ h }},{{ no }}", "xnull,true,1e+21,-0.5,undefined"},
		{`{"a":{{ a }}}`, `{"a":1}`},
	} {
		t.Run(test.text, func(t *testing.T) {
			var names Names
			template, err := Compile(test.text, &names)
			if err != nil {
				t.Fatal(err)
			}
			values := names.NewVars(nil)
			for name, value := range vars {
				if slot := names.Slot(name); slot < len(values.Slots) {
					values.Slots[slot] = value
				}
			}
			equal(t, "text", string(template.Append(nil, values)), test.want)
			equal(t, "source", template.String(), test.text)
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a {{ b", `"a {{ b": {{ without }}`},
		{"{{ }}", `"{{ }}": {{  }} is not the plain name of a variable`},
		{"{{ a.b }}", `"{{ a.b }}": {{ a.b }} is not the plain name of a variable`},
		{"{{ f(1) }}", `"{{ f(1) }}": {{ f(1) }} is not the plain name of a variable`},
	} {
		var names Names
		_, err := Compile(test.text, &names)
		equal(t, "error", lines(err), []string{test.want})
	}
}

func TestWithout(t *testing.T) {
	var names Names
	template, err := Compile("http://a/{{ x }}/b", &names)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "prefix", template.Prefix(), "http://a/")
	equal(t, "rest", string(template.Without("http://a").Append(nil, &Vars{Slots: []Value{Int(5)}})), "/5/b")
	equal(t, "nothing left", string(template.Without("http://a/").Append(nil, &Vars{Slots: []Value{Int(5)}})), "5/b")
}
