package browsertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// titles are the charts of a run in which there was something of everything.
var titles = []string{
	"Requests per second", "Response over time", "Responses by how long they took", "Errors and status codes", "Users", "Percentiles",
}

// allDrawn fails the test for each chart that is missing, or empty but for its axes: a chart that was drawn has the
// colours of its lines in it.
func allDrawn(b *tab, wanted []string) {
	b.t.Helper()
	colours := eval[map[string]int](b, `Object.fromEntries([...document.querySelectorAll(".chart")].map((box) => {
		const canvas = box.querySelector("canvas");
		const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
		let strong = 0;
		for (let i = 0; i < data.length; i += 4) {
			const high = Math.max(data[i], data[i+1], data[i+2]), low = Math.min(data[i], data[i+1], data[i+2]);
			if (data[i+3] > 200 && high - low > 30) strong++;
		}
		return [box.querySelector(".title").textContent, strong];
	}))`)
	for _, title := range wanted {
		if strong, there := colours[title]; !there || strong < 50 {
			b.t.Errorf("chart %q: there %v, %d pixels of its lines", title, there, strong)
		}
	}
	if len(colours) != len(wanted) {
		b.t.Errorf("%d charts, want %d: %v", len(colours), len(wanted), colours)
	}
}

func TestSmallReportIsDrawn(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 30, 3, 1)))
	b := newTab(t, 1200, 900)
	b.open(url)
	allDrawn(b, titles)
	b.quiet(url)
	b.shot("report")
	if text := eval[string](b, `document.querySelector("h1").innerText`); !strings.Contains(text, "1 of 2 thresholds does not hold") {
		t.Errorf("the verdict is %q", text)
	}
	eval[bool](b, `document.getElementById("theme").click() ?? true`)
	allDrawn(b, titles)
	b.shot("report-dark")
}

// A page that came by mail is opened from a file.
func TestOpensFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.html")
	if err := os.WriteFile(path, drawn(t, newDocument(t, "nightly", 5, 1, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	b := newTab(t, 1200, 900)
	b.open("file://" + path)
	allDrawn(b, titles)
	b.quiet("file://" + path)
}

// An hour of fifty steps is there within two seconds: the least of several loads, since what else the machine does is
// not the page's.
func TestAnHourLoadsFast(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "an hour", 3600, 50, 1)))
	b := newTab(t, 1200, 900)
	least := 1e9
	for range 10 {
		b.open(url)
		least = min(least, eval[float64](b, `performance.getEntriesByName("drawn")[0].startTime`))
		if least < 2000 {
			break
		}
	}
	t.Logf("drawn %.0f ms after the page was asked for", least)
	if least >= 2000 {
		t.Errorf("the quickest of 10 loads took %.0f ms", least)
	}
	allDrawn(b, titles)
	b.quiet(url)
	b.shot("hour")
}

// Names come from scripts and servers. None of them is ever taken for markup.
func TestHostileNames(t *testing.T) {
	evil := `</script><script>window.taken = 1</script><img src=x onerror="window.taken = 1"><svg onload="window.taken = 1">` +
		`'"` + "`${alert(1)}`" + ` {{ alert }} ]]> <!-- ` + "\u202e\u2028\u0000"
	d := newDocument(t, evil, 20, 2, 1)
	d["script"], d["target"] = evil, "javascript:alert(1)//"+evil
	d["plan"], d["warnings"] = []string{evil}, []string{evil, strings.Repeat("long", 5000)}
	d["errors"] = map[string]int{evil: 80}
	for _, s := range d["series"].([]any) {
		s.(map[string]any)["errors"] = map[string]int{evil: 4}
	}
	for _, s := range d["steps"].([]any) {
		for _, key := range []string{"scenario", "step", "method", "url"} {
			s.(map[string]any)[key] = evil
		}
	}
	d["checks"] = []any{map[string]any{"kind": evil, "name": evil, "passed": 1, "failed": 1}}
	d["thresholds"] = []any{map[string]any{"source": evil, "value": 1, "pass": false, "reason": evil, "origin": "ensure"}}
	d["environment"].(map[string]any)["go"] = evil
	d["user_errors"], d["custom"].(map[string]any)["counters"] = map[string]int{evil: 1}, map[string]int{evil: 1}
	for _, width := range []int64{1200, 360} {
		url := served(t, drawn(t, d, d))
		b := newTab(t, width, 900)
		b.open(url)
		eval[bool](b, `document.querySelectorAll("details").forEach((d) => { d.open = true; }) ?? true`)
		if taken := eval[bool](b, `window.taken !== undefined || document.querySelectorAll("img, svg[onload]").length > 0`); taken {
			t.Error("a name was taken for markup")
		}
		if said := eval[bool](b, `document.body.innerText.includes("<img src=x onerror=")`); !said {
			t.Error("the name is not shown as it is")
		}
		if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("at %d the page is %.0f pixels too wide", width, wide)
		}
		b.quiet(url)
	}
}

// The policy in the page allows its own two scripts and nothing else.
func TestPolicyHolds(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 3, 1, 1)))
	b := newTab(t, 1200, 900)
	b.open(url)
	ran := eval[bool](b, `new Promise((done) => {
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		const image = new Image();
		image.onload = image.onerror = () => done(window.ran === true);
		image.src = location.href + "stolen";
	})`)
	if ran {
		t.Error("a foreign script ran")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	refused := 0
	for _, trouble := range b.trouble {
		if strings.Contains(trouble, "Content Security Policy") {
			refused++
		}
	}
	if refused < 2 {
		t.Errorf("the policy refused %d of a script and an image: %v", refused, b.trouble)
	}
}

func TestKeyboardAndPointer(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 30, 3, 1)))
	b := newTab(t, 1200, 900)
	b.open(url)
	b.do(chromedp.Focus(chromedp.CSS(".plot")), chromedp.KeyEvent("\u0304")) // arrow right
	readouts := `[...document.querySelectorAll("[data-charts] .chart")].slice(0, 5).map((c) => c.querySelector(".at").textContent).join("|")`
	if at := eval[string](b, readouts); at != strings.Repeat("1 s (10:00:01 UTC)|", 4)+"1 s (10:00:01 UTC)" {
		t.Errorf("after an arrow key the charts stand at %q", at)
	}
	said := eval[string](b, `document.querySelector(".plot").getAttribute("aria-valuetext")`)
	if !strings.Contains(said, "offered 404") || !strings.Contains(said, "successful 398") {
		t.Errorf("a screen reader hears %q", said)
	}
	whole := eval[string](b, `document.getElementById("said").textContent`)
	b.do(chromedp.KeyEvent("+"))
	if zoomed := eval[string](b, `document.getElementById("said").textContent`); zoomed == whole || !strings.HasPrefix(zoomed, "from ") {
		t.Errorf("after + a screen reader hears %q", zoomed)
	}
	b.do(chromedp.KeyEvent("0"))
	box := eval[[]float64](b, `(() => {
		const over = document.querySelectorAll(".u-over")[1];
		over.scrollIntoView({ block: "center", behavior: "instant" });
		const box = over.getBoundingClientRect();
		return [box.left, box.top + 20, box.width];
	})()`)
	b.do(chromedp.DragAndDropXY(box[0]+.2*box[2], box[1], box[0]+.6*box[2], box[1]))
	if zoomed := eval[string](b, `document.getElementById("said").textContent`); !strings.HasPrefix(zoomed, "from 5 s to 17 s") && !strings.HasPrefix(zoomed, "from 6") {
		t.Errorf("a drag over the middle of the second chart showed %q", zoomed)
	}
	b.do(chromedp.Click(chromedp.CSS(".readout button")))
	if pressed := eval[string](b, `document.querySelector(".readout button").getAttribute("aria-pressed")`); pressed != "false" {
		t.Errorf("a line that was hidden is %q", pressed)
	}
	b.quiet(url)
}

func TestStepsSortAndFilter(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 5, 50, 1)))
	b := newTab(t, 1200, 900)
	b.open(url)
	first := `document.querySelector(".sortable tbody tr th").textContent`
	for _, want := range []string{"step 049", "step 000"} { // by requests, the most first, then the fewest
		eval[bool](b, `document.querySelectorAll(".sortable thead button")[2].click() ?? true`)
		if got := eval[string](b, first); !strings.Contains(got, want) {
			t.Errorf("the first row is %q, want %s", got, want)
		}
	}
	b.do(chromedp.SendKeys(chromedp.CSS(".steps input"), "STEP 01"))
	if shown := eval[string](b, `document.querySelector(".steps .shown").textContent`); shown != "10 of 50" {
		t.Errorf("the filter shows %q", shown)
	}
}

// The page is the report: what it was made from comes out of it again.
func TestReportComesOut(t *testing.T) {
	d := newDocument(t, "nightly", 5, 2, 1)
	url := served(t, drawn(t, d))
	b := newTab(t, 1200, 900)
	b.open(url)
	text := eval[string](b, `(async () => {
		let saved;
		URL.createObjectURL = (blob) => { saved = blob; return "data:,"; };
		HTMLAnchorElement.prototype.click = () => {};
		document.querySelector("[data-save]").click();
		while (!saved) await new Promise((next) => setTimeout(next, 10));
		return saved.text();
	})()`)
	var out document
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"name", "requests", "started_at"} {
		want, _ := json.Marshal(d[key])
		if got, _ := json.Marshal(out[key]); string(got) != string(want) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if len(out["series"].([]any)) != 5 {
		t.Error("the series is not whole")
	}
}

func TestComparison(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "before", 30, 3, 1), newDocument(t, "after", 20, 3, 1.5)))
	b := newTab(t, 1200, 900)
	b.open(url)
	allDrawn(b, []string{"Successful requests per second", "Response p50 over time", "Response p99 over time", "Failed requests per second", "Percentiles"})
	row := eval[string](b, `[...document.querySelectorAll("tbody tr")].find((r) => r.textContent.startsWith("response p50")).innerText`)
	if !strings.Contains(row, "×1.5") || !strings.Contains(row, "worse") {
		t.Errorf("the row of p50 is %q", row)
	}
	b.quiet(url)
	b.shot("compare")
}

func TestBench(t *testing.T) {
	url := served(t, benched(t))
	b := newTab(t, 1200, 900)
	b.open(url)
	text := eval[string](b, `document.querySelector("main").innerText`)
	for _, want := range []string{"requests per second in the best of 4 runs", "1,264", "2,100", "100,000"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// Two seconds have no best ten, so that Artillery's two runs have no bar.
	if bars := eval[float64](b, `[...document.querySelectorAll(".bar rect.here")].filter((r) => r.getBoundingClientRect().width > 20).length`); bars != 2 {
		t.Errorf("%.0f bars of what was measured here", bars)
	}
	eval[bool](b, `document.querySelectorAll("details.run").forEach((d) => { d.open = true; }) ?? true`)
	b.do(chromedp.WaitReady(chromedp.CSS(`details.run:last-of-type [data-drawn="yes"]`)))
	b.quiet(url)
	b.shot("bench")
}

// Without scripts every figure is still there, as text.
func TestWithoutScripts(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 30, 3, 1)))
	b := newTab(t, 1200, 900)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate(url))
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 2 thresholds does not hold", "The charts need JavaScript", "step 002", "Never sent"} {
		if !strings.Contains(text, want) {
			t.Errorf("without scripts there is no %q", want)
		}
	}
}

// On paper the page is light, with its charts and without its buttons.
func TestPrint(t *testing.T) {
	url := served(t, drawn(t, newDocument(t, "nightly", 30, 3, 1)))
	b := newTab(t, 1200, 900)
	b.open(url)
	eval[bool](b, `document.getElementById("theme").click() ?? true`)
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Error("no PDF came")
	}
	if dir := os.Getenv("IMGSVC_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "report.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if shown := eval[string](b, `getComputedStyle(document.querySelector(".tools")).display`); shown != "none" {
		t.Errorf("the buttons are printed: display is %s", shown)
	}
}
