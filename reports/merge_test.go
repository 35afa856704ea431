package reports

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/starkillersystems/imgsvc/attack"
)

// generatorRun is a run of 100 requests in 10 s by one generator of several, changed by change.
func generatorRun(cpu time.Duration, change func(*Report)) *Report {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	for i := range 100 {
		r := result(time.Duration(i)*100*time.Millisecond, 50*time.Microsecond, 5*time.Millisecond, 200, "")
		r.Step = i % 2
		shard.Add(r)
	}
	report := recorder.Report(attack.Summary{
		Started: began, Duration: 10 * time.Second, OpenLoop: true, Protocol: "HTTP/1.1",
		Generator: attack.Generator{CPU: cpu, Cores: 2, HostIdle: 0.5, PeakRSS: 30 << 20, RunQueue: new(time.Duration(0))},
	}, Meta{
		Script: "checkout.yml", Target: "http://shop", Version: "v1.0.0",
		Steps: []StepName{{Method: "GET", URL: "http://shop/"}, {Step: "pay", Method: "POST", URL: "http://shop/pay"}},
	})
	report.Environment = Environment{"v1.0.0", "go1.26.0", "linux", "amd64", 2, 2}
	if change != nil {
		change(report)
	}
	return report
}

// What is not one attack is not merged, and the error says why not and what to do.
func TestMergeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Report)
		want   string
	}{
		{"another script", func(r *Report) { r.Script = "pay.yml" },
			"a.json and b.json ran different scripts, checkout.yml and pay.yml; --compare shows them side by side"},
		{"another URL", func(r *Report) { r.Script = "http://shop/a/checkout.yml" }, "different scripts"},
		{"another target", func(r *Report) { r.Target = "" },
			"a.json and b.json had different targets, http://shop and none; --compare"},
		{"another protocol", func(r *Report) { r.Protocol = "HTTP/2" }, "different protocols, HTTP/1.1 and HTTP/2; --compare"},
		{"a closed loop", func(r *Report) { r.ClosedUsers = 4 }, "different loads: users in a loop in one"},
		{"a step less", func(r *Report) { r.Steps = r.Steps[:1] }, "different steps, 2 and 1"},
		{"another step", func(r *Report) { r.Steps[1].Step = "buy" },
			"different steps: step 1 is POST http://shop/pay (pay) and POST http://shop/pay (buy); --compare"},
		{"other endpoints", func(r *Report) { r.Endpoints.Names = []string{"", ""} }, "name their endpoints differently"},
		{"later", func(r *Report) { r.StartedAt = began.Add(5001 * time.Millisecond) },
			"b.json started 5.001s after a.json, and runs that did not run together are not one (at most 5s apart); " +
				"--compare shows them side by side; if only their clocks differ, --align-starts merges them"},
		{"earlier", func(r *Report) { r.StartedAt = began.Add(-time.Minute) }, "a.json started 1m0s after b.json"},
		{"the same run", func(r *Report) { r.Generator.CPU = time.Second },
			"b.json has the run of a.json, which is merged already and counts once: leave one of them out"},
		{"histograms of three digits", func(r *Report) { r.Response.HDR = finer(t, r.Response.HDR) },
			"b.json: its histograms are of 100ns to 1h0m0s with 3 digits, those that merge of 100ns to 1h0m0s with 2: --compare"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMerger()
			if err := m.Add("a.json", generatorRun(time.Second, nil)); err != nil {
				t.Fatal(err)
			}
			if err := m.Add("b.json", generatorRun(2*time.Second, tt.change)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// finer is a histogram of the same count with three significant digits.
func finer(t *testing.T, hdr string) string {
	t.Helper()
	packed, err := decode(hdr)
	if err != nil {
		t.Fatal(err)
	}
	h := hdrhistogram.New(int64(lowestDuration), int64(highestDuration), 3)
	packed.MergeInto(h)
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What differs between machines, or is only unknown, does not keep runs apart.
func TestMergeAccepts(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Report)
		align  bool
	}{
		{"the same script elsewhere", func(r *Report) { r.Script = "/home/me/checkout.yml" }, false},
		{"a name of its own", func(r *Report) { r.Name = "second" }, false},
		{"a report that does not say what was spoken", func(r *Report) { r.Protocol = "" }, false},
		{"5 s later", func(r *Report) { r.StartedAt = began.Add(5 * time.Second) }, false},
		{"a clock that is an hour off", func(r *Report) { r.StartedAt = began.Add(time.Hour) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMerger()
			m.AlignStarts = tt.align
			for i, r := range []*Report{generatorRun(time.Second, nil), generatorRun(2*time.Second, tt.change)} {
				if err := m.Add(fmt.Sprint(i, ".json"), r); err != nil {
					t.Fatal(err)
				}
			}
			r := m.Report()
			if r.Requests != 200 || *r.RPS.Mean != 20 || *r.RPS.Peak1s != 20 || *r.RPS.Peak10s != 20 || !r.StartedAt.Equal(began) {
				t.Errorf("%d requests, rps %v, started at %v", r.Requests, r.RPS, r.StartedAt)
			}
			if r.Script != "checkout.yml" || r.Protocol != "HTTP/1.1" {
				t.Errorf("script %s, protocol %s", r.Script, r.Protocol)
			}
		})
	}
}

// A run that is in a merged report already is found there.
func TestMergeFindsARunInside(t *testing.T) {
	a, b, c := generatorRun(1, nil), generatorRun(2, nil), generatorRun(3, nil)
	m := NewMerger()
	if err := m.Add("three.json", c); err != nil {
		t.Fatal(err)
	}
	if err := m.Add("both.json", merged(t, a, b)); err != nil {
		t.Fatal(err)
	}
	if err := m.Add("copy.json", b); err == nil || !strings.Contains(err.Error(), "copy.json has the run of b.json") {
		t.Errorf("got %v", err)
	}
}

// The generators are summed up, or the worst of them is told; the reasons name it.
func TestMergedGenerator(t *testing.T) {
	quiet := func(r *Report) { r.Generator.PeakRSS = 50 << 20 }
	busy := func(r *Report) {
		r.Generator.Limit, r.Generator.Reasons = LimitGenerator, []string{"generator used 95 % of 2 cores"}
		r.Generator.HostIdle, r.Generator.GCPauseMax = 0.1, new(3*time.Millisecond)
	}
	full := func(r *Report) { r.Generator.Limit, r.Generator.Reasons = LimitMachine, []string{"3 % idle"} }
	silent := func(r *Report) { r.Generator = Generator{HostIdle: 1} }
	tests := []struct {
		name         string
		a, b         func(*Report)
		limit, words string
	}{
		{"nobody", quiet, nil, LimitService, "the service (generators used 5 % to 10 % of their cores, lag p99 50 µs)"},
		{"one", quiet, busy, LimitGenerator,
			"the GENERATOR (b.json: generator used 95 % of 2 cores): figures are a lower bound of what the service holds"},
		{"a generator before a machine", full, busy, LimitGenerator, "the GENERATOR (b.json: "},
		{"a machine", full, quiet, LimitMachine, "the MACHINE (a.json: 3 % idle): "},
		{"one that does not say", quiet, silent, "", "unknown, as the report does not say"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := merged(t, generatorRun(time.Second, tt.a), generatorRun(2*time.Second, tt.b)).Generator
			if g.Limit != tt.limit || !strings.HasPrefix(g.words(), tt.words) {
				t.Errorf("%q: %s, want %s", g.Limit, g.words(), tt.words)
			}
		})
	}
	g := merged(t, generatorRun(time.Second, quiet), generatorRun(2*time.Second, busy)).Generator
	if g.CPU != 3*time.Second || g.Cores != 4 || g.CPURatio != 0.075 || g.PeakRSS != 50<<20 || g.HostIdle != 0.1 ||
		*g.GCPauseMax != 3*time.Millisecond || g.CeilingRPS != nil || *g.RunQueue != 0 {
		t.Errorf("%+v", g)
	}
	if g := merged(t, generatorRun(time.Second, quiet), generatorRun(0, silent)).Generator; g.Cores != 0 || g.CPU != 0 || g.RunQueue != nil {
		t.Errorf("%+v: half known is unknown", g)
	}
}

// Warnings say whose they are, once; so does what differs between the machines, and how far apart their starts were.
func TestMergedWarnings(t *testing.T) {
	warn := func(cpus int, later time.Duration, warnings ...string) func(*Report) {
		return func(r *Report) {
			r.Warnings, r.Environment.CPUs, r.StartedAt = warnings, cpus, began.Add(later)
		}
	}
	r := merged(t,
		generatorRun(1, warn(2, 0, "ports are few", "mind the gap")),
		generatorRun(2, warn(4, 1500*time.Millisecond, "mind the gap")),
		generatorRun(3, warn(2, 10*time.Millisecond, "mind the gap", "the disk is slow", "ports are few")))
	want := []string{
		"by their clocks the runs started up to 1.5s apart: seconds are counted from each one's own start, so what is of one " +
			"second may not have been at once",
		"the generators differ: CPUs 2 (a.json, c.json), 4 (b.json); the environment is that of a.json",
		"ports are few (a.json, c.json)", "mind the gap (all 3)", "the disk is slow (c.json)",
	}
	if !slices.Equal(r.Warnings, want) {
		t.Errorf("got  %q\nwant %q", r.Warnings, want)
	}
	if r := merged(t, generatorRun(1, nil), generatorRun(2, nil)); len(r.Warnings) != 0 {
		t.Errorf("generators that are alike: %q", r.Warnings)
	}
}

// Thresholds are judged by what the runs are together: each may hold what both do not, and the other way round.
func TestMergedThresholds(t *testing.T) {
	a := judged(t, generatorRun(1, nil), "rps<15,rps>=20")
	r := merged(t, a, judged(t, generatorRun(2, nil), "p99<1s"))
	var got []string
	for _, j := range r.Thresholds {
		got = append(got, j.String())
	}
	want := []string{"PASS  p99  5.05ms, want <1s", "FAIL  rps  20, want <15", "PASS  rps  20, want >=20"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	ensured := generatorRun(3, func(r *Report) {
		r.Thresholds = []Judgement{{Source: "maxErrorRate < 1", Pass: true, Origin: originEnsure}}
	})
	r = merged(t, a, ensured)
	if len(r.Thresholds) != 2 || !slices.Contains(r.Warnings, "what the script ensures was judged of this run, and is not of all together (b.json)") {
		t.Errorf("%v, %q", r.Thresholds, r.Warnings)
	}
}

// Means stay right where 64 bits do not hold the sum.
func TestMergedMeansOfLongRuns(t *testing.T) {
	long := func(r *Report) {
		h := hdrhistogram.New(int64(lowestDuration), int64(highestDuration), significant)
		if err := h.RecordValues(int64(time.Hour), 1e9); err != nil {
			t.Fatal(err)
		}
		text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		r.Session = Distribution{Count: 1e9, Min: int64(time.Hour), Mean: math.MaxInt64 / 1024, Max: math.MaxInt64 / 1024, HDR: string(text)}
	}
	r := merged(t, generatorRun(1, long), generatorRun(2, long), generatorRun(3, long))
	if r.Session.Count != 3e9 || r.Session.Mean != math.MaxInt64/1024 {
		t.Errorf("%+v", r.Session)
	}
}

func TestMergedFormats(t *testing.T) {
	r := merged(t, openSample(), func() *Report { r := openSample(); r.Generator.CPU++; return r }())
	golden(t, "merged.txt", written(t, r, "text"))
	golden(t, "merged.md", written(t, r, "markdown"))
	again, err := Read(bytes.NewReader(written(t, r, "json")), "merged.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats() {
		if got, want := written(t, again, format), written(t, r, format); !bytes.Equal(got, want) {
			t.Errorf("as %s: read back\n%s\nwritten\n%s", format, got, want)
		}
	}
	twice := merged(t, walked(t), func() *Report { r := walked(t); r.Generator.CPU++; return r }())
	if text := string(written(t, twice, "artillery")); !strings.Contains(text, `"http.requests": 12`) {
		t.Errorf("Artillery's view does not have the requests of both:\n%s", text)
	}
}
