package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is one run of several that were merged.
type Source struct {
	File        string        `json:"file"` // it was read from
	Name        string        `json:"name"`
	StartedAt   time.Time     `json:"started_at"`
	Duration    time.Duration `json:"duration_ns"`
	Requests    int64         `json:"requests"`
	Generator   Generator     `json:"generator"`
	Warnings    []string      `json:"warnings"`
	Environment Environment   `json:"environment"`
}

// sources returns the runs that are in a report.
func (r *Report) sources(file string) []Source {
	if len(r.Generators) > 0 {
		return r.Generators
	}
	s := Source{
		File: file, Name: r.Name, StartedAt: r.StartedAt, Duration: r.Duration, Requests: r.Requests,
		Generator: r.Generator, Warnings: slices.Clone(orNone(r.Warnings)), Environment: r.Environment,
	}
	if r.Intervals == nil {
		s.Warnings = append(s.Warnings, "no intervals, as the report is of an older imgsvc: all together have none either")
	}
	if slices.ContainsFunc(r.Thresholds, func(j Judgement) bool { return j.Origin == originEnsure }) {
		s.Warnings = append(s.Warnings, "what the script ensures was judged of this run, and is not of all together")
	}
	return []Source{s}
}

// compareSources orders runs by when they started.
func compareSources(a, b Source) int {
	return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Generator.CPU, b.Generator.CPU),
		cmp.Compare(a.Requests, b.Requests), cmp.Compare(a.File, b.File))
}

// same reports whether two are one run, whatever files they were read from.
func (s Source) same(o Source) bool {
	return s.Name == o.Name && s.StartedAt.Equal(o.StartedAt) && s.Duration == o.Duration && s.Requests == o.Requests &&
		s.Generator.CPU == o.Generator.CPU && s.Generator.PeakRSS == o.Generator.PeakRSS && s.Generator.LagP99 == o.Generator.LagP99
}

// generatorFiles names the files of the runs that were merged.
func (r *Report) generatorFiles() string {
	var names []string
	for _, s := range r.Generators {
		names = append(names, s.File)
	}
	return named(names)
}

// named lists files, or as many as a line has room for.
func named(files []string) string {
	text := strings.Join(files[:min(len(files), mostNamed)], ", ")
	if n := len(files); n > mostNamed {
		text += fmt.Sprintf(" and %d more", n-mostNamed)
	}
	return text
}

// identify puts what says which runs the merged report is of.
func (m *Merger) identify(r *Report) {
	r.Generators = m.sources
	r.StartedAt = m.sources[0].StartedAt
	r.Environment = m.sources[0].Environment
	r.Script, r.Target, r.Protocol, r.Endpoints = m.first.script, m.first.target, m.first.protocol, m.first.endpoints
	r.Plan = m.first.plan
	var names []string
	for _, s := range m.sources {
		if s.Name != "" && !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	r.Name = strings.Join(names, ", ")
}

// mostNamed is how many files are named where one line says something of each.
const mostNamed = 5

// warnings returns what there is to say of the merged runs, and what their reports say, but for what was said already.
func (m *Merger) warnings(said []string) (warnings []string) {
	first, last := m.sources[0], m.sources[len(m.sources)-1]
	if apart := last.StartedAt.Sub(first.StartedAt); apart > time.Second {
		warnings = append(warnings, fmt.Sprintf("by their clocks the runs started up to %v apart: seconds are counted from "+
			"each one's own start, so what is of one second may not have been at once", apart.Round(time.Millisecond)))
	}
	if unlike := m.unlike(); len(unlike) > 0 {
		warnings = append(warnings, "the generators differ: "+strings.Join(unlike, "; ")+"; the environment is that of "+first.File)
	}
	by := newFiles()
	for _, s := range m.sources {
		for _, text := range s.Warnings {
			if !slices.Contains(said, text) {
				by.add(text, s.File)
			}
		}
	}
	return append(warnings, by.list(len(m.sources))...)
}

// unlike says in what the generators' environments differ.
func (m *Merger) unlike() (unlike []string) {
	for _, field := range []struct {
		name string
		of   func(Environment) string
	}{
		{"imgsvc", func(e Environment) string { return e.Imgsvc }},
		{"Go", func(e Environment) string { return e.Go }},
		{"system", func(e Environment) string { return e.OS + "/" + e.Arch }},
		{"CPUs", func(e Environment) string { return strconv.Itoa(e.CPUs) }},
		{"GOMAXPROCS", func(e Environment) string { return strconv.Itoa(e.GOMAXPROCS) }},
	} {
		by := newFiles()
		for _, s := range m.sources {
			by.add(field.of(s.Environment), s.File)
		}
		if len(by.texts) > 1 {
			unlike = append(unlike, field.name+" "+strings.Join(by.list(len(m.sources)), ", "))
		}
	}
	return unlike
}

// files are texts, and which files say each.
type files struct {
	texts []string
	by    map[string][]string
}

func newFiles() *files { return &files{by: map[string][]string{}} }

func (f *files) add(text, file string) {
	if len(f.by[text]) == 0 {
		f.texts = append(f.texts, text)
	}
	f.by[text] = append(f.by[text], file)
}

// list returns each text with the files behind it, of so many in all.
func (f *files) list(all int) (list []string) {
	for _, text := range f.texts {
		by := f.by[text]
		names := named(by)
		switch {
		case len(by) == all && all == 2:
			names = "both"
		case len(by) == all:
			names = fmt.Sprintf("all %d", all)
		}
		list = append(list, fmt.Sprintf("%s (%s)", text, names))
	}
	return list
}
