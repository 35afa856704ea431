package reports

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// The keys of the JSON document are a promise: they may grow, but none goes or changes what it holds.
func TestJSONKeys(t *testing.T) {
	distribution := "count hdr max mean min p50 p75 p90 p95 p99 p999 stddev"
	promised := map[string]string{
		"": "schema name script target protocol started_at duration_ns unsent requests responses successes success_ratio rps " +
			"answered_rps latency_ns response_ns lag_ns first_byte_ns response_by_class session_ns status_codes errors " +
			"user_errors bytes reconnects users steps endpoints series intervals custom checks generator thresholds warnings environment",
		"rps":                   "mean peak_1s peak_10s",
		"answered_rps":          "mean peak_1s peak_10s",
		"latency_ns":            distribution,
		"response_ns":           distribution,
		"lag_ns":                distribution,
		"first_byte_ns":         distribution,
		"session_ns":            distribution,
		"response_by_class.2xx": distribution,
		"bytes":                 "in out",
		"users":                 "created completed failed skipped peak",
		"steps.0":               "scenario step method url requests successes status_codes errors latency_ns response_ns",
		"series.0":              "at_ns offered requests successes status_codes errors users response_hdr",
		"intervals.0":           "at_ns sent sent_at_ns events_at_ns samples_at_ns users session_ns bytes_in steps",
		"endpoints":             "namespace names",
		"custom":                "counters rates histograms",
		"generator":             "cpu_ns cpu_ratio peak_rss_bytes gc_pause_ns lag_p99_ns limit reasons run_queue_ns",
		"thresholds.0":          "source value pass",
		"environment":           "imgsvc go os arch cpus gomaxprocs",
	}
	var document any
	if err := json.Unmarshal(asJSON(t, judged(t, openSample(), "p99<50ms")), &document); err != nil {
		t.Fatal(err)
	}
	for path, keys := range promised {
		at := document
		for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
			if list, ok := at.([]any); ok {
				at = list[0]
				continue
			}
			at = at.(map[string]any)[key]
		}
		for _, key := range strings.Fields(keys) {
			if v, ok := at.(map[string]any)[key]; !ok || v == nil {
				t.Errorf("%s has no %s", path, key)
			}
		}
	}
}

// Nothing measured is said with nulls, empty maps and empty lists: never with a 0 that looks like a figure.
func TestJSONOfNothing(t *testing.T) {
	recorder := NewRecorder()
	recorder.Begin(began)
	text := string(asJSON(t, recorder.Report(attack.Summary{Started: began}, Meta{})))
	for _, want := range []string{
		`"success_ratio":null`, `"rps":{"mean":null,"peak_1s":null,"peak_10s":null}`, `"p99":null`, `"hdr":null`,
		`"status_codes":{}`, `"errors":{}`, `"user_errors":{}`, `"response_by_class":{}`, `"steps":[]`, `"series":[]`,
		`"custom":{"counters":{},"rates":{},"histograms":{}}`, `"checks":[]`, `"thresholds":[]`, `"warnings":[]`,
		`"started_at":"2026-11-22T22:49:03Z"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
	if strings.Contains(text, `"p50":0`) {
		t.Error("a quantile of nothing is 0")
	}
}

// A report read back says what the run said, in every format.
func TestRoundTrip(t *testing.T) {
	for name, report := range map[string]*Report{
		"open":    judged(t, openSample(), "p99<50ms,success>99%"),
		"closed":  closedSample(),
		"nothing": NewRecorder().Report(attack.Summary{Started: began}, Meta{}),
	} {
		again, err := Read(bytes.NewReader(written(t, report, "json")), "run.json")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, format := range Formats() {
			if got, want := written(t, again, format), written(t, report, format); !bytes.Equal(got, want) {
				t.Errorf("%s as %s: read back\n%s\nwritten\n%s", name, format, got, want)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	open := judged(t, openSample(), "p99<5ms, success>=97%, rps.peak_10s>350, first_byte.p99<2us, unsent==0")
	golden(t, "open.txt", written(t, open, "text"))
	golden(t, "open.md", written(t, open, "markdown"))
	golden(t, "open.csv", written(t, open, "csv"))
	golden(t, "open.hdr", written(t, open, "hdr"))
	golden(t, "closed.txt", written(t, closedSample(), "text"))
	golden(t, "nothing.txt", written(t, NewRecorder().Report(attack.Summary{Started: began}, Meta{}), "text"))

	if err := open.Write(&bytes.Buffer{}, "pdf"); err == nil || !strings.Contains(err.Error(), "there are text, json") {
		t.Errorf("an unknown format: %v", err)
	}
}

// What a service or a script's author makes up moves no cursor and breaks no table, and the text keeps its width.
func TestTextIsPlain(t *testing.T) {
	r := openSample()
	r.Name = "a\x1b[31m|b\n# c"
	r.Errors = map[string]int64{"E\x1b]0;x\a": r.Requests - r.Responses}
	r.Target = "http://host/" + strings.Repeat("long", 40)
	r.Steps[0].URL = "http://host/\r\x1b[2J" + strings.Repeat("ü", 200)
	text := string(written(t, r, "text"))
	for _, format := range []string{"text", "markdown"} {
		if i := strings.IndexFunc(string(written(t, r, format)), func(c rune) bool { return c < ' ' && c != '\n' }); i >= 0 {
			t.Errorf("%s has a control character at %d", format, i)
		}
	}
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > textWidth && !strings.Contains(line, "longlong") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if md := string(written(t, r, "markdown")); !strings.Contains(md, `\|b`) || strings.Contains(md, "\n# c") {
		t.Errorf("the name breaks out of its heading:\n%s", md)
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ text, want string }{
		{"http://host/a@b", "http://host/a@b"},
		{"http://me:secret@host/", "http://xxxxx@host/"},
		{"http://token@host", "http://xxxxx@host"},
		{"https://me:p@ss@host:80/?to=http://u:v@w/x", "https://xxxxx@host:80/?to=http://xxxxx@w/x"},
		{`"http://me:secret@host": no such host`, `"http://xxxxx@host": no such host`},
		{"/reviews/{{ $loopCount }}", "/reviews/{{ $loopCount }}"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := redact(tt.text); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestLimit(t *testing.T) {
	generator := func(ratio, idle float64, shared bool) attack.Generator {
		return attack.Generator{CPU: time.Duration(ratio * 20e9), Cores: 2, HostIdle: idle, Shared: shared}
	}
	const ms = time.Millisecond
	tests := []struct {
		name      string
		generator attack.Generator
		open      bool
		lag       time.Duration
		want      string
	}{
		{"all is well", generator(0.41, 0.5, true), true, 80 * time.Microsecond,
			"the service (generator used 41 % of 2 cores, lag p99 80 µs)"},
		{"lag is no measure of a closed loop", generator(0.41, 0.5, true), false, 5 * ms,
			"the service (generator used 41 % of 2 cores)"},
		{"busy", generator(0.91, 0.5, false), true, 0,
			"the GENERATOR (generator used 91 % of 2 cores): figures are a lower bound of what the service holds"},
		{"exactly 90 %", generator(0.9, 0.5, false), true, 0,
			"the service (generator used 90 % of 2 cores, lag p99 0 ns)"},
		{"late", generator(0.1, 0.5, false), true, 3 * ms,
			"the GENERATOR (lag p99 3 ms): figures are a lower bound of what the service holds"},
		{"busy and late, on a full machine", generator(0.95, 0, true), true, 3 * ms,
			"the GENERATOR (generator used 95 % of 2 cores, lag p99 3 ms): figures are a lower bound of what the service holds"},
		{"the machine is full", generator(0.5, 0.04, true), true, 0,
			"the MACHINE (4 % idle, with service and generator on the same cores): alone on it the service would hold more"},
		{"its own cores are full", generator(0.5, 0.04, false), false, 0, "the service (generator used 50 % of 2 cores)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			summary := attack.Summary{Duration: 10 * time.Second, OpenLoop: tt.open, Generator: tt.generator}
			r := recorded([]*attack.Result{result(0, tt.lag, ms, 200, "")}, 1, summary, Meta{})
			if got := r.Generator.words(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestSparkline(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   string
	}{
		{"nothing", []float64{0, 0}, "▁▁"},
		{"a ramp", []float64{0, 1, 2, 3, 4, 5, 6, 7}, "▁▂▃▄▅▆▇█"},
		{"more than fits", slices.Repeat([]float64{1, 3}, 8), "████████"},
	}
	for _, tt := range tests {
		if got := sparkline(tt.values, 8); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFigures(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0ns", 812: "812ns", 999_999: "1ms", 81_234: "81.2µs", 61_000_000: "61ms", 999_600_000: "1s",
		1_534_000_000: "1.53s", 153_400_000_000: "153s", 10_000_000_000_000: "2h46m40s",
	} {
		if got := short(ns); got != want {
			t.Errorf("%d ns: got %s, want %s", ns, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "0", 0.0254: "0.0254", 1: "1", 1.25: "1.25", 99.96: "100", 1910.4: "1,910", 1234567: "1,234,567", 100: "100",
	} {
		if got := number(v, 3); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{1: "100 %", 0.99999: "99.999 %", 0.9983: "99.8 %", 0: "0 %"} {
		if got := percent(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0 B", 999: "999 B", 51200: "51.2 kB", 999_999: "1 MB", 1 << 40: "1.1 TB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
