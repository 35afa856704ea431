package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// parts are the texts of a page's elements of a kind, and their attributes.
type part struct {
	attributes map[string]string
	text       string
}

func partsOf(t *testing.T, page []byte, tag string) (parts []part) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != tag {
			continue
		}
		p := part{attributes: map[string]string{}}
		for _, a := range n.Attr {
			p.attributes[a.Key] = a.Val
		}
		for child := range n.Descendants() {
			if child.Type == html.TextNode {
				p.text += child.Data
			}
		}
		parts = append(parts, p)
	}
	return parts
}

// The policy in the page names its style and its scripts by what they are, so that nothing else runs.
func TestPageAllowsItselfAlone(t *testing.T) {
	page := written(t, openSample(), "html")
	var policy string
	for _, meta := range partsOf(t, page, "meta") {
		if meta.attributes["http-equiv"] == "Content-Security-Policy" {
			policy = meta.attributes["content"]
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	running := 0
	for _, script := range partsOf(t, page, "script") {
		if script.attributes["type"] == "" {
			running++
			if !strings.Contains(policy, "'"+hashOf(script.text)+"'") {
				t.Errorf("the policy does not allow the script %.60q", script.text)
			}
		}
	}
	if styles := partsOf(t, page, "style"); len(styles) != 1 || !strings.Contains(policy, "'"+hashOf(styles[0].text)+"'") {
		t.Error("the policy does not allow the style")
	}
	if running != 2 {
		t.Errorf("%d scripts run, want uPlot and the page's", running)
	}
	if outside := regexp.MustCompile(`(src|href)="(https?:)?//`).Find(page); outside != nil {
		t.Errorf("the page asks for %s", outside)
	}
}

func TestPageIsSmall(t *testing.T) {
	page := written(t, &Report{Schema: Schema}, "html")
	if size := len(page); size > 400<<10 {
		t.Errorf("without data it has %d bytes", size)
	}
}

// A script's names and a server's words are text, wherever they are shown.
func TestPageEscapes(t *testing.T) {
	evil := `</script><img src=x onerror=alert(1)>"'&<!--`
	r := judged(t, openSample(), "p99<50ms")
	r.Name, r.Script, r.Plan, r.Warnings = evil, evil, []string{evil}, []string{evil}
	r.Steps[0].Step, r.Steps[0].URL, r.Steps[0].Scenario = evil, evil, evil
	r.Thresholds[0].Source = evil
	r.Checks = []Check{{Kind: evil, Name: evil, Failed: 1}}
	r.UserErrors, r.Environment.Go = map[string]int64{evil: 1}, evil
	r.Generator.Reasons = []string{evil}
	for _, page := range [][]byte{written(t, r, "html"), comparedPage(t, r, r), benchPage(t, r)} {
		if images := partsOf(t, page, "img"); len(images) > 0 {
			t.Errorf("%d images came out of names", len(images))
		}
		for _, script := range partsOf(t, page, "script") {
			if strings.Contains(script.text, "<img") {
				t.Errorf("a name stands as it is in a script of type %q", script.attributes["type"])
			}
		}
	}
}

func comparedPage(t *testing.T, all ...*Report) []byte {
	t.Helper()
	var files []string
	for i := range all {
		files = append(files, fmt.Sprintf("run%d.json", i))
	}
	var out bytes.Buffer
	if err := Compare(files, all).Write(&out, "html"); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func benchPage(t *testing.T, r *Report) []byte {
	t.Helper()
	bench := &Bench{Schema: Schema, Runs: []BenchRun{{Name: "siege.js", PublishedRPS: 1213, Comparable: ComparableMean, ServerCPUs: 1, Report: r}}}
	var out bytes.Buffer
	if err := bench.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A page that was kept is a report that was kept.
func TestPageIsAReport(t *testing.T) {
	r := openSample()
	path := filepath.Join(t.TempDir(), "run.html")
	if err := r.WriteHTMLFile(path); err != nil {
		t.Fatal(err)
	}
	again, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asJSON(t, again), asJSON(t, r); !bytes.Equal(got, want) {
		t.Errorf("the report came back another, of %d bytes instead of %d", len(got), len(want))
	}
}

func TestPagesThatAreNoReport(t *testing.T) {
	r := openSample()
	page := written(t, r, "html")
	source := bytes.Index(page, []byte(sourceBegin)) + len(sourceBegin)
	for name, c := range map[string]struct {
		page []byte
		want string
	}{
		"another page":  {[]byte(pageBegin + "<p>hello"), "without a report"},
		"several runs":  {comparedPage(t, r, r), "several runs"},
		"cut short":     {page[:source+1000], "cut short"},
		"damaged":       {bytes.Replace(page, page[source+20:source+40], []byte("--------------------"), 1), "damaged page"},
		"cut elsewhere": {append(bytes.Clone(page[:source+2003]), "</script>"...), "damaged page"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(c.page), "run.html")
			if err == nil || !strings.Contains(err.Error(), "run.html: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want run.html and %q", err, c.want)
			}
		})
	}
}

func TestChartData(t *testing.T) {
	r := openSample()
	d, err := newChartData(r, "")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Offered); n != len(r.Series) || len(d.P99) != n || len(d.Users) != n || len(d.Heat.Columns) != n {
		t.Fatalf("%d columns of %d seconds", n, len(r.Series))
	}
	if d.Offered[14] == nil || d.Offered[15] != nil {
		t.Error("a whole second has a rate, and the one that was cut short has none")
	}
	var responses, failed, kinds int64
	for i, column := range d.Heat.Columns {
		for k := 0; k < len(column); k += 2 {
			if row := column[k]; row < 0 || row >= int64(d.Heat.Rows) {
				t.Fatalf("row %d of %d", row, d.Heat.Rows)
			}
			responses += column[k+1]
		}
		failed += d.Failed[i]
		for _, kind := range d.Kinds {
			kinds += kind.Counts[i]
		}
	}
	if responses != r.Responses || failed != r.Requests-r.Successes || kinds != r.Requests {
		t.Errorf("%d responses, %d failed, %d of any kind; the report has %d, %d, %d",
			responses, failed, kinds, r.Responses, r.Requests-r.Successes, r.Requests)
	}
}

// A week makes as large a page as an hour, and loses nothing.
func TestChartDataIsBounded(t *testing.T) {
	r := &Report{Duration: 7 * 24 * time.Hour, StatusCodes: map[string]int64{}, Errors: map[string]int64{}}
	for i := range maxSeconds {
		second := Second{At: time.Duration(i) * time.Second, Offered: 3, Requests: 3, Successes: 1, StatusCodes: map[string]int64{"200": 1}}
		second.Errors = map[string]int64{fmt.Sprintf("E%d", i%40): 2}
		r.Series = append(r.Series, second)
		r.StatusCodes["200"]++
		r.Errors[fmt.Sprintf("E%d", i%40)] += 2
	}
	d, err := newChartData(r, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Offered) > mostColumns || len(d.Kinds) != mostKinds+1 {
		t.Errorf("%d columns, %d kinds", len(d.Offered), len(d.Kinds))
	}
	if *d.Offered[0] != 3 || *d.Answered[0] != 1 {
		t.Errorf("%v offered and %v answered a second", *d.Offered[0], *d.Answered[0])
	}
	var all int64
	for _, kind := range d.Kinds {
		for _, n := range kind.Counts {
			all += n
		}
	}
	if all != 3*maxSeconds || d.Kinds[mostKinds].Name != otherKinds {
		t.Errorf("%d requests of all kinds, the last of which is %q", all, d.Kinds[mostKinds].Name)
	}
}

// The curve goes as far as there are requests to say it, ends at the longest, and never falls.
func TestCurve(t *testing.T) {
	r := closedSample()
	d, err := newChartData(r, "")
	if err != nil {
		t.Fatal(err)
	}
	at := d.Curves[0].At
	for i := 1; i < len(at); i++ {
		if at[i][0] <= at[i-1][0] || at[i][1] < at[i-1][1] {
			t.Fatalf("it falls from %v to %v", at[i-1], at[i])
		}
	}
	last := at[len(at)-1]
	if last[0] != float64(r.Response.Count) || math.Abs(last[1]/float64(r.Response.Max)-1) > 0.01 {
		t.Errorf("it ends at %v; %d requests took at most %d ns", last, r.Response.Count, r.Response.Max)
	}
}

func TestVerdictOfAPage(t *testing.T) {
	broken, script := judged(t, openSample(), "p99<1ns,errors<50%"), judged(t, openSample(), "errors<50%")
	script.Checks = []Check{{Name: "x", Failed: 1}}
	optional := openSample()
	optional.Thresholds = []Judgement{{Source: "a", Optional: true}, {Source: "b", Pass: true}}
	own := closedSample()
	own.Generator.Limit = LimitGenerator
	for name, c := range map[string]struct {
		report         *Report
		kind, headline string
	}{
		"all hold":          {judged(t, openSample(), "p99<100s,errors<50%"), "pass", "All 2 thresholds hold"},
		"one does not":      {broken, "fail", "1 of 2 thresholds does not hold"},
		"a check failed":    {script, "fail", "Answers were not what the script expects"},
		"only told":         {optional, "pass", "The threshold holds"},
		"not judged":        {closedSample(), "warn", "2,100 successful requests per second"},
		"generator's limit": {own, "warn", "2,100 successful requests per second"},
		"nothing sent":      {&Report{}, "warn", "No request was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			if v := c.report.verdict(); v.Kind != c.kind || v.Headline != c.headline {
				t.Errorf("it says %s: %s; want %s: %s", v.Kind, v.Headline, c.kind, c.headline)
			}
		})
	}
}

// What was due and never sent comes first, whoever reads on or not.
func TestUnsentIsFirst(t *testing.T) {
	r := openSample()
	if tiles := r.tiles(); tiles[0].Name != "Never sent" || tiles[0].Value != "12" {
		t.Errorf("the first figure is %+v", tiles[0])
	}
	if text := r.sentence(); !strings.HasPrefix(text, "12 requests that were due never left") {
		t.Errorf("it begins with %q", text)
	}
}

func TestComparedFiguresAreMarked(t *testing.T) {
	slow, fast := closedSample(), closedSample()
	fast.RPS.Mean = new(2 * *slow.RPS.Mean)
	fast.Response.P50 = 3 * slow.Response.P50
	fast.Response.P99 = slow.Response.P99 * 104 / 100
	marks := map[string]string{}
	for _, row := range Compare([]string{"a.json", "b.json"}, []*Report{slow, fast}).view([]string{"a", "b"}).Rows {
		marks[row.Name] = row.Cells[1].Mark
		if row.Cells[0].Mark != "" {
			t.Errorf("the first run is marked as %s than itself in %s", row.Cells[0].Mark, row.Name)
		}
	}
	for name, want := range map[string]string{"rps, mean": "better", "response p50": "worse", "response p99": "", "requests": ""} {
		if marks[name] != want {
			t.Errorf("%s is marked %q, want %q", name, marks[name], want)
		}
	}
}

func TestTooManyRunsOnAPage(t *testing.T) {
	all := make([]*Report, mostCompared+1)
	files := make([]string, len(all))
	for i := range all {
		all[i], files[i] = closedSample(), fmt.Sprint(i)
	}
	err := Compare(files, all).Write(&bytes.Buffer{}, "html")
	if err == nil || !strings.Contains(err.Error(), "give 8 at most") {
		t.Errorf("the error is %v", err)
	}
}

func TestBenchPage(t *testing.T) {
	page := benchPage(t, closedSample())
	for _, want := range []string{"2,100 requests per second in the best of 1 run", "1,213", "1.7×"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if err := (&Bench{}).WriteHTML(&bytes.Buffer{}); err == nil {
		t.Error("a bench without runs became a page")
	}
}

// A file that was there stays as it was when the page cannot be written.
func TestPageReplacesWholeOrNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.html")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := openSample()
	r.Response.HDR = "damaged"
	if err := r.WriteHTMLFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v, want one that names %s", err, path)
	}
	if kept, _ := os.ReadFile(path); string(kept) != "before" {
		t.Errorf("the file is now %.30q", kept)
	}
}

// What the script is handed is valid JSON whatever the names are.
func TestChartsAreJSON(t *testing.T) {
	r := openSample()
	r.Errors = map[string]int64{"\u2028</script>\x00\xff": 1}
	for _, script := range partsOf(t, written(t, r, "html"), "script") {
		if script.attributes["id"] == "charts" {
			var series []chartData
			if err := json.Unmarshal([]byte(script.text), &series); err != nil || len(series) != 1 {
				t.Errorf("%d runs, %v", len(series), err)
			}
			return
		}
	}
	t.Error("the page has no charts")
}
