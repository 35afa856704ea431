package scenarios

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// payloadScript has one payload, on line 3, and sends a JSON body on its last line.
func payloadScript(payload, json string) string {
	return "config:\n  target: http://h\n  payload: " + payload + "\nscenarios:\n  - flow: [post: {url: /, json: " + json + "}]\n"
}

// bodyOf returns what a user's first request sends.
func bodyOf(s *Script, number int64) string {
	return string(s.Requests[0].Body.Append(nil, user(s, number)))
}

func TestPayload(t *testing.T) {
	const people = "id,name,code\n1,Ann,007\n2,\"B,\"\"ob\"\"\",1e3\n\n3,Cy,0x1F\n"
	for _, test := range []struct {
		name, payload, json string
		csv                 string
		want                []string // of users 0, 1, …
		warnings            []string
	}{
		{"in sequence, all over again behind the last", "{path: a.csv, fields: [id, name, code], order: sequence, skipHeader: true}",
			"['{{ id }}', '{{ name }}', '{{ code }}']", people,
			[]string{`[1,"Ann",7]`, `[2,"B,\"ob\"",1000]`, `[3,"Cy","0x1F"]`, `[1,"Ann",7]`}, nil},
		{"the header is a row unless it is skipped", "{path: a.csv, fields: [id], order: sequence}",
			"'{{ id }}'", people, []string{`"id"`, "1", "2", "3", `"id"`}, nil},
		{"without cast all is text", "{path: a.csv, fields: [id, name, code], order: sequence, skipHeader: 'true', cast: false}",
			"['{{ id }}', '{{ code }}']", people, []string{`["1","007"]`}, nil},
		{"what is a number", "{path: a.csv, fields: [v], order: sequence}", "'{{ v }}'",
			"1.50\n 2 \n-3\n+4\n.5\n6.\ntrue\n1_000\nNaN\nInfinity\n1e999\n12345678901234567890\n",
			[]string{"1.5", "2", "-3", "4", "0.5", "6", `"true"`, `"1_000"`, `"NaN"`, `"Infinity"`, `"1e999"`, "12345678901234567000"}, nil},
		{"a delimiter of its own", "{path: a.csv, fields: [a, b], order: sequence, delimiter: ;}", "['{{ a }}', '{{ b }}']",
			"x;1,5\ny;2\n", []string{`["x","1,5"]`, `["y",2]`}, nil},
		{"a tab", `{path: a.csv, fields: [a, b], delimiter: '\t'}`, "['{{ a }}', '{{ b }}']", "x\t1\n", []string{`["x",1]`}, nil},
		{"one field by name alone", "{path: a.csv, fields: a}", "'{{ a }}'", "x\n", []string{`"x"`}, nil},
		{"a byte order mark and carriage returns", "{path: a.csv, fields: [a, b]}", "['{{ a }}', '{{ b }}']", "\ufeffx,1\r\n", []string{`["x",1]`}, nil},
		{"empty lines as rows", "{path: a.csv, fields: a, order: sequence, skipEmptyLines: false}", "'{{ a }}'", "\nx\n\n\ny\n",
			[]string{`""`, `"x"`, `""`, `""`, `"y"`, `""`}, nil},
		{"also behind the last row", "{path: a.csv, fields: a, order: sequence, skipEmptyLines: false}", "'{{ a }}'", "x\n\n\n",
			[]string{`"x"`, `""`, `""`, `"x"`}, nil},
		{"the options of csv-parse", "{path: a.csv, fields: [a, b], order: sequence, options: {comment: '#', trim: true, fromLine: 2, " +
			"to_line: 5, relax_column_count: true, relaxQuotes: true, bom: true, quote: '\"', cast: false}}", "['{{ a }}', '{{ b }}']",
			"head,head\n# none\n x , 1 \ny\nz\"z, 3\nlast,one\n", []string{`["x","1"]`, `["y",null]`, `["z\"z","3"]`, `["x","1"]`}, nil},
		{"all of it", "{path: a.csv, fields: [id, name], skipHeader: true, loadAll: true, name: people}",
			"['{{ people.length }}', '{{ people[1] }}', '{{ people[2].name }}']", people, []string{`[3,{"id":2,"name":"B,\"ob\""},"Cy"]`}, nil},
		{"all of it without fields", "{path: a.csv, loadAll: true, name: people}", "'{{ people }}'", "a,1\nb,2\n", []string{`[["a",1],["b",2]]`}, nil},
		{"all of it with an order is one row", "{path: a.csv, loadAll: true, name: people, order: sequence}", "'{{ people }}'", "a,1\nb,2\n",
			[]string{`["a",1]`, `["b",2]`}, []string{"s.yml:3:19: payload a.csv: with an order, people is one row, not all of them, as in Artillery"}},
		{"all of it without a name", "{path: a.csv, loadAll: true}", "1", "a\n", []string{"1"}, []string{
			"s.yml:3:19: payload a.csv sets no variable: loadAll needs a name"}},
		{"no fields", "{path: a.csv}", "1", "a\n", []string{"1"}, []string{"s.yml:3:19: payload a.csv sets no variable: it has no fields"}},
		{"more fields than columns", "{path: a.csv, fields: [a, b, c], order: random}", "['{{ a }}', '{{ b }}']", "1\n", []string{"[1,null]"}, []string{
			"s.yml:3:19: payload a.csv has 1 columns: b, c is undefined"}},
		{"no rows", "{path: a.csv, fields: [a], skipHeader: true}", "{a: '{{ a }}'}", "a\n", []string{"{}"}, []string{
			"s.yml:3:19: payload a.csv has no rows: its variables are undefined, as in Artillery"}},
		{"an order that is none", "{path: a.csv, fields: [a], order: shuffled}", "'{{ a }}'", "1\n", []string{"1"}, []string{
			`s.yml:3:46: order "shuffled" is neither random nor sequence: it is random, as in Artillery`}},
		{"several, each in its own step", "[{path: a.csv, fields: [a], order: sequence}, {path: ./a.csv, fields: [b], order: sequence, skipHeader: true}]",
			"['{{ a }}', '{{ b }}']", "1\n2\n3\n", []string{"[1,2]", "[2,3]", "[3,2]"}, nil},
		{"a path made of the environment", "{path: '{{ $environment }}.csv', fields: a}", "'{{ a }}'", "1\n", []string{"1"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := LoadOptions{}
			text := payloadScript(test.payload, test.json)
			if strings.Contains(text, "$environment") {
				opts.Environment = "a"
				text = strings.Replace(text, "config:", "config:\n  environments: {a: {}}", 1)
			}
			script, told := loadFolder(t, opts, "s.yml", text, "a.csv", test.csv)
			if script == nil {
				t.Fatal(told)
			}
			equal(t, "warnings", told, test.warnings)
			for i, want := range test.want {
				equal(t, fmt.Sprintf("user %d", i), bodyOf(script, int64(i)), want)
			}
		})
	}
}

// TestPayloadAtRandom keeps that rows are picked with replacement, alike for the same user, and that all are picked.
func TestPayloadAtRandom(t *testing.T) {
	script, told := loadFolder(t, LoadOptions{}, "s.yml", payloadScript("{path: a.csv, fields: [a, b]}", "['{{ a }}', '{{ b }}']"),
		"a.csv", "1,one\n2,two\n3,three\n")
	if script == nil {
		t.Fatal(told)
	}
	seen := map[string]int{}
	for number := range int64(300) {
		body := bodyOf(script, number)
		equal(t, "again", bodyOf(script, number), body)
		seen[body]++
	}
	for _, row := range []string{`[1,"one"]`, `[2,"two"]`, `[3,"three"]`} {
		if seen[row] < 60 || len(seen) != 3 {
			t.Errorf("rows %v", seen)
		}
	}
}

// TestPayloadPrecedence keeps that a variable of the script or the command line goes before a column of its name.
func TestPayloadPrecedence(t *testing.T) {
	text := strings.Replace(payloadScript("{path: a.csv, fields: [a, b, c]}", "['{{ a }}', '{{ b }}', '{{ c }}']"),
		"scenarios", "  variables: {b: script}\nscenarios", 1)
	script, told := loadFolder(t, LoadOptions{Variables: `{"c": "flag"}`}, "s.yml", text, "a.csv", "1,2,3\n")
	if script == nil {
		t.Fatal(told)
	}
	equal(t, "body", bodyOf(script, 0), `[1,"script","flag"]`)
}

func TestPayloadErrors(t *testing.T) {
	for _, test := range []struct{ name, payload, csv, want string }{
		{"no path", "{fields: [a]}", "", "3:12: payload has no path: name the CSV file, from the script's folder"},
		{"no file", "{path: b.csv, fields: [a]}", "", "3:19: payload b.csv: no such file or directory"},
		{"a folder", "{path: ., fields: [a]}", "", "3:19: payload FOLDER: not a regular file"},
		{"rows that differ", "{path: a.csv, fields: [a]}", "1,2\n3\n", "3:19: payload a.csv: line 2: 1 columns, where the first row has 2: " +
			"quote what has a delimiter in it, or allow it with options: {relax_column_count: true}"},
		{"an open quote", "{path: a.csv, fields: [a]}", "1\n\"2\n", `3:19: payload a.csv: parse error on line 2, column 4: extraneous or missing " in quoted-field`},
		{"a quote within", "{path: a.csv, fields: [a]}", "1\n2\"\n", `3:19: payload a.csv: parse error on line 2, column 2: bare " in non-quoted-field`},
		{"another encoding", "{path: a.csv, fields: [a]}", "\xff\xfe1", "3:19: payload a.csv: not in UTF-8"},
		{"a delimiter of two", "{path: a.csv, fields: [a], delimiter: '||'}", "1", `3:50: delimiter must be one character, not "||"`},
		{"a delimiter that is a quote", `{path: a.csv, fields: [a], delimiter: '"'}`, "1", `3:50: delimiter must be one character, not "\""`},
		{"a field that is no name", "{path: a.csv, fields: [a.b]}", "1", `3:35: fields: "a.b" is not the plain name of a variable`},
		{"a field that is a map", "{path: a.csv, fields: {a: b}}", "1", "3:34: fields must be text, not a map"},
		{"an option that is none", "{path: a.csv, fields: [a], options: {columns: true}}", "1", `3:49: payload option "columns" is not supported: only ` +
			"bom, cast, comment, delimiter, escape, from_line, quote, relax, relax_column_count, relax_quotes, skip_empty_lines, to_line, trim are"},
		{"another quote", `{path: a.csv, fields: [a], options: {quote: "'"}}`, "1", `3:56: payload option quote: only " is supported, not "'"`},
		{"a line before the first", "{path: a.csv, fields: [a], options: {from_line: 0}}", "1", "3:60: from_line must be a line, from 1 up"},
		{"a comment like the delimiter", "{path: a.csv, fields: [a], options: {comment: ','}}", "1", "3:19: payload a.csv: comment and delimiter are the same"},
		{"a key that is none", "{path: a.csv, feilds: [a]}", "1", `3:26: unknown key "feilds" in payload: did you mean "fields"?`},
		{"text", "a.csv", "1", "3:12: payload must be a map, not text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := folder(t, "s.yml", payloadScript(test.payload, "1"), "a.csv", test.csv)
			dir := filepath.Dir(path)
			_, err := LoadFile(path, LoadOptions{})
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), dir+"/", ""), dir, "FOLDER")
			equal(t, "error", got, "s.yml:"+test.want)
		})
	}
}

// TestPayloadBounds keeps that a script's payloads cannot fill the memory.
func TestPayloadBounds(t *testing.T) {
	left := 10
	_, err := readCSV([]byte(strings.Repeat("1,2\n", 6)), csvOptions{comma: ',', skipEmpty: true}, &left)
	if err == nil || !strings.HasPrefix(err.Error(), "line 6: the script's payloads have more than ") {
		t.Error(err)
	}
	left = 10
	_, err = readCSV([]byte("a\n"+strings.Repeat("\n", 1000)+"b\n"), csvOptions{comma: ',', fromLine: 1}, &left)
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error("empty lines are not counted", err)
	}
	path := folder(t, "a.csv", strings.Repeat("1,2\n", 10))
	r := newReader("s.yml", LoadOptions{})
	a := &artillery{reader: r, dynamic: map[string]bool{}}
	spec := payloadSpec{path: path, fields: []string{"a"}, csv: csvOptions{comma: ',', fromLine: 1, skipEmpty: true}}
	bytes := payloadLeft{100, 99, 0}
	for range 3 {
		a.payload(&spec, &bytes)
	}
	if err := r.errors.sorted(); len(err) != 1 || !strings.HasSuffix(err[0].Error(), "longer than 19 bytes") {
		t.Error("the third file is not too much for them all:", err)
	}
	a.payload(&payloadSpec{path: folder(t, "b.csv", strings.Repeat("1\n", maxWhole+1)), loadAll: true, name: "all",
		csv: csvOptions{comma: ',', fromLine: 1, skipEmpty: true}}, &payloadLeft{maxPayload, maxPayloads, maxWhole})
	if err := r.errors.sorted(); len(err) != 2 || !strings.HasSuffix(err[1].Error(), "500001 rows are too many to load whole: at most 500000 in a script") {
		t.Error("a file is loaded whole, whatever its rows", err)
	}
	if _, err := readSmall(folder(t, "a.csv", "12345"), 4); err == nil || !strings.Contains(err.Error(), "longer than 4 bytes") {
		t.Error(err)
	}
}

// BenchmarkPayloadRow is what a payload costs a user that begins.
func BenchmarkPayloadRow(b *testing.B) {
	left := maxPayload
	table, err := readCSV([]byte(strings.Repeat("1,two,3.5\n", 100_000)), csvOptions{comma: ',', cast: true, skipEmpty: true}, &left)
	if err != nil {
		b.Fatal(err)
	}
	vars, r := &Vars{Slots: make([]Value, 3)}, row{table: table, slots: []int{0, 1, 2}, sequence: true}
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		r.begin(vars, i)
	}
}
