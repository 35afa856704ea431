package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// shown is a gate of each verdict, with text in it that is not to be taken for markup.
func shown(t *testing.T, ratio float64) *Gate {
	t.Helper()
	g := play(t, GateOptions{Seed: 3}, slower(ratio))
	g.Load, g.Base, g.Candidate = "GET /<script>alert(1)</script>|*_", "http://me:hunter2@base", "b && c"
	g.Base = redact(g.Base)
	g.Warnings = append(g.Warnings, "beware of <b>")
	return g
}

func TestGateText(t *testing.T) {
	var out strings.Builder
	if err := shown(t, 1.2).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"gate        FAIL: cpu: ", "12 pairs of at most 24, margin 5 % (p99 10 %), alpha 0.01, seed 3",
		"FAILs in at most 1 % of gates", "would be seen", "warning     beware of <b>",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	for _, l := range strings.Split(out.String(), "\n") {
		if len([]rune(l)) > 110 {
			t.Errorf("a line of %d characters: %s", len([]rune(l)), l)
		}
	}
}

func TestGateMarkdown(t *testing.T) {
	var out bytes.Buffer
	if err := shown(t, 1).writeMarkdown(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### ✅ imgsvc gate: PASS", "| metric | verdict | base |", "| cpu | PASS | 10", "&lt;script&gt;", `\|\*\_`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestGateJUnit(t *testing.T) {
	for ratio, want := range map[float64]string{1: `tests="6" failures="0" errors="0"`, 1.2: `tests="6" failures="5" errors="0"`} {
		var out bytes.Buffer
		g := shown(t, ratio)
		if err := g.writeJUnit(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %s in\n%s", want, out.String())
		}
		for dec := xml.NewDecoder(&out); ; {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The page is well formed, shows every pair as a point and in a table, and lets nothing be fetched or run.
func TestGatePage(t *testing.T) {
	var out bytes.Buffer
	g := shown(t, 1.2)
	if err := g.writeHTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if _, err := html.Parse(strings.NewReader(page)); err != nil {
		t.Fatal(err)
	}
	count := func(what string, want int) {
		if n := strings.Count(page, what); n != want {
			t.Errorf("%q is there %d times, want %d", what, n, want)
		}
	}
	count("<circle", 4*g.Pairs)
	count("<svg", 4)
	count("<desc", 4)
	count(`role="img"`, 4)
	count("<script", 0)
	count("style=", 0)
	count("href=", 2) // of the empty icon, and of the way to what counts
	count("src=", 0)
	count("hunter2", 0)
	count("NaN", 0)
	count("ZgotmplZ", 0)
	count("&lt;script&gt;alert", 1)
	style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
	hash := sha256.Sum256([]byte(style))
	want := "default-src &#39;none&#39;; style-src &#39;sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "&#39;;"
	if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
		t.Errorf("the policy does not let the page have its style: want %s", want)
	}
	y := regexp.MustCompile(`cy="([-0-9.e]+)"`)
	if len(y.FindAllString(page, -1)) != 4*g.Pairs {
		t.Error("points without a place")
	}
}

// A gate without any pair has all its views, too.
func TestGateViewsOfNothing(t *testing.T) {
	g, err := NewGate(GateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g.Invalidate("the base did not start")
	for name, write := range map[string]func(io.Writer) error{
		"text": g.WriteText, "json": g.WriteJSON, "markdown": g.writeMarkdown, "junit": g.writeJUnit, "html": g.writeHTML,
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil || !strings.Contains(out.String(), "the base did not start") {
			t.Errorf("%s: %v: %s", name, err, out.String())
		}
	}
}

// Every key of the document is there whatever came of the gate, and lists are lists.
func TestGateJSONKeys(t *testing.T) {
	g, err := NewGate(GateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := g.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"metrics", "reasons", "rounds", "warnings", "looks"} {
		if _, isList := doc[key].([]any); !isList {
			t.Errorf("%s is %v", key, doc[key])
		}
	}
	for _, key := range []string{"schema", "verdict", "pairs", "alpha", "margin", "seed", "error_rate_claimed"} {
		if _, there := doc[key]; !there {
			t.Errorf("there is no %s", key)
		}
	}
	metric := doc["metrics"].([]any)[0].(map[string]any)
	for _, key := range []string{"name", "unit", "estimate", "interval", "p", "verdict", "minimum_detectable"} {
		if _, there := metric[key]; !there {
			t.Errorf("a metric has no %s", key)
		}
	}
}
