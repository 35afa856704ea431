package reports

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/quick"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// The intervals have all that the run has, each thing once.
func TestIntervalsAddUp(t *testing.T) {
	holds := func(seed uint64) bool {
		results := randomRun(rand.New(rand.NewPCG(seed, 0)))
		r := recorded(results, 3, attack.Summary{Started: began, Duration: 12 * time.Second}, Meta{})
		var sent, failures, answers, bytes int64
		for _, v := range r.Intervals {
			sent, bytes = sent+v.Sent, bytes+int64(v.BytesIn)
			for _, s := range v.Steps {
				failures += sum(s.Errors)
				for _, a := range s.Answers {
					answers += a.FirstByte.Count
					if sum(a.StatusCodes) != a.FirstByte.Count {
						return false
					}
				}
			}
		}
		return sent == r.Requests && failures == sum(r.Errors) && answers == r.Responses && bytes == 100*r.Responses
	}
	if err := quick.Check(holds, &quick.Config{MaxCount: 12}); err != nil {
		t.Error(err)
	}
}

func TestApdex(t *testing.T) {
	const ms = time.Millisecond
	for latency, want := range map[time.Duration]string{
		0: "apdex.satisfied", 10 * ms: "apdex.satisfied", 10*ms + 1: "apdex.tolerated", 40 * ms: "apdex.tolerated",
		40*ms + 1: "apdex.frustrated",
	} {
		recorder := NewRecorder()
		recorder.Apdex = 10 * ms
		shard := recorder.Shard()
		recorder.Begin(began)
		shard.Add(result(0, 99*ms, latency, 500, "")) // lag is not the service's
		r := recorder.Report(attack.Summary{Started: began, Duration: time.Second}, Meta{})
		if len(r.Custom.Counters) != 3 || r.Custom.Counters[want] != 1 {
			t.Errorf("%v: %v, want it to be %s", latency, r.Custom.Counters, want)
		}
	}
}

func TestApdexScore(t *testing.T) {
	tests := []struct {
		satisfied, tolerated, frustrated int64
		want                             string
	}{
		{0, 0, 0, ""},
		{94, 0, 6, "Apdex score: 0.94 (excellent)"},
		{85, 0, 15, "Apdex score: 0.85 (good)"},
		{40, 60, 0, "Apdex score: 0.7 (fair)"},
		{49, 0, 51, "Apdex score: 0.49 (poor)"},
		{40, 106, 46, "Apdex score: 0.484375 (unacceptable)"},
	}
	for _, tt := range tests {
		counters := map[string]int64{
			"apdex.satisfied": tt.satisfied, "apdex.tolerated": tt.tolerated, "apdex.frustrated": tt.frustrated,
		}
		if got := apdexText(counters); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// What a script counts and checks in the warm-up is not of the run; users who come out of it are.
func TestWarmupIsNotCounted(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	before := began.Add(-time.Second)
	shard.Count(before, "cart.added", 1)
	shard.Check(before, "statusCode", "200", false)
	shard.UserError(before, "Failed capture or match")
	shard.UserSkipped(before)
	shard.UserStarted(before, 0)
	shard.UserEnded(began.Add(time.Second), 2*time.Second, attack.Completed)
	r := recorder.Report(attack.Summary{Started: began, Duration: 2 * time.Second}, Meta{})
	document, err := r.artillery()
	if err != nil {
		t.Fatal(err)
	}
	counters := document.Aggregate.Counters
	if counters["vusers.created"] != 1 || counters["vusers.completed"] != 1 || len(counters) != 3 || r.ChecksFailed() {
		t.Errorf("got %v and checks %v, want one user created and completed", counters, r.Checks)
	}
}

// However many names a script makes up, few are kept, nothing is lost, and the report says so.
func TestNamesAreBounded(t *testing.T) {
	recorder := NewRecorder()
	shards := []attack.Shard{recorder.Shard(), recorder.Shard()}
	recorder.Begin(began)
	for i := range 4 * maxNames {
		at := began.Add(time.Duration(i) * 50 * time.Millisecond) // several intervals
		shards[i%2].Count(at, fmt.Sprintf("order %d", i), 2)
		shards[i%2].Check(at, "equals", fmt.Sprintf("order %d", i), i%4 == 0)
	}
	r := recorder.Report(attack.Summary{Started: began, Duration: time.Minute}, Meta{})
	var passed, failed int64
	for _, c := range r.Checks {
		passed, failed = passed+c.Passed, failed+c.Failed
	}
	if n := len(r.Custom.Counters); n != maxNames+1 || sum(r.Custom.Counters) != 8*maxNames {
		t.Errorf("%d counters with %d in all, want %d with all that was counted", n, sum(r.Custom.Counters), maxNames+1)
	}
	if len(r.Checks) != maxNames+1 || passed != maxNames || failed != 3*maxNames {
		t.Errorf("%d checks, %d passed, %d failed", len(r.Checks), passed, failed)
	}
	if len(r.Warnings) != 2 {
		t.Errorf("warnings %q, want one about counters and one about checks", r.Warnings)
	}
}

// A run that is too long for the histograms of all its steps keeps its counts.
func TestIntervalsAreBounded(t *testing.T) {
	recorder := NewRecorder()
	recorder.mostBraids = 100
	shard := recorder.Shard()
	recorder.Begin(began)
	const steps = 20
	for i := range 8 * steps {
		r := result(time.Duration(i/steps)*intervalLength, 0, time.Millisecond, 200, "")
		r.Step = i % steps
		shard.Add(r)
	}
	r := recorder.Report(attack.Summary{Started: began, Duration: time.Hour}, Meta{})
	histograms, answers := 0, int64(0)
	for _, v := range r.Intervals {
		for _, s := range v.Steps {
			for _, a := range s.Answers {
				histograms, answers = histograms+1, answers+a.FirstByte.Count
			}
		}
	}
	if histograms > recorder.mostBraids || answers != r.Responses {
		t.Errorf("%d histograms with %d answers of %d, want at most %d with all", histograms, answers, r.Responses, recorder.mostBraids)
	}
	if len(r.Warnings) != 1 {
		t.Errorf("warnings %q, want one about the intervals", r.Warnings)
	}
}
