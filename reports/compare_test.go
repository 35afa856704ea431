package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// fourRuns are four runs, one of which is faster, one of which failed, one of which is of another script and an older
// version.
func fourRuns(t *testing.T) *Comparison {
	t.Helper()
	faster := judged(t, openSample(), "p99<50ms")
	faster.Response.P99, faster.Steps[1].Response.P99, faster.Unsent = faster.Response.P99/4, faster.Steps[1].Response.P99/2, 3
	nothing := emptySample()
	nothing.Script, nothing.Target = "artillery.yml", openSample().Target
	return Compare([]string{"before.json", "after/the change to the pool.json", "nothing.json", "old.json"},
		[]*Report{judged(t, openSample(), "p99<10ms"), faster, nothing, oldReport(t, "first-walk.json")})
}

func writtenComparison(t *testing.T, c *Comparison, format string) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Write(&out, format); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestComparison(t *testing.T) {
	c := fourRuns(t)
	golden(t, "compare.txt", []byte(writtenComparison(t, c, "text")))
	golden(t, "compare.md", []byte(writtenComparison(t, c, "markdown")))
	if err := c.Write(&bytes.Buffer{}, "csv"); err == nil || !strings.Contains(err.Error(), "as text, json, markdown, html they can") {
		t.Errorf("as csv: %v", err)
	}
	for line := range strings.Lines(writtenComparison(t, c, "text")) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > textWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// Of a script of many steps the busiest are shown.
func TestComparisonOfManySteps(t *testing.T) {
	r := &Report{Duration: time.Second}
	for i := range 500 {
		r.Steps = append(r.Steps, Step{Step: fmt.Sprint("s", i), Method: "GET", URL: "http://host/", Requests: int64(i % 499)})
	}
	rows := Compare([]string{"a", "b"}, []*Report{r, r}).stepRows()
	if first, last := rows[0].label, rows[len(rows)-1].label; len(rows) != 40 || !strings.HasSuffix(first, "(s479)") || !strings.HasSuffix(last, "(s498)") {
		t.Errorf("%d rows, from %s to %s", len(rows), first, last)
	}
}

// The JSON is the reports, whole.
func TestComparisonJSON(t *testing.T) {
	c := fourRuns(t)
	var document struct {
		Schema  int
		Reports []json.RawMessage
	}
	if err := json.Unmarshal([]byte(writtenComparison(t, c, "json")), &document); err != nil {
		t.Fatal(err)
	}
	if document.Schema != 1 || len(document.Reports) != len(c.Reports) {
		t.Fatalf("schema %d, %d reports", document.Schema, len(document.Reports))
	}
	for i, text := range document.Reports {
		r, err := Read(bytes.NewReader(text), "run.json")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, r, "json"), written(t, c.Reports[i], "json")) {
			t.Errorf("report %d is another", i)
		}
	}
}

func TestRatios(t *testing.T) {
	tests := []struct {
		name          string
		first, second *float64
		want          string
	}{
		{"the same", new(7.0), new(7.0), "×1"},
		{"three digits", new(3.0), new(4.0), "×1.33"},
		{"much", new(1.0), new(12345.0), "×12,300"},
		{"little", new(3.0), new(0.2), "×0.067"},
		{"nearly nothing", new(1e9), new(1.0), "×<0.001"},
		{"nothing", new(5.0), new(0.0), "×0"},
		{"of nothing", new(0.0), new(5.0), ""},
		{"unknown", new(5.0), nil, ""},
		{"of what is unknown", nil, new(5.0), ""},
	}
	for _, tt := range tests {
		if got := (row{values: []*float64{tt.first, tt.second}}).ratio(1); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Steps stand beside each other by what they do, whatever machine they are sent to, and twice the same is two.
func TestStepsOfAnotherTarget(t *testing.T) {
	with := func(target string) *Report {
		r := &Report{Target: target, Duration: time.Second}
		for range 2 {
			r.Steps = append(r.Steps, Step{Method: "GET", URL: target + "/a", Requests: 3, Successes: 3})
		}
		return r
	}
	rows := Compare([]string{"a", "b"}, []*Report{with("http://one:1"), with("http://two:2")}).stepRows()
	var labels []string
	for _, r := range rows {
		labels = append(labels, r.label+" "+r.value(0)+r.value(1)+r.ratio(1))
	}
	if got, want := strings.Join(labels, "; "), "p99  GET /a ––; rps  GET /a 33×1; p99  GET /a, 2 ––; rps  GET /a, 2 33×1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
