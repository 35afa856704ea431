package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

func (r *Report) writeSteps(w io.Writer) {
	fmt.Fprintf(w, "%-*s%10s%10s%8s%8s%8s\n", labels, "steps", "requests", "success", "p50", "p99", "max")
	shown := r.busiestSteps()
	for _, s := range shown {
		success := "–"
		if s.Requests > 0 {
			success = percent(float64(s.Successes) / float64(s.Requests))
		}
		fmt.Fprintf(w, "%*s%10s%10s%8s%8s%8s   %s\n", labels, "", integer(s.Requests), success,
			s.Response.text(s.Response.P50), s.Response.text(s.Response.P99), s.Response.text(s.Response.Max),
			clip(plain(s.title(origin(r.Target))), textWidth-labels-47))
	}
	if left := len(r.Steps) - len(shown); left > 0 {
		line(w, "", "and %d more in the JSON document", left)
	}
}

// busiestSteps returns the steps with the most requests, in the order of the script.
func (r *Report) busiestSteps() []Step {
	order := make([]int, len(r.Steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Steps[b].Requests, r.Steps[a].Requests) })
	order = order[:min(len(order), mostSteps)]
	slices.Sort(order)
	steps := make([]Step, len(order))
	for i, at := range order {
		steps[i] = r.Steps[at]
	}
	return steps
}

// title is what the step does, its URL without the origin that goes without saying.
func (s Step) title(origin string) string {
	url := s.URL
	if path, same := strings.CutPrefix(url, origin); same && strings.HasPrefix(path, "/") {
		url = path
	}
	title := s.Method + " " + url
	if s.Step != "" {
		title += " (" + s.Step + ")"
	}
	return strings.TrimSpace(title)
}

// origin returns a URL's scheme, host and port.
func origin(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
