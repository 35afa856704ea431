package reports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	textWidth = 100 // columns the text keeps to
	labels    = 12  // columns of the names before the figures
	mostSteps = 20  // rows; the JSON document has them all

	usualProtocol = "HTTP/1.1" // goes without saying
)

// writeText writes the report to be read in ten seconds: what was not sent, what was held, how long it took, what
// went wrong, and what limited it.
func (r *Report) writeText(w io.Writer) error {
	if r.Unsent > 0 {
		line(w, "UNSENT", "%s requests were due and never left; the figures are of those that did", integer(r.Unsent))
	}
	r.writeHeadline(w)
	fmt.Fprintln(w)
	r.writeDurations(w)
	fmt.Fprintln(w)
	r.writeCounts(w)
	if len(r.Steps) > 1 {
		fmt.Fprintln(w)
		r.writeSteps(w)
	}
	fmt.Fprintln(w)
	r.writeVerdict(w)
	return nil
}

// line writes a name and what belongs to it, in as many lines as that takes.
func line(w io.Writer, label, format string, args ...any) {
	text := wrap(plain(fmt.Sprintf(format, args...)), textWidth-labels, strings.Repeat(" ", labels))
	fmt.Fprintf(w, "%-*s%s\n", labels, label, text)
}

func (r *Report) writeHeadline(w io.Writer) {
	line(w, "run", "%s", cmp.Or(r.title(), "–"))
	if len(r.Generators) > 0 {
		line(w, "generators", "%d: %s", len(r.Generators), r.generatorFiles())
	}
	rest := ""
	if r.Protocol != "" && r.Protocol != usualProtocol {
		rest = ", " + r.Protocol
	}
	if r.Stopped {
		rest += ", stopped early"
	}
	line(w, "", "%s, %s%s", r.StartedAt.Format(time.DateTime+" MST"), short(int64(r.Duration)), rest)
	line(w, "rps", "%s mean · %s in the best second · %s in the best 10 s",
		throughput(r.RPS.Mean), throughput(r.RPS.Peak1s), throughput(r.RPS.Peak10s))
	line(w, "requests", "%s, %s successful", integer(r.Requests), r.successText())
	if values := r.wholeSeconds(); len(values) > 1 {
		line(w, "over time", "%s  up to %s/s", sparkline(values, 60), number(slices.Max(values), digits+1))
	}
}

// title is the run's label, script and target, without saying anything twice.
func (r *Report) title() string {
	var parts []string
	for _, part := range []string{r.Name, r.Script, r.Target} {
		if part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

func (r *Report) successText() string {
	if r.SuccessRatio == nil {
		return "–"
	}
	return percent(*r.SuccessRatio)
}

// wholeSeconds returns the successes of each second that was not cut short.
func (r *Report) wholeSeconds() []float64 {
	var values []float64
	for _, s := range r.Series {
		if s.At+time.Second <= r.Duration {
			values = append(values, float64(s.Successes))
		}
	}
	return values
}

func (r *Report) writeDurations(w io.Writer) {
	fmt.Fprintf(w, "%-*s%8s%8s%8s%8s%8s%8s\n", labels, "", "p50", "p90", "p99", "p99.9", "max", "mean")
	row := func(label string, d Distribution, from string) {
		if d.Count == 0 {
			return
		}
		fmt.Fprintf(w, "%-*s", labels, label)
		for _, ns := range []int64{d.P50, d.P90, d.P99, d.P999, d.Max, d.Mean} {
			fmt.Fprintf(w, "%8s", short(ns))
		}
		fmt.Fprintln(w, strings.TrimRight("   "+from, " "))
	}
	row("response", r.Response, "due → last byte")
	if len(r.ResponseByClass) > 1 {
		for _, class := range slices.Sorted(maps.Keys(r.ResponseByClass)) {
			row("  "+clip(plain(class), labels-3), r.ResponseByClass[class], "")
		}
	}
	row("latency", r.Latency, "sent → last byte")
	row("first byte", r.FirstByte, "written → response head")
	row("lag", r.Lag, "due → sent")
	row("session", r.Session, "a user's whole scenario")
}

func (r *Report) writeCounts(w io.Writer) {
	line(w, "status", "%s", listed(r.StatusCodes))
	line(w, "errors", "%s", listed(r.Errors))
	if len(r.UserErrors) > 0 {
		line(w, "user errors", "%s", listed(r.UserErrors))
	}
	line(w, "bytes", "%s in, %s out", size(r.Bytes.In), size(r.Bytes.Out))
	r.writeEmitted(w)
	if r.Reconnects > 0 {
		line(w, "reconnects", "%s", integer(r.Reconnects))
	}
	if u := r.Users; u.Created > 0 || u.Skipped > 0 {
		text := fmt.Sprintf("%s created, %s completed, %s failed, peak %s",
			integer(u.Created), integer(u.Completed), integer(u.Failed), integer(u.Peak))
		if u.Skipped > 0 {
			text += fmt.Sprintf(", %s skipped", integer(u.Skipped))
		}
		line(w, "users", "%s", text)
	}
}

// listed writes counts by name, the highest first.
func listed(counts map[string]int64) string {
	if len(counts) == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	for i, name := range names {
		names[i] = name + " × " + integer(counts[name])
	}
	return strings.Join(names, ", ")
}

// text writes one of the distribution's figures, or – if it has no samples.
func (d Distribution) text(ns int64) string {
	if d.Count == 0 {
		return "–"
	}
	return short(ns)
}

// limitText says what limited the run in words.
func (r *Report) limitText() string {
	if r.Requests == 0 {
		return "unknown, as there were no requests"
	}
	return r.Generator.words()
}

func (r *Report) writeVerdict(w io.Writer) {
	lines := []string{"limit: " + r.limitText()}
	if waits := r.Generator.waits(); waits != "" && r.Requests > 0 {
		lines = append(lines, waits)
	}
	if ceiling := r.ofCeiling(); ceiling != "" {
		lines = append(lines, ceiling)
	}
	if r.ClosedUsers > 0 {
		lines = append(lines, "closed loop: a stall is seen by at most "+plural(int64(r.ClosedUsers), "request"))
	}
	own, script := byOrigin(r.Thresholds)
	lines = append(lines, judgements(own)...)
	if len(script) > 0 {
		lines = append(lines, ensured(script)...)
	}
	if text := apdexText(r.Custom.Counters); text != "" {
		lines = append(lines, text)
	}
	for _, warning := range r.Warnings {
		lines = append(lines, "warning: "+warning)
	}
	for _, text := range lines {
		fmt.Fprintln(w, wrap(plain(text), textWidth, "  "))
	}
}
