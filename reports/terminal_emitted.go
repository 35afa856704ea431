package reports

import (
	"cmp"
	"io"
	"slices"
	"strings"
)

// mostFailing is how many failing checks are shown by name; the JSON document has them all.
const mostFailing = 10

// writeEmitted writes what the script itself counted and checked.
func (r *Report) writeEmitted(w io.Writer) {
	if len(r.Custom.Counters) > 0 {
		line(w, "counters", "%s", listed(r.Custom.Counters))
	}
	if len(r.Checks) == 0 {
		return
	}
	var passed, failed int64
	var failing []Check
	for _, c := range r.Checks {
		passed, failed = passed+c.Passed, failed+c.Failed
		if c.Failed > 0 {
			failing = append(failing, c)
		}
	}
	line(w, "checks", "%s passed, %s failed", integer(passed), integer(failed))
	slices.SortStableFunc(failing, func(a, b Check) int { return cmp.Compare(b.Failed, a.Failed) })
	for i, c := range failing {
		if i == mostFailing {
			line(w, "", "and %d more that failed, in the JSON document", len(failing)-mostFailing)
			return
		}
		line(w, "", "%s failed %s of %s", c.title(), integer(c.Failed), plural(c.Passed+c.Failed, "time"))
	}
}

// title is the check's kind and name, without saying the kind twice.
func (c Check) title() string {
	if c.Kind == "" || strings.HasPrefix(c.Name, c.Kind) {
		return c.Name
	}
	return strings.TrimSpace(c.Kind + " " + c.Name)
}

// ChecksFailed reports whether any check of the script failed.
func (r *Report) ChecksFailed() bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Failed > 0 })
}

// byOrigin parts the judgements of the command's thresholds from those of the script's ensure.
func byOrigin(all []Judgement) (own, script []Judgement) {
	for _, j := range all {
		if j.Origin == originEnsure {
			script = append(script, j)
			continue
		}
		own = append(own, j)
	}
	return own, script
}
