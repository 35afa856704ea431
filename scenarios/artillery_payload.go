package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// payloadSpec is an entry of config.payload as written.
type payloadSpec struct {
	pos     Pos // of the path
	path    string
	fields  []string
	order   string // random, sequence, or empty: random
	name    string
	loadAll bool
	csv     csvOptions
}

// readPayloads reads the files users take rows from.
func (a *artillery) readPayloads(payload field) {
	if payload.value == nil || payload.value.kind == nothing {
		return
	}
	specs := payload.value.items
	if payload.value.kind != list {
		specs = []*node{payload.value}
	}
	left := payloadLeft{maxPayload, maxPayloads, maxWhole}
	for _, n := range specs {
		before := a.errors.count()
		spec := a.payloadSpec(n)
		if a.errors.count() == before {
			a.payload(spec, &left)
		}
	}
}

// payloadLeft is what a script's payloads may still have.
type payloadLeft struct {
	fields int
	bytes  int64
	rows   int // of files that are loaded whole
}

func (a *artillery) payloadSpec(n *node) *payloadSpec {
	p := &payloadSpec{pos: n.pos, csv: csvOptions{comma: ',', cast: true, skipEmpty: true, fromLine: 1}}
	a.fields(n, "payload", keys{
		"path": func(f field) {
			p.path, _ = a.text(f)
			p.pos = f.value.pos
		},
		"fields":         func(f field) { a.payloadFields(f, p) },
		"order":          func(f field) { a.payloadOrder(f, p) },
		"name":           func(f field) { p.name = a.variableName(f) },
		"loadAll":        a.flag(&p.loadAll),
		"skipHeader":     func(f field) { a.skipHeader(f, p) },
		"delimiter":      func(f field) { p.csv.comma = a.delimiter(f) },
		"cast":           a.flag(&p.csv.cast),
		"skipEmptyLines": a.flag(&p.csv.skipEmpty),
		"options":        func(f field) { a.csvOptions(f, &p.csv) },
	})
	if p.path == "" && a.errors.count() == 0 {
		a.errorf(n.pos, "payload has no path: name the CSV file, from the script's folder")
	}
	return p
}

// payloadFields reads the variables that get the columns of a row, a list or one name alone.
func (a *artillery) payloadFields(f field, p *payloadSpec) {
	names := f.value.items
	if f.value.kind != list {
		names = []*node{f.value}
	}
	for _, n := range names {
		p.fields = append(p.fields, a.variableName(field{f.key, f.pos, n}))
	}
}

// variableName reads a text that must be the plain name of a variable.
func (a *artillery) variableName(f field) string {
	name, ok := a.text(f)
	if ok && !plainName(name) {
		a.errorf(f.value.pos, "%s: %s is not the plain name of a variable", f.key, f.value.quoted())
	}
	return name
}

func (a *artillery) payloadOrder(f field, p *payloadSpec) {
	switch p.order, _ = a.text(f); p.order {
	case "random", "sequence", "":
	default:
		a.warnf(f.value.pos, "order %s is neither random nor sequence: it is random, as in Artillery", f.value.quoted())
		p.order = "random"
	}
}

func (a *artillery) skipHeader(f field, p *payloadSpec) {
	if skip, ok := a.boolean(f); ok && skip {
		p.csv.fromLine = 2
	}
}

// payload loads a file and gives its rows to users.
func (a *artillery) payload(p *payloadSpec, left *payloadLeft) {
	if !filepath.IsAbs(p.path) {
		p.path = filepath.Join(filepath.Dir(a.file), filepath.FromSlash(p.path))
	}
	text, err := readSmall(p.path, min(maxPayloadFile, left.bytes))
	if err != nil {
		a.errorf(p.pos, "payload %s: %v", p.path, reason(err))
		return
	}
	left.bytes -= int64(len(text))
	table, err := readCSV(text, p.csv, &left.fields)
	if err != nil {
		a.errorf(p.pos, "payload %s: %v", p.path, err)
		return
	}
	if table.rows() == 0 {
		a.warnf(p.pos, "payload %s has no rows: its variables are undefined, as in Artillery", p.path)
	}
	switch {
	case !p.loadAll && len(p.fields) == 0:
		a.warnf(p.pos, "payload %s sets no variable: it has no fields", p.path)
	case !p.loadAll:
		a.payloadRows(p, table)
	case p.name == "":
		a.warnf(p.pos, "payload %s sets no variable: loadAll needs a name", p.path)
	case table.rows() > left.rows:
		a.errorf(p.pos, "payload %s: %d rows are too many to load whole: at most %d in a script", p.path, table.rows(), maxWhole)
	default:
		left.rows -= table.rows()
		a.payloadWhole(p, table)
	}
}

// reason returns what is wrong with a file, without its name.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// payloadRows gives each user a row, a column a variable.
func (a *artillery) payloadRows(p *payloadSpec, table *csvTable) {
	if most := table.widest(); most > 0 && most < len(p.fields) {
		a.warnf(p.pos, "payload %s has %d columns: %s is undefined", p.path, most, strings.Join(p.fields[most:], ", "))
	}
	r := row{table: table, sequence: p.order == "sequence"}
	for _, name := range p.fields {
		a.dynamic[name] = true
		r.slots = append(r.slots, a.script.Names.Slot(name))
	}
	a.script.initial = append(a.script.initial, r)
}

// payloadWhole gives each user the whole file in one variable, or, if there is an order, one row as a list.
func (a *artillery) payloadWhole(p *payloadSpec, table *csvTable) {
	a.dynamic[p.name] = true
	slot := a.script.Names.Slot(p.name)
	if p.order != "" {
		a.warnf(p.pos, "payload %s: with an order, %s is one row, not all of them, as in Artillery", p.path, p.name)
		a.script.initial = append(a.script.initial, row{table: table, sequence: p.order == "sequence", slots: []int{slot}, asList: true})
		return
	}
	all := make([]any, 0, table.rows())
	for i := range table.rows() {
		if len(p.fields) == 0 {
			all = append(all, plainList(table.row(i)))
			continue
		}
		members := map[string]any{}
		for j, v := range table.row(i) {
			if j < len(p.fields) {
				members[p.fields[j]] = v.Plain()
			}
		}
		all = append(all, members)
	}
	a.script.initial = append(a.script.initial, choice{slot: slot, values: []Value{Any(all)}})
}
