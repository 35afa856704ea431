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

// generatorsText names the runs that were merged.
func (r *Report) generatorsText() string {
	var names []string
	for _, s := range r.Generators {
		names = append(names, s.File)
	}
	return fmt.Sprintf("%d: %s", len(names), named(names))
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

// mergedGenerator is all generators as one: sums, but for what says how bad it was, which is of the worst. The
// generator is the limit if it was for any of them, and the reasons say for which.
func mergedGenerator(r *Report) Generator {
	all := Generator{LagP99: time.Duration(r.Lag.P99), HostIdle: 1, CeilingRPS: new(0.0), RunQueue: new(time.Duration(0)),
		GCPauseMax: new(time.Duration(0)), ReadyWaitP99: new(time.Duration(0))}
	had, known := 0.0, true // CPU seconds their cores had
	for _, s := range r.Generators {
		g := s.Generator
		known = known && g.Cores > 0
		had += float64(g.Cores) * s.Duration.Seconds()
		all.CPU += g.CPU
		all.Cores += g.Cores
		all.PeakRSS = max(all.PeakRSS, g.PeakRSS)
		all.GCPause += g.GCPause
		all.HostIdle = min(all.HostIdle, g.HostIdle)
		all.HostShared = all.HostShared || g.HostShared
		all.GCPauseMax = ifBoth(all.GCPauseMax, g.GCPauseMax, maxOf)
		all.ReadyWaitP99 = ifBoth(all.ReadyWaitP99, g.ReadyWaitP99, maxOf)
		all.RunQueue = ifBoth(all.RunQueue, g.RunQueue, sumOf)
		all.CeilingRPS = ifBoth(all.CeilingRPS, g.CeilingRPS, sumOf)
	}
	switch {
	case !known:
		all.CPU, all.Cores = 0, 0
	case had > 0:
		all.CPURatio = all.CPU.Seconds() / had
	}
	all.Limit, all.Reasons = r.mergedLimit()
	return all
}

func maxOf[T cmp.Ordered](a, b T) T { return max(a, b) }

func sumOf[T time.Duration | float64](a, b T) T { return a + b }

// ifBoth is of two figures, or nil if one is unknown.
func ifBoth[T any](a, b *T, of func(a, b T) T) *T {
	if a == nil || b == nil {
		return nil
	}
	return new(of(*a, *b))
}

// mergedLimit says what limited the runs: what did for any of them, the generator before the machine, and why.
func (r *Report) mergedLimit() (limit string, reasons []string) {
	unknown := false
	for _, limit := range []string{LimitGenerator, LimitMachine} {
		for _, s := range r.Generators {
			if s.Generator.Limit == limit {
				reasons = append(reasons, s.File+": "+strings.Join(s.Generator.Reasons, ", "))
			}
		}
		if n := len(reasons); n > mostNamed {
			reasons = append(reasons[:mostNamed], fmt.Sprintf("and %d more", n-mostNamed))
		}
		if len(reasons) > 0 {
			return limit, reasons
		}
	}
	least, most := 1.0, 0.0
	for _, s := range r.Generators {
		unknown = unknown || s.Generator.Limit != LimitService
		least, most = min(least, s.Generator.CPURatio), max(most, s.Generator.CPURatio)
	}
	if unknown {
		return "", []string{}
	}
	used := percent(least)
	if text := percent(most); text != used {
		used += " to " + text
	}
	reasons = []string{"generators used " + used + " of their cores"}
	if r.ClosedUsers == 0 {
		reasons = append(reasons, "lag p99 "+spaced(r.Lag.P99))
	}
	return LimitService, reasons
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
