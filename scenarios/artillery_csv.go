package scenarios

import (
	"slices"
	"strings"
)

// delimiter reads what stands between columns: one character.
func (a *artillery) delimiter(f field) rune {
	text, _ := a.text(f)
	if text == `\t` {
		text = "\t" // YAML leaves it so between single quotes
	}
	runes := []rune(text)
	if len(runes) != 1 || strings.ContainsRune("\r\n\"\ufffd\x00", runes[0]) {
		a.errorf(f.value.pos, "%s must be one character, not %s", f.key, f.value.quoted())
		return ','
	}
	return runes[0]
}

// csvOptions reads the options of csv-parse, by either form of their names, as far as this reader has them.
func (a *artillery) csvOptions(f field, o *csvOptions) {
	known := keys{
		"delimiter":        func(f field) { o.comma = a.delimiter(f) },
		"comment":          func(f field) { o.comment = a.comment(f) },
		"cast":             a.flag(&o.cast),
		"skip_empty_lines": a.flag(&o.skipEmpty),
		"relax":            a.flag(&o.relaxQuotes), "relax_quotes": a.flag(&o.relaxQuotes),
		"relax_column_count": a.flag(&o.ragged),
		"trim":               a.flag(&o.trim),
		"bom":                func(field) {}, // never part of the text here
		"from_line":          func(f field) { o.fromLine = a.line(f) },
		"to_line":            func(f field) { o.toLine = a.line(f) },
		"quote":              a.onlyQuote, "escape": a.onlyQuote,
	}
	if f.value.kind != mapping {
		a.errorf(f.value.pos, "options must be a map, not %s", f.value)
		return
	}
	for _, option := range f.value.fields {
		if handle := known[underscored(option.key)]; handle != nil {
			handle(option)
			continue
		}
		var names []string
		for name := range known {
			names = append(names, name)
		}
		slices.Sort(names)
		a.errorf(option.pos, "payload option %q is not supported: only %s are", option.key, strings.Join(names, ", "))
	}
}

// underscored returns skip_empty_lines for skipEmptyLines.
func underscored(name string) string {
	var out strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			out.WriteByte('_')
			c += 'a' - 'A'
		}
		out.WriteRune(c)
	}
	return out.String()
}

func (a *artillery) comment(f field) rune {
	if f.value.kind == nothing || f.value.kind == scalar && f.value.text == "" {
		return 0
	}
	return a.delimiter(f)
}

func (a *artillery) line(f field) int {
	number, ok := a.number(f)
	if ok && (number < 1 || number > 1e9 || number != float64(int(number))) {
		a.errorf(f.value.pos, "%s must be a line, from 1 up", f.key)
		return 1
	}
	return int(number)
}

// onlyQuote accepts the one quote that can be read.
func (a *artillery) onlyQuote(f field) {
	if f.value.text != `"` {
		a.errorf(f.value.pos, `payload option %s: only " is supported, not %s`, f.key, f.value.quoted())
	}
}
