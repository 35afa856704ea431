package reports

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

func TestUsers(t *testing.T) {
	recorder := NewRecorder()
	a, b := recorder.Shard(), recorder.Shard()
	recorder.Begin(began)
	at := func(d time.Duration) time.Time { return began.Add(d) }
	a.UserStarted(at(-2*time.Second), attack.NoScenario) // in the warm-up, and over in it
	a.UserEnded(at(-time.Second), time.Second, attack.Completed)
	a.UserStarted(at(-time.Second), attack.NoScenario) // in the warm-up, still there after it
	b.UserStarted(at(500*time.Millisecond), attack.NoScenario)
	b.UserStarted(at(1500*time.Millisecond), attack.NoScenario)
	a.UserEnded(at(1600*time.Millisecond), 2600*time.Millisecond, attack.Completed)
	a.UserEnded(at(2500*time.Millisecond), 2*time.Second, attack.Failed)
	b.UserEnded(at(3*time.Second), 1500*time.Millisecond, attack.Interrupted)

	r := recorder.Report(attack.Summary{Duration: 3100 * time.Millisecond, Skipped: 7}, Meta{})
	if want := (Users{Created: 3, Completed: 1, Failed: 1, Skipped: 7, Peak: 3}); r.Users != want {
		t.Errorf("got %+v, want %+v", r.Users, want)
	}
	var series []int64
	for _, s := range r.Series {
		series = append(series, s.Users)
	}
	if want := []int64{2, 2, 1, 0}; fmt.Sprint(series) != fmt.Sprint(want) {
		t.Errorf("at work at the end of each second: %v, want %v", series, want)
	}
	if r.Session.Count != 1 || r.Session.Max != int64(2600*time.Millisecond) {
		t.Errorf("session %+v, want that of the one who completed", r.Session)
	}
}

func TestUsersOfTheWarmupArePeak(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	for range 5 {
		shard.UserStarted(began.Add(-time.Second), attack.NoScenario)
	}
	shard.UserEnded(began.Add(-time.Millisecond), time.Second, attack.Completed)
	for range 4 {
		shard.UserEnded(began.Add(time.Second), 2*time.Second, attack.Completed)
	}
	r := recorder.Report(attack.Summary{Duration: time.Second}, Meta{})
	if r.Users.Peak != 4 || r.Users.Created != 4 {
		t.Errorf("got %+v, want the four who were at work after the warm-up", r.Users)
	}
}

func TestSnapshot(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	if got := recorder.Snapshot(began); got != (Snapshot{}) {
		t.Errorf("before the start: %+v", got)
	}
	recorder.Begin(began)
	if got := recorder.Snapshot(began.Add(-3 * time.Second)).String(); got != "warm-up, 3s to go" {
		t.Errorf("in the warm-up: %s", got)
	}
	shard.UserStarted(began, attack.NoScenario)
	shard.Add(result(0, 0, time.Millisecond, 200, ""))
	for range 3 {
		shard.Add(result(1100*time.Millisecond, 0, 10*time.Millisecond, 200, ""))
	}
	shard.Add(result(1200*time.Millisecond, 0, 0, 0, "ECONNREFUSED"))
	shard.Add(result(2100*time.Millisecond, 0, time.Millisecond, 500, ""))

	got := recorder.Snapshot(began.Add(2200 * time.Millisecond))
	if got.Requests != 4 || got.Successes != 3 || got.Errors != 1 || got.Users != 1 || got.TotalRequests != 6 {
		t.Errorf("got %+v", got)
	}
	if want := "2s  4 req/s  p50 10ms  p99 10ms  1 user  6 requests, 2 not successful"; got.String() != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if again := recorder.Snapshot(began.Add(2200 * time.Millisecond)); again != got {
		t.Errorf("a second look shows %+v, the first %+v", again, got)
	}
}

// Looking at a run while it goes on changes nothing, and what is seen so far is what a report would say.
func TestSoFar(t *testing.T) {
	results := randomRun(rand.New(rand.NewPCG(1, 2)))
	recorder := NewRecorder()
	if got := recorder.SoFar(began); got.Requests != 0 {
		t.Errorf("before the start: %+v", got)
	}
	shards := []attack.Shard{recorder.Shard(), recorder.Shard()}
	recorder.Begin(began)
	for i, r := range results {
		shards[i%2].Add(r)
		if i%50 == 0 {
			recorder.Snapshot(began.Add(time.Duration(i) * time.Millisecond))
			soFar := recorder.SoFar(began.Add(time.Minute))
			if soFar.Requests != int64(i+1) || soFar.Response.Count != soFar.Responses {
				t.Fatalf("after %d requests: %+v", i+1, soFar)
			}
		}
	}
	summary := attack.Summary{Duration: 12 * time.Second}
	watched, alone := recorder.Report(summary, Meta{}), recorded(results, 2, summary, Meta{})
	if !bytes.Equal(asJSON(t, watched), asJSON(t, alone)) {
		t.Error("a run that was looked at reports something else")
	}
}

func TestConcurrency(t *testing.T) {
	recorder := NewRecorder()
	shards := []attack.Shard{recorder.Shard(), recorder.Shard()}
	recorder.Begin(began)
	const workers, each = 8, 2_000
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			shard := shards[w%len(shards)]
			shard.UserStarted(began, attack.NoScenario)
			for i := range each {
				shard.Add(result(time.Duration(i)*3*time.Millisecond, 0, time.Millisecond, 200, ""))
			}
			shard.UserEnded(began.Add(6*time.Second), 6*time.Second, attack.Completed)
		})
	}
	for range 2 {
		wg.Go(func() {
			for i := range 50 {
				recorder.Snapshot(began.Add(time.Duration(i) * time.Second))
				recorder.SoFar(began.Add(time.Minute))
			}
		})
	}
	wg.Wait()
	r := recorder.Report(attack.Summary{Duration: 7 * time.Second}, Meta{})
	if r.Requests != workers*each || r.Users.Completed != workers || r.Users.Peak > workers || r.check() != nil {
		t.Errorf("requests %d, users %+v, check %v", r.Requests, r.Users, r.check())
	}
}
