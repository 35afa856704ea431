package reports

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

// WriteHTMLFile writes a page that shows every pair: one file without scripts that fetches nothing.
func (g *Gate) WriteHTMLFile(path string) error {
	if err := replaceFile(path, g.writeHTML); err != nil {
		return fmt.Errorf("write gate %s: %w", path, err)
	}
	return nil
}

func (g *Gate) writeHTML(w io.Writer) error {
	text, err := pageFiles.ReadFile("page/gate.html")
	if err != nil {
		return err
	}
	page, err := template.New("gate").Parse(string(text))
	if err != nil {
		return err
	}
	style, err := joined("page.css", "gate.css")
	if err != nil {
		return err
	}
	data := struct {
		*Gate
		Style   template.CSS
		Policy  string
		Kind    string // of the verdict, to the style
		Columns []string
		Table   [][]string
		Charts  []gateChart
		About   [][2]string
	}{
		Gate: g, Style: template.CSS(style), Kind: verdictKind(g.Verdict), Columns: g.tableColumns(), Charts: g.charts(), About: g.about(),
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", hashOf(style)),
	}
	for _, m := range g.Metrics {
		data.Table = append(data.Table, g.tableRow(m))
	}
	return page.Execute(w, data)
}

// verdictKind is what the style calls a verdict.
func verdictKind(verdict string) string {
	switch verdict {
	case VerdictPass:
		return "pass"
	case VerdictFail, VerdictInvalid:
		return "fail"
	}
	return "warn"
}

// about returns what a reader needs to know of how the gate was run.
func (g *Gate) about() [][2]string {
	rows := [][2]string{
		{"error rate", g.claim()},
		{"pairs", g.pairsText()},
		{"load", g.loadText()},
		{"base", g.Base}, {"candidate", g.Candidate},
		{"coin", fmt.Sprintf("seed %d", g.Seed)},
		{"run", fmt.Sprintf("%s, %s", g.StartedAt.Format(time.DateTime+" MST"), rounded(g.Duration))},
		{"machine", fmt.Sprintf("%d CPUs, %s/%s, imgsvc %s", g.Environment.CPUs, g.Environment.OS, g.Environment.Arch, g.Environment.Imgsvc)},
	}
	if len(g.Places) > 0 {
		rows = append(rows, [2]string{"server CPUs", strings.Join(g.Places, " or ") + ", as the coin dealt them"})
	}
	return rows
}

// Span is how wide the chart's lines are.
func (c gateChart) Span() float64 { return c.Right - c.Left }

// TickX is where the names of ticks end.
func (c gateChart) TickX() float64 { return c.Left - 6 }

// Below is the line of the names along the bottom.
func (c gateChart) Below() float64 { return c.Height - 8 }

// Kind is what the style calls the chart's verdict.
func (c gateChart) Kind() string { return verdictKind(c.Verdict) }
