package reports

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is another (go test -update rewrites it); got\n%s", path, got)
	}
}

// openSample is the report of an open loop of 15.4 s in which nearly everything went wrong a little.
func openSample() *Report {
	rnd := rand.New(rand.NewPCG(1, 2))
	recorder := NewRecorder()
	shards := []attack.Shard{recorder.Shard(), recorder.Shard()}
	recorder.Begin(began)
	for i := range 6000 {
		due := time.Duration(i) * 2500 * time.Microsecond
		latency := time.Duration(math.Exp(rnd.NormFloat64()*0.5) * float64(2*time.Millisecond))
		r := result(due, time.Duration(rnd.ExpFloat64()*20_000), latency, 200, "")
		r.Step, r.BytesIn = i%3%2, 5120
		switch rnd.IntN(100) {
		case 0:
			r.Code = 404
		case 1:
			r.Code, r.Latency = 503, 20*r.Latency
		case 2:
			r.Code, r.FirstByte, r.BytesIn, r.Error = 0, 0, 0, "ECONNRESET"
		}
		shard := shards[i%2]
		shard.UserStarted(r.Due(), 0)
		shard.Add(r)
		outcome := attack.Completed
		if r.Error != "" {
			outcome = attack.Failed
		}
		shard.UserEnded(r.Timestamp.Add(r.Latency), r.Response(), outcome)
	}
	for i := range 12 {
		shards[0].Unsent(began.Add(15*time.Second + time.Duration(i)*10*time.Millisecond))
	}
	report := recorder.Report(attack.Summary{
		Started: began, Duration: 15400 * time.Millisecond, Reconnects: 3, OpenLoop: true, Stopped: true, Skipped: 4,
		UserErrors: map[string]int64{"capture title": 2},
		Generator: attack.Generator{
			CPU: 6300 * time.Millisecond, Cores: 1, PeakRSS: 31 << 20, GCPause: 800 * time.Microsecond, HostIdle: 0.4,
			RunQueue: new(250 * time.Millisecond),
		},
	}, Meta{
		Name: "nightly", Script: "artillery.yml", Target: "http://me:secret@127.0.0.1:3000/reviews",
		Steps: []StepName{
			{Scenario: "Browsing", Method: "GET", URL: "http://me:secret@127.0.0.1:3000/reviews/{{ $loopCount }}?index=1"},
			{Scenario: "Browsing", Step: "the listing", Method: "GET", URL: "http://me:secret@127.0.0.1:3000/listings/{{ id }}"},
			{Scenario: "Browsing", Step: "never reached", Method: "POST",
				URL: "http://me:secret@127.0.0.1:3000/listings/{{ id }}/images"},
		},
		Warnings: []string{"artillery.yml:8:6: the loop has no count, so it never ends: each of the 400 users that " +
			"arrive goes on until the run does (count belongs to loop, not to get)"},
		Version: "v1.0.0",
	})
	report.Environment = Environment{"v1.0.0", "go1.26.0", "linux", "amd64", 2, 2} // not where the test happens to run
	return report
}

// closedSample is the report of a plain closed loop.
func closedSample() *Report {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	shard.UserStarted(began, attack.NoScenario)
	for i := range 21_000 {
		shard.Add(result(time.Duration(i)*476*time.Microsecond, 0, 476*time.Microsecond, 200, ""))
	}
	shard.UserEnded(began.Add(10*time.Second), 10*time.Second, attack.Completed)
	report := recorder.Report(attack.Summary{
		Started: began, Duration: 10 * time.Second, Users: 1, SetEnd: true,
		Generator: attack.Generator{CPU: 9500 * time.Millisecond, Cores: 1, HostIdle: 0.01, Shared: true},
	}, Meta{Script: "siege.js", Target: "http://localhost:3000"})
	report.Environment = Environment{}
	return report
}

func judged(t *testing.T, r *Report, expr string) *Report {
	t.Helper()
	thresholds, err := ParseThresholds(expr)
	if err != nil {
		t.Fatal(err)
	}
	r.Judge(thresholds)
	return r
}

func written(t *testing.T, r *Report, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out, format); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
