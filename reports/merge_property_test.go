package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/starkillersystems/imgsvc/attack"
)

// event is something that a recorder is told of.
type event func(attack.Shard)

// drawEvents draws what a generator may come upon: requests that do well, badly or fail, users, counts and checks.
func drawEvents(t *rapid.T, label string) []event {
	nanos := rapid.Custom(func(t *rapid.T) time.Duration { // from ns to hours, as many short ones as long
		return time.Duration(math.Exp(rapid.Float64Range(0, 30).Draw(t, "log ns")))
	})
	at := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(25*time.Second)).Draw(t, "at"))
	})
	one := rapid.Custom(func(t *rapid.T) event {
		at := at.Draw(t, "at")
		name := rapid.SampledFrom([]string{"a", "b", "cart.added"}).Draw(t, "name")
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			outcome := rapid.SampledFrom([]attack.Outcome{attack.Completed, attack.Failed, attack.Interrupted}).Draw(t, "outcome")
			session, scenario := min(nanos.Draw(t, "session"), 20*time.Second), rapid.IntRange(-1, 1).Draw(t, "scenario")
			return func(s attack.Shard) {
				s.UserStarted(began.Add(at), scenario)
				s.UserEnded(began.Add(at+session), session, outcome)
			}
		case 1:
			return func(s attack.Shard) { s.Count(began.Add(at), name, 3) }
		case 2:
			ok := rapid.Bool().Draw(t, "ok")
			return func(s attack.Shard) { s.Check(began.Add(at), "statusCode", name, ok) }
		case 3:
			return func(s attack.Shard) { s.UserError(began.Add(at), name); s.Unsent(began.Add(at)) }
		}
		r := result(at, min(nanos.Draw(t, "lag"), time.Minute), min(nanos.Draw(t, "latency"), 10*time.Second), 0, "")
		r.Step = rapid.IntRange(0, 2).Draw(t, "step")
		r.Code = rapid.SampledFrom([]uint16{200, 200, 204, 302, 404, 503}).Draw(t, "code")
		r.Followed = r.Code == 302
		r.Error = rapid.SampledFrom([]string{"", "", "", "", "ETIMEDOUT", "ECONNRESET"}).Draw(t, "error")
		return func(s attack.Shard) { s.Add(r) }
	})
	return rapid.SliceOfN(one, 0, 40).Draw(t, label)
}

// recordedEvents is the report of a generator that came upon them; cpu tells it from others.
func recordedEvents(cpu time.Duration, events ...event) *Report {
	recorder := NewRecorder()
	recorder.Apdex = 10 * time.Millisecond
	shard := recorder.Shard()
	recorder.Begin(began)
	for _, tell := range events {
		tell(shard)
	}
	meta := Meta{Name: fmt.Sprint(cpu), Script: "walk.yml", Scenarios: []string{"browse", ""}, Warnings: []string{fmt.Sprint("mind ", cpu%2)}}
	for i := range 3 {
		meta.Steps = append(meta.Steps, StepName{Method: "GET", URL: fmt.Sprint("http://host/", i)})
	}
	summary := attack.Summary{Started: began.Add(cpu), Duration: 27 * time.Second, Protocol: "HTTP/1.1", OpenLoop: true}
	summary.Generator = attack.Generator{CPU: cpu, Cores: int(cpu%3) + 1, HostIdle: 0.5, RunQueue: new(cpu / 2)}
	return recorder.Report(summary, meta)
}

// Two recorders that share the work and are merged say what one says who does it all: each count, each quantile, each
// histogram to the byte, in the whole, each step, second and interval. Means may be 1 ns lower.
func TestMergedHalvesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := drawEvents(t, "one"), drawEvents(t, "other")
		whole := recordedEvents(1, slices.Concat(one, other)...)
		both := mergedInOrder(t, recordedEvents(1, one...), recordedEvents(2, other...))
		for _, r := range []*Report{whole, both} { // what is of generators, not of what they measured
			r.Generator, r.Generators, r.Environment, r.Warnings, r.Name, r.Users.Peak = Generator{}, nil, Environment{}, nil, "", 0
		}
		sameFigures(t, 1, whole, both)
		for i := range whole.Intervals { // and Artillery's view, which is made of them
			sameFigures(t, 1, whole.Intervals[i], both.Intervals[i])
		}
	})
}

// Whichever are merged first, and in whatever order: all figures are the same, and so is all that is said of the runs.
// Each merge of merged reports may cost means 1 ns.
func TestMergeIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var runs []*Report
		for i := range 3 {
			runs = append(runs, recordedEvents(time.Duration(i+1)*1_001, drawEvents(t, fmt.Sprint("run ", i))...))
		}
		judge(t, runs[0], "p99<50ms,errors>1%")
		judge(t, runs[1], "rps>3")
		a, b, c := runs[0], runs[1], runs[2]
		want := mergedInOrder(t, a, b, c)
		sameFigures(t, 0, want, mergedInOrder(t, c, a, b))
		sameFigures(t, 0, want, mergedInOrder(t, b, c, a))
		sameFigures(t, 2, want, mergedInOrder(t, a, mergedInOrder(t, b, c)))
		sameFigures(t, 2, want, mergedInOrder(t, mergedInOrder(t, a, b), c))
		sameFigures(t, 2, want, mergedInOrder(t, mergedInOrder(t, c, a), b))
	})
}

func judge(t *rapid.T, r *Report, expr string) {
	thresholds, err := ParseThresholds(expr)
	if err != nil {
		t.Fatal(err)
	}
	r.Judge(thresholds)
}

// mergedInOrder merges reports that are each in a file named by their runs.
func mergedInOrder(t *rapid.T, reports ...*Report) *Report {
	m := NewMerger()
	for _, r := range reports {
		if err := m.Add(r.Name+".json", r); err != nil {
			t.Fatal(err)
		}
	}
	return throughJSON(t, m.Report())
}

// throughJSON is the report that is read where another is written.
func throughJSON(t *rapid.T, r *Report) *Report {
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, reason := parse(text)
	if reason != "" {
		t.Fatal(reason)
	}
	return again
}

// sameFigures compares documents. Means may differ by so many ns.
func sameFigures(t *rapid.T, nanos float64, want, got any) {
	t.Helper()
	var documents [2]any
	for i, v := range []any{want, got} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &documents[i]); err != nil {
			t.Fatal(err)
		}
	}
	compareFigures(t, nanos, "", documents[0], documents[1])
}

func compareFigures(t *rapid.T, nanos float64, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			t.Fatalf("%s: got %v, want %v", path, got, want)
		}
		for key, v := range want {
			if mean, ok := v.(float64); ok && key == "mean" && want["hdr"] != nil && math.Abs(mean-got[key].(float64)) <= nanos {
				continue
			}
			compareFigures(t, nanos, path+"/"+key, v, got[key])
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			t.Fatalf("%s: got %v, want %v", path, got, want)
		}
		for i := range want {
			compareFigures(t, nanos, fmt.Sprint(path, "/", i), want[i], got[i])
		}
	default:
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%s: got %v, want %v", path, got, want)
		}
	}
}
