package reports

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// nullRun is a run of ten seconds with 2,000 answers against a null handler.
func nullRun(cpu, queued time.Duration, cores int, idle float64) *Report {
	summary := attack.Summary{Duration: 10 * time.Second, Generator: attack.Generator{
		CPU: cpu, Cores: cores, HostIdle: idle, RunQueue: &queued,
	}}
	var results []*attack.Result
	for range 2000 {
		results = append(results, result(0, 0, time.Millisecond, 200, ""))
	}
	return recorded(results, 1, summary, Meta{})
}

func TestNewCeiling(t *testing.T) {
	own, busy := HandlerCores{Cores: 1, CPURatio: 0.7}, HandlerCores{Cores: 1, CPURatio: 0.99}
	shared := HandlerCores{Cores: 2, Shared: true, CPURatio: 0.5}
	tests := []struct {
		name      string
		run       *Report
		handler   HandlerCores
		atOnce    int
		cores     int
		rps       float64
		limitedBy string
		warnings  int
	}{
		{"its core was busy", nullRun(9900*time.Millisecond, 0, 1, 0.1), own, 32, 1, 200, CeilingGenerator, 0},
		{"its half was busy", nullRun(9900*time.Millisecond, 0, 1, 0.1), own, 32, 2, 400, CeilingGenerator, 0},
		{"one user waits for its answers", nullRun(4*time.Second, 0, 1, 0.5), own, 1, 2, 200, CeilingUsers, 0},
		{"one user on a full machine", nullRun(4*time.Second, 0, 1, 0), own, 1, 1, 200, CeilingUsers, 0},
		{"the handler was busy", nullRun(5*time.Second, 0, 1, 0.5), busy, 32, 2, 800, CeilingElse, 0},
		{"both on the same two cores", nullRun(8*time.Second, 9*time.Second, 2, 0), shared, 32, 2, 500, CeilingElse, 0},
		{"others had its core", nullRun(5*time.Second, 5*time.Second, 1, 0.3), own, 32, 1, 400, CeilingElse, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := NewCeiling(tt.run, tt.handler, tt.atOnce, tt.cores)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(c.RPS-tt.rps) > 0.1 || c.LimitedBy != tt.limitedBy || len(c.Warnings) != tt.warnings {
				t.Errorf("%v by %s, warnings %q; want %v by %s", c.RPS, c.LimitedBy, c.Warnings, tt.rps, tt.limitedBy)
			}
			if c.Measured != 200 || c.Trusted() != (tt.warnings == 0) {
				t.Errorf("measured %v, trusted %t", c.Measured, c.Trusted())
			}
			var text bytes.Buffer
			if err := c.WriteText(&text); err != nil || !strings.Contains(text.String(), "this generator can send about") {
				t.Errorf("text %s (%v)", &text, err)
			}
		})
	}
}

// TestNoCeiling keeps a run that failed from standing for a slow generator.
func TestNoCeiling(t *testing.T) {
	second := attack.Summary{Duration: time.Second}
	failed := recorded([]*attack.Result{result(0, 0, time.Millisecond, 0, "ECONNRESET")}, 1, second, Meta{})
	nothing := recorded(nil, 1, second, Meta{})
	for _, run := range []*Report{failed, nothing} {
		if c, err := NewCeiling(run, HandlerCores{Cores: 1}, 1, 1); err == nil {
			t.Errorf("a ceiling of %v", c.RPS)
		}
	}
}

// TestCeilingsOutliveDamage keeps a bad file from being more than a measurement lost.
func TestCeilingsOutliveDamage(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), "made", "ceilings.json")
	good := Ceiling{Schema: Schema, RPS: 5, MeasuredAt: now}
	old := good
	old.MeasuredAt = now.Add(-maxCeilingAge - time.Hour)
	if err := (Ceilings{"good": good, "old": old, "zero": {Schema: Schema, MeasuredAt: now}}).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	got := ReadCeilings(path, now)
	if len(got) != 1 || got["good"].RPS != 5 {
		t.Errorf("read %v", got)
	}
	for _, text := range []string{"", "{", "null", `{"schema":99,"ceilings":{}}`, `{"schema":1,"ceilings":null}`, "\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := ReadCeilings(path, now)
		got["new"] = good // must not be nil
		if err := got.WriteFile(path); err != nil || len(ReadCeilings(path, now)) != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestCeilingsAreBounded keeps the newest.
func TestCeilingsAreBounded(t *testing.T) {
	now := time.Now()
	all := Ceilings{}
	for i := range maxCeilings + 10 {
		all[fmt.Sprint(i)] = Ceiling{Schema: Schema, RPS: 1, MeasuredAt: now.Add(-time.Duration(i) * time.Minute)}
	}
	path := filepath.Join(t.TempDir(), "ceilings.json")
	if err := all.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	got := ReadCeilings(path, now)
	if _, newest := got["0"]; len(got) != maxCeilings || !newest {
		t.Errorf("%d are kept, the newest %t", len(got), newest)
	}
}

// TestReportKnowsItsCeiling says how near a run came.
func TestReportKnowsItsCeiling(t *testing.T) {
	r := nullRun(time.Second, 0, 1, 0.5)
	if text := string(written(t, r, "json")); !strings.Contains(text, `"ceiling_rps": null`) {
		t.Error("a ceiling nobody measured is not null")
	}
	r.AddCeiling(Ceiling{RPS: 250})
	const share = "this run sent 80 % of the 250 requests/s it can send like this"
	if text := string(written(t, r, "text")); !strings.Contains(text, share) {
		t.Errorf("no share of the ceiling in:\n%s", text)
	}
}
