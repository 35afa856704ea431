package reports

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
)

// mostRows is how many rows the table of what happened over time has: for people who do not see the charts.
const mostRows = 60

// pageRun is what the page says of one run, in words ready to be read.
type pageRun struct {
	Index      int
	Label      string
	Open       bool // its details are shown at once
	Verdict    verdict
	Facts      []fact // what was run
	Plan       []string
	Tiles      []tile
	Durations  []durationRow
	Steps      []stepRow
	Thresholds []judgedRow
	Checks     []checkRow
	Counts     []fact
	Warnings   []string
	Generator  []string
	Environ    []fact
	Times      []timeRow
	Source     template.HTML // the report, gzip, base64: nothing that needs escaping

	chart chartData
}

// fact is a name and what belongs to it.
type fact struct{ Name, Value string }

// tile is a headline figure.
type tile struct {
	Name, Value, Unit, Note string
	Bad                     bool
}

type durationRow struct {
	Name, From string
	Values     []string
}

// stepRow is a step with its figures, and what the table is sorted by.
type stepRow struct {
	Title, Scenario string
	Cells           []cell
}

// cell is a figure as it is shown and as it is sorted by.
type cell struct {
	Text string
	Sort float64
}

type judgedRow struct {
	Source, Value, Verdict, Note string
	Pass                         bool
}

type checkRow struct {
	Title          string
	Passed, Failed string
	Bad            bool
}

type timeRow struct {
	At                               string
	Offered, Answered, Failed, Users string
	P50, P99, Max                    string
}

// newPageRun puts a report into words and columns. label names it among others; alone it needs none.
func newPageRun(r *Report, label string, open bool) (pageRun, error) {
	chart, err := newChartData(r, label)
	if err != nil {
		return pageRun{}, err
	}
	source, err := packed(r)
	if err != nil {
		return pageRun{}, err
	}
	run := pageRun{
		Label: label, Open: open, Verdict: r.verdict(), Facts: r.facts(), Tiles: r.tiles(), Plan: r.Plan,
		Durations: r.durationRows(), Steps: r.stepRows(), Thresholds: judgedRows(r.Thresholds), Checks: r.checkRows(),
		Counts: r.countFacts(), Warnings: r.Warnings, Generator: r.generatorWords(), Environ: r.environment(),
		Times: timeRows(&chart), Source: source, chart: chart,
	}
	return run, nil
}

func (r *Report) facts() []fact {
	facts := []fact{
		{"name", r.Name}, {"script", r.Script}, {"target", r.Target}, {"protocol", r.Protocol},
		{"started", r.StartedAt.Format(time.DateTime + " MST")}, {"duration", short(int64(r.Duration))},
	}
	if r.Stopped {
		facts = append(facts, fact{"ended", "stopped early"})
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
}

func (r *Report) tiles() []tile {
	failed := r.Requests - r.Successes
	errors := sum(r.Errors)
	tiles := []tile{
		{Name: "Held", Value: throughput(r.RPS.Mean), Unit: "requests/s", Note: "successful, on average over the run"},
		{Name: "Peak", Value: throughput(r.peak()), Unit: "requests/s", Note: r.peakNote()},
		{Name: "p50", Value: r.Response.text(r.Response.P50), Note: "half of the answers came within this"},
		{Name: "p99", Value: r.Response.text(r.Response.P99), Note: "99 of 100 answers came within this"},
		{Name: "Failed", Value: shareText(failed, r.Requests), Bad: failed > 0, Note: fmt.Sprintf("%s of %s: %s without a whole answer, %s with a status of 400 or more or below 200",
			integer(failed), plural(r.Requests, "request"), integer(errors), integer(failed-errors))},
		{Name: "Limited by", Value: r.limitName(), Bad: r.Requests > 0 && r.Generator.Limit != LimitService && r.Generator.Limit != "", Note: r.limitNote()},
	}
	if r.Unsent > 0 {
		unsent := tile{Name: "Never sent", Value: integer(r.Unsent), Unit: "requests", Bad: true, Note: "were due, and are in no other figure"}
		tiles = slices.Insert(tiles, 0, unsent)
	}
	return tiles
}

func shareText(part, all int64) string {
	if all == 0 {
		return "–"
	}
	return percent(float64(part) / float64(all))
}

// peak returns the best ten seconds, or the best one of a run that was shorter.
func (r *Report) peak() *float64 {
	if r.RPS.Peak10s != nil {
		return r.RPS.Peak10s
	}
	return r.RPS.Peak1s
}

func (r *Report) peakNote() string {
	switch {
	case r.RPS.Peak10s != nil:
		return "successful, in the best ten seconds; " + throughput(r.RPS.Peak1s) + " in the best one"
	case r.RPS.Peak1s != nil:
		return "successful, in the best second; the run was shorter than ten"
	}
	return "the run was shorter than a second"
}

func (r *Report) limitName() string {
	if r.Requests == 0 || r.Generator.Limit == "" {
		return "unknown"
	}
	return r.Generator.Limit
}

// limitNote says the limit for someone who sees the word for the first time.
func (r *Report) limitNote() string {
	reasons := strings.Join(r.Generator.Reasons, ", ")
	switch {
	case r.Requests == 0:
		return "there were no requests"
	case r.Generator.Limit == LimitService:
		return "the load generator had room to spare: " + reasons
	case r.Generator.Limit == LimitGenerator:
		return "the load generator was at its own limit (" + reasons + "): the service may hold more"
	case r.Generator.Limit == LimitMachine:
		return "service and load generator shared a busy machine (" + reasons + "): alone the service would hold more"
	}
	return reasons
}

func (r *Report) durationRows() []durationRow {
	var rows []durationRow
	add := func(name string, d *Distribution, from string) {
		if d.Count == 0 {
			return
		}
		row := durationRow{Name: name, From: from}
		for _, ns := range []int64{d.Min, d.P50, d.P90, d.P95, d.P99, d.P999, d.Max, d.Mean} {
			row.Values = append(row.Values, short(ns))
		}
		rows = append(rows, row)
	}
	add("response", &r.Response, "due → last byte: what a user waited")
	for _, class := range slices.Sorted(maps.Keys(r.ResponseByClass)) {
		d := r.ResponseByClass[class]
		if len(r.ResponseByClass) > 1 {
			add("response, "+class, &d, "only answers of this class")
		}
	}
	add("latency", &r.Latency, "sent → last byte")
	add("first byte", &r.FirstByte, "request written → head of the answer")
	add("lag", &r.Lag, "due → sent: the generator's own delay")
	add("session", &r.Session, "a user's whole walk through the script")
	return rows
}

func (r *Report) stepRows() []stepRow {
	rows := []stepRow{}
	for i := range r.Steps {
		s := &r.Steps[i]
		failed := s.Requests - s.Successes
		ratio, _ := share(failed, s.Requests)
		perSecond := float64(s.Successes) / max(r.Duration.Seconds(), 1e-9)
		row := stepRow{Title: cmp.Or(plain(s.title(origin(r.Target))), "–"), Scenario: plain(s.Scenario), Cells: []cell{
			{integer(s.Requests), float64(s.Requests)},
			{number(perSecond, digits+1), perSecond},
			{integer(failed), float64(failed)},
			{shareText(failed, s.Requests), ratio},
		}}
		for _, ns := range []int64{s.Response.P50, s.Response.P99, s.Response.Max} {
			row.Cells = append(row.Cells, cell{s.Response.text(ns), float64(ns)})
		}
		rows = append(rows, row)
	}
	return rows
}

func judgedRows(judgements []Judgement) []judgedRow {
	var rows []judgedRow
	for _, j := range judgements {
		_, value, _ := j.parts()
		row := judgedRow{Source: j.Source, Value: cmp.Or(value, "–"), Verdict: j.verdict(), Note: j.Reason, Pass: j.Pass}
		if j.Origin == originEnsure {
			row.Note = cmp.Or(row.Note, "the script's own")
		}
		rows = append(rows, row)
	}
	return rows
}

func (r *Report) checkRows() []checkRow {
	var rows []checkRow
	for _, c := range r.Checks {
		rows = append(rows, checkRow{plain(c.title()), integer(c.Passed), integer(c.Failed), c.Failed > 0})
	}
	return rows
}

// countFacts are the counts that no other part of the page shows.
func (r *Report) countFacts() []fact {
	facts := []fact{
		{"status codes", listed(r.StatusCodes)}, {"errors", listed(r.Errors)},
		{"bytes", size(r.Bytes.In) + " in, " + size(r.Bytes.Out) + " out"},
	}
	if len(r.UserErrors) > 0 {
		facts = append(facts, fact{"why users ended early", listed(r.UserErrors)})
	}
	if u := r.Users; u.Created > 0 || u.Skipped > 0 {
		facts = append(facts, fact{"users", fmt.Sprintf("%s created, %s completed, %s failed, %s skipped, at most %s at once",
			integer(u.Created), integer(u.Completed), integer(u.Failed), integer(u.Skipped), integer(u.Peak))})
	}
	if len(r.Custom.Counters) > 0 {
		facts = append(facts, fact{"the script's counters", listed(r.Custom.Counters)})
	}
	if text := apdexText(r.Custom.Counters); text != "" {
		facts = append(facts, fact{"Apdex", text})
	}
	if r.Reconnects > 0 {
		facts = append(facts, fact{"reconnects", integer(r.Reconnects) + " requests sent again, because a kept connection had closed"})
	}
	return facts
}

// generatorWords say what the generator was like, since it is part of every figure.
func (r *Report) generatorWords() []string {
	words := []string{"Limit: " + r.limitText() + "."}
	if waits := r.Generator.waits(); waits != "" && r.Requests > 0 {
		words = append(words, strings.ToUpper(waits[:1])+waits[1:]+".")
	}
	if ceiling := r.ofCeiling(); ceiling != "" {
		words = append(words, ceiling)
	}
	if r.ClosedUsers > 0 {
		words = append(words, "Closed loop: a stall of the service is seen by at most "+plural(int64(r.ClosedUsers), "request")+
			", since each user waits for its answer. An open loop (--rate) shows everyone who would have waited.")
	}
	g := r.Generator
	if g.PeakRSS > 0 {
		words = append(words, fmt.Sprintf("CPU %s, memory %s at most.", short(int64(g.CPU)), size(g.PeakRSS)))
	}
	return words
}

func (r *Report) environment() []fact {
	e := r.Environment
	facts := []fact{{"imgsvc", e.Imgsvc}, {"Go", e.Go}, {"system", strings.Trim(e.OS+"/"+e.Arch, "/")}}
	if e.CPUs > 0 {
		facts = append(facts, fact{"CPUs", fmt.Sprintf("%d, of which the generator used up to %d", e.CPUs, e.GOMAXPROCS)})
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
}

// timeRows is the charts as a table of at most mostRows rows, each of which has as many columns of time.
func timeRows(d *chartData) []timeRow {
	per := max((len(d.Offered)+mostRows-1)/mostRows, 1)
	var rows []timeRow
	for from := 0; from < len(d.Offered); from += per {
		to := min(from+per, len(d.Offered))
		row := timeRow{
			At:      (time.Duration(float64(from)*d.Column) * time.Second).String(),
			Offered: meanOf(d.Offered[from:to]), Answered: meanOf(d.Answered[from:to]),
			Users: integer(d.Users[to-1]),
			P50:   worstOf(d.P50[from:to]), P99: worstOf(d.P99[from:to]), Max: worstOf(d.Max[from:to]),
		}
		var failed int64
		for _, n := range d.Failed[from:to] {
			failed += n
		}
		row.Failed = integer(failed)
		rows = append(rows, row)
	}
	return rows
}

func meanOf(values []*float64) string {
	sum, n := 0.0, 0
	for _, v := range values {
		if v != nil {
			sum, n = sum+*v, n+1
		}
	}
	if n == 0 {
		return "–"
	}
	return number(sum/float64(n), digits+1)
}

func worstOf(values []*int64) string {
	worst := int64(-1)
	for _, v := range values {
		if v != nil {
			worst = max(worst, *v)
		}
	}
	if worst < 0 {
		return "–"
	}
	return short(worst)
}
