package reports

import (
	"crypto/sha256"
	"encoding/base64"
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
	page, err := template.New("gate").Parse(gateTemplate)
	if err != nil {
		return fmt.Errorf("parse the page of a gate: %w", err) // a test writes one
	}
	hash := sha256.Sum256([]byte(gateStyle))
	data := struct {
		*Gate
		Style   template.CSS
		Policy  string
		Columns []string
		Table   [][]string
		Charts  []gateChart
		About   [][2]string
	}{
		Gate: g, Style: template.CSS(gateStyle), Columns: g.tableColumns(), Charts: g.charts(), About: g.about(),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
	}
	for _, m := range g.Metrics {
		data.Table = append(data.Table, g.tableRow(m))
	}
	return page.Execute(w, data)
}

// about returns what a reader needs to know of how the gate was run.
func (g *Gate) about() [][2]string {
	rows := [][2]string{
		{"error rate", g.claim()},
		{"pairs", g.pairsText()},
		{"load", fmt.Sprintf("%s: closed loop, then %s requests/s (the base holds %s)", g.Load, number(g.OfferedRPS, digits), number(g.CapacityRPS, digits))},
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

// Colours are of Okabe and Ito's palette, which people with any colour vision tell apart; what they say is also said by
// shape or word.
const gateStyle = `
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#5c5c5c;--line:#d5d5d5;--ground:#fff;--card:#f6f6f6;--good:#0072b2;--bad:#b84a00;--band:#0072b233}
@media(prefers-color-scheme:dark){:root{--ink:#ececec;--soft:#a8a8a8;--line:#444;--ground:#161616;--card:#222;--good:#56b4e9;--bad:#ff9d4d;--band:#56b4e933}}
body{margin:0 auto;max-width:60rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .25rem}
.verdict{display:inline-block;padding:.1rem .6rem;border:2px solid currentColor;border-radius:.3rem}
.PASS{color:var(--good)}.FAIL,.INVALID{color:var(--bad)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.25rem .5rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th:first-child,td:first-child{text-align:left}
.about th,.about td{text-align:left;overflow-wrap:anywhere}.scroll{overflow-x:auto}
svg{width:100%;height:auto;background:var(--card);border-radius:.3rem}
svg text{fill:var(--soft);font-size:11px}
.grid{stroke:var(--line)}.zero{stroke:var(--ink)}.margin{stroke:var(--bad);stroke-dasharray:6 4;stroke-width:1.5}
.estimate{stroke:var(--good);stroke-width:1.5}.band{fill:var(--band)}
.point{fill:var(--good)}.over{fill:none;stroke:var(--bad);stroke-width:2}
summary{cursor:pointer;color:var(--soft)}
`

const gateTemplate = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>imgsvc gate: {{.Verdict}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1>Gate: <span class="verdict {{.Verdict}}">{{.Verdict}}</span></h1>
<p>{{.Summary}}</p>
{{if .Further}}<ul>{{range .Further}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{range .Warnings}}<p><strong>Warning:</strong> {{.}}</p>{{end}}
<div class="scroll"><table>
<caption>Costs of the candidate against those of the base; above 0 is worse</caption>
<thead><tr>{{range .Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>{{range .Table}}<tr>{{range $i, $cell := .}}{{if $i}}<td>{{$cell}}</td>{{else}}<th scope="row">{{$cell}}</th>{{end}}{{end}}</tr>
{{end}}</tbody>
</table></div>
{{range .Metrics}}{{if .Reason}}<p>{{.Name}} is not gated: {{.Reason}}</p>{{end}}{{end}}
{{range .Charts}}
<section>
<h2>{{.Name}}: {{.Verdict}}</h2>
<svg viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-labelledby="t-{{.Name}} d-{{.Name}}">
<title id="t-{{.Name}}">{{.Name}}, pair by pair</title>
<desc id="d-{{.Name}}">{{.Describes}}</desc>
{{$c := .}}
{{if .Band}}<rect class="band" x="{{.Left}}" y="{{.BandTop}}" width="{{.Span}}" height="{{.BandHeight}}"/>{{end}}
{{range .Ticks}}<line class="grid" x1="{{$c.Left}}" x2="{{$c.Right}}" y1="{{.At}}" y2="{{.At}}"/><text x="{{$c.TickX}}" y="{{.At}}" dy="4" text-anchor="end">{{.Name}}</text>
{{end}}<line class="zero" x1="{{.Left}}" x2="{{.Right}}" y1="{{.Zero}}" y2="{{.Zero}}"/>
<line class="estimate" x1="{{.Left}}" x2="{{.Right}}" y1="{{.Estimate}}" y2="{{.Estimate}}"/>
<line class="margin" x1="{{.Left}}" x2="{{.Right}}" y1="{{.Margin}}" y2="{{.Margin}}"/>
<text x="{{.Right}}" y="{{.Margin}}" dx="-2" dy="-4" text-anchor="end">{{.MarginName}}</text>
{{range .Points}}{{if .Over}}<circle class="over" cx="{{.X}}" cy="{{.Y}}" r="4"><title>{{.Title}}</title></circle>{{else}}<circle class="point" cx="{{.X}}" cy="{{.Y}}" r="4"><title>{{.Title}}</title></circle>{{end}}
{{end}}{{range .Pairs}}<text x="{{.At}}" y="{{$c.Below}}" text-anchor="middle">{{.Name}}</text>{{end}}
</svg>
<details><summary>{{.Name}} as a table</summary><div class="scroll"><table>
<thead><tr><th scope="col">pair</th><th scope="col">first</th><th scope="col">base</th><th scope="col">candidate</th><th scope="col">worse by</th></tr></thead>
<tbody>{{range .Rows}}<tr><th scope="row">{{.Pair}}</th><td>{{.First}}</td><td>{{.Base}}</td><td>{{.Candidate}}</td><td>{{.Ratio}}</td></tr>
{{end}}</tbody></table></div></details>
</section>
{{end}}
{{if .Charts}}<p>Points: pairs; hollow ones are worse than the margin. Solid line: estimate; band: its interval; dashed: the margin.</p>{{end}}
<h2>How it was run</h2>
<table class="about"><tbody>{{range .About}}<tr><th scope="row">{{index . 0}}</th><td>{{index . 1}}</td></tr>
{{end}}</tbody></table>
</main>
</body>
</html>
`

// Span is how wide the chart's lines are.
func (c gateChart) Span() float64 { return c.Right - c.Left }

// TickX is where the names of ticks end.
func (c gateChart) TickX() float64 { return c.Left - 6 }

// Below is the line of the names along the bottom.
func (c gateChart) Below() float64 { return c.Height - 8 }
