package reports

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// writeMarkdown writes a summary for a pull request or a CI job's page.
func (r *Report) writeMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "### %s\n\n", escaped(cmp.Or(r.title(), "imgsvc report")))
	if r.Unsent > 0 {
		fmt.Fprintf(w, "**%s requests were due and never sent.**\n\n", integer(r.Unsent))
	}
	if len(r.Generators) > 0 {
		fmt.Fprintf(w, "Of %d generators: %s\n\n", len(r.Generators), escaped(r.generatorFiles()))
	}
	r.writeMarkdownFigures(w)
	if len(r.Thresholds) > 0 {
		fmt.Fprintf(w, "\n| threshold | value | |\n| --- | ---: | --- |\n")
		for _, j := range r.Thresholds {
			_, value, _ := j.parts()
			fmt.Fprintf(w, "| %s | %s | %s |\n", escaped(j.Source), escaped(value), j.verdict())
		}
	}
	fmt.Fprintf(w, "\nLimit: %s\n", escaped(r.limitText()))
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "\nWarning: %s\n", escaped(warning))
	}
	return nil
}

func (r *Report) writeMarkdownFigures(w io.Writer) {
	fmt.Fprintf(w, "| | |\n| --- | ---: |\n")
	for _, row := range [][2]string{
		{"requests", integer(r.Requests) + " in " + short(int64(r.Duration))},
		{"success", r.successText()},
		{"RPS, mean", throughput(r.RPS.Mean)},
		{"RPS, best second", throughput(r.RPS.Peak1s)},
		{"RPS, best 10 s", throughput(r.RPS.Peak10s)},
		{"response p50", r.Response.text(r.Response.P50)},
		{"response p99", r.Response.text(r.Response.P99)},
		{"response max", r.Response.text(r.Response.Max)},
		{"latency p99", r.Latency.text(r.Latency.P99)},
		{"status", listed(r.StatusCodes)},
		{"errors", listed(r.Errors)},
	} {
		fmt.Fprintf(w, "| %s | %s |\n", row[0], escaped(row[1]))
	}
}

// escaped is text that means only itself in a Markdown table.
func escaped(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;", "[", `\[`, "#", `\#`,
	).Replace(plain(text))
}
