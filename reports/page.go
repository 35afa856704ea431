package reports

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// The page's parts. uplot is vendored from npm as it is (its licence is beside it, its version in ARCHITECTURE.md);
// nothing here needs a build step.
//
//go:embed page/*.html page/*.css page/*.js page/uplot
var pageFiles embed.FS

// pageScripts are joined in this order into one script that shares nothing with uPlot's but its name.
var pageScripts = []string{"format.js", "theme.js", "chart.js", "heat.js", "group.js", "views.js", "table.js", "main.js"}

// page is what the template draws: one document for one run, for several beside each other, or for a bench.
type page struct {
	Title   string
	Verdict verdict
	Note    string // what the page shows, in a sentence
	Bench   *benchView
	Compare *compareView
	Runs    []pageRun
	Charts  any // the numbers the script draws

	Policy string // Content-Security-Policy: nothing but the page's own style and scripts
	Style  template.CSS
	UPlot  template.JS
	Script template.JS
}

// writeHTML writes the report as one page that asks nothing of a network.
func (r *Report) writeHTML(w io.Writer) error {
	run, err := newPageRun(r, "", true)
	if err != nil {
		return err
	}
	p := &page{
		Title:   cmp.Or(r.title(), "a run without a name"),
		Verdict: run.Verdict, Runs: []pageRun{run},
	}
	return p.write(w)
}

// WriteHTMLFile writes the report as a page to a file, which is replaced whole or left as it was.
func (r *Report) WriteHTMLFile(path string) error {
	write := func(w io.Writer) error { return r.Write(w, "html") }
	if err := replaceFile(path, write); err != nil {
		return fmt.Errorf("write page %s: %w", path, err)
	}
	return nil
}

// write draws the page.
func (p *page) write(w io.Writer) error {
	if err := p.assemble(); err != nil {
		return err
	}
	text, err := pageFiles.ReadFile("page/page.html")
	if err != nil {
		return err
	}
	drawn, err := template.New("page").Parse(string(text))
	if err != nil {
		return err
	}
	return drawn.Execute(w, p)
}

// assemble puts style and scripts into the page, and allows them by their hashes.
func (p *page) assemble() error {
	style, err := joined("uplot/uPlot.min.css", "page.css")
	if err != nil {
		return err
	}
	uplot, err := joined("uplot/uPlot.iife.min.js")
	if err != nil {
		return err
	}
	own, err := joined(pageScripts...)
	if err != nil {
		return err
	}
	own = "(() => {\n\"use strict\";\n" + own + "})();\n"
	p.Policy = fmt.Sprintf("default-src 'none'; script-src '%s' '%s'; style-src '%s'; img-src data:; "+
		"base-uri 'none'; form-action 'none'", hashOf(uplot), hashOf(own), hashOf(style))
	p.Style, p.UPlot, p.Script = template.CSS(style), template.JS(uplot), template.JS(own)
	series := make([]chartData, len(p.Runs))
	for i := range p.Runs {
		series[i] = p.Runs[i].chart
	}
	p.Charts = series
	return nil
}

func joined(names ...string) (string, error) {
	var all strings.Builder
	for _, name := range names {
		text, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			return "", err
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String(), nil
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
