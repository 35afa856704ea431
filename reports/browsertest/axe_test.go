package browsertest

import (
	_ "embed"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe is axe-core, as npm has it.
//
//go:embed testdata/axe/axe.min.js
var axe string

// violation is a rule of axe-core that the page breaks, and where.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// TestAccessible asks axe-core about the pages, with everything on them opened: WCAG 2.2 A and AA and its best practices.
func TestAccessible(t *testing.T) {
	small, slower := newDocument(t, "before", 30, 3, 1), newDocument(t, "after", 30, 3, 1.5)
	pages := map[string][]byte{"one run": drawn(t, small), "two runs": drawn(t, small, slower), "bench": benched(t)}
	for name, html := range pages {
		t.Run(name, func(t *testing.T) {
			url := served(t, html)
			b := newTab(t, 1200, 900)
			b.open(url)
			b.accessible("light")
			eval[bool](b, `document.getElementById("theme").click() ?? true`)
			b.accessible("dark")
			b.size(375, 800)
			b.accessible("on a phone")
			b.shot(name + " phone dark")
			eval[bool](b, `document.getElementById("theme").click() ?? true`)
			b.shot(name + " phone")
			if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("on a phone the page is %.0f pixels too wide", wide)
			}
		})
	}
}

// accessible fails the test for each rule that is broken in a way axe-core calls moderate, serious or critical.
func (b *tab) accessible(how string) {
	b.t.Helper()
	eval[bool](b, `document.querySelectorAll("details").forEach((d) => { d.open = true; }) ?? true`)
	b.do(chromedp.Evaluate[chromedp.Void](axe + "\nundefined"))
	found := eval[[]violation](b, `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.map(
		(v) => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map((n) => ({HTML: n.html.slice(0, 200), FailureSummary: n.failureSummary}))})))`)
	for _, v := range found {
		if v.Impact == "minor" {
			continue
		}
		text := fmt.Sprintf("%s: %s (%s)", v.ID, v.Help, v.Impact)
		for _, n := range v.Nodes {
			text += "\n  " + n.HTML + "\n  " + n.FailureSummary
		}
		b.t.Errorf("%s: %s", how, text)
	}
}
