package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/quick"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

var began = time.Date(2026, 11, 22, 22, 49, 3, 0, time.UTC)

// result is a request that was due at a time since the start and left lag later.
func result(due, lag, latency time.Duration, code uint16, err string) *attack.Result {
	r := &attack.Result{Lag: lag, FirstByte: latency / 2}
	r.Timestamp, r.Latency = began.Add(due+lag), latency
	r.Code, r.Error, r.BytesIn, r.BytesOut = code, err, 100, 10
	return r
}

// recorded returns the report of results dealt in turn to so many shards.
func recorded(results []*attack.Result, shards int, summary attack.Summary, meta Meta) *Report {
	recorder := NewRecorder()
	recorder.Begin(began)
	var to []attack.Shard
	for range shards {
		to = append(to, recorder.Shard())
	}
	for i, r := range results {
		to[i%shards].Add(r)
	}
	return recorder.Report(summary, meta)
}

func TestWhatCounts(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name                           string
		result                         *attack.Result
		responses, successes, failures int64
		latencies, firstBytes          int64
	}{
		{"200", result(0, 0, ms, 200, ""), 1, 1, 0, 1, 1},
		{"a redirect is a success", result(0, 0, ms, 302, ""), 1, 1, 0, 1, 1},
		{"404 is an answer", result(0, 0, ms, 404, ""), 1, 0, 0, 1, 1},
		{"503 is an answer", result(0, 0, ms, 503, ""), 1, 0, 0, 1, 1},
		{"refused is none", func() *attack.Result {
			r := result(0, 0, ms, 0, "ECONNREFUSED")
			r.FirstByte = 0
			return r
		}(), 0, 0, 1, 0, 0},
		{"half a body is none, but had a first byte", result(0, 0, ms, 200, "ECONNRESET"), 0, 0, 1, 0, 1},
		{"cut off at the end", result(0, 0, ms, 0, "INTERRUPTED"), 0, 0, 1, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := recorded([]*attack.Result{tt.result}, 1, attack.Summary{Duration: time.Second}, Meta{})
			if r.Requests != 1 || r.Lag.Count != 1 {
				t.Errorf("requests %d, lags %d, want 1 of each", r.Requests, r.Lag.Count)
			}
			if r.Responses != tt.responses || r.Successes != tt.successes || sum(r.Errors) != tt.failures {
				t.Errorf("responses %d, successes %d, errors %v", r.Responses, r.Successes, r.Errors)
			}
			if r.Latency.Count != tt.latencies || r.Response.Count != tt.latencies || r.FirstByte.Count != tt.firstBytes {
				t.Errorf("latencies %d, responses %d, first bytes %d", r.Latency.Count, r.Response.Count, r.FirstByte.Count)
			}
		})
	}
}

// A request counts as offered in the second it was due, and in all other columns in the second it ended.
func TestSeconds(t *testing.T) {
	results := []*attack.Result{
		result(100*time.Millisecond, 0, 100*time.Millisecond, 200, ""),
		result(900*time.Millisecond, 200*time.Millisecond, 3*time.Second, 404, ""),
		result(2*time.Second, 0, 2*time.Second, 0, "ETIMEDOUT"),
		result(3999*time.Millisecond, 0, time.Microsecond, 200, ""),
	}
	r := recorded(results, 1, attack.Summary{Duration: 4500 * time.Millisecond}, Meta{})
	var offered, requests, successes, failures []int64
	for _, s := range r.Series {
		offered = append(offered, s.Offered)
		requests = append(requests, s.Requests)
		successes = append(successes, s.Successes)
		failures = append(failures, sum(s.Errors))
	}
	for _, column := range []struct {
		name      string
		got, want []int64
	}{
		{"offered", offered, []int64{2, 0, 1, 1, 0}},
		{"requests", requests, []int64{1, 0, 0, 1, 2}},
		{"successes", successes, []int64{1, 0, 0, 1, 0}},
		{"errors", failures, []int64{0, 0, 0, 0, 1}},
	} {
		if fmt.Sprint(column.got) != fmt.Sprint(column.want) {
			t.Errorf("%s: got %v, want %v", column.name, column.got, column.want)
		}
	}
	if r.Response.Max != int64(3200*time.Millisecond) || r.Latency.Max != int64(3*time.Second) {
		t.Errorf("response up to %d, latency up to %d", r.Response.Max, r.Latency.Max)
	}
	if r.Series[0].ResponseHDR == nil || r.Series[1].ResponseHDR != nil {
		t.Error("a second should have a histogram exactly if there was a response in it")
	}
}

func TestRates(t *testing.T) {
	var results []*attack.Result
	for second, n := range []int{1, 5, 2, 0, 0, 0, 0, 0, 0, 0, 4, 9} { // the last is cut short
		for range n {
			results = append(results, result(time.Duration(second)*time.Second, 0, 0, 200, ""))
		}
	}
	results = append(results, result(time.Second, 0, 0, 500, ""))
	figure := func(v *float64) string {
		if v == nil {
			return "null"
		}
		return fmt.Sprintf("%.2f", *v)
	}
	tests := []struct {
		name              string
		duration          time.Duration
		mean, one, ten    string
		answered, answer1 string
	}{
		{"eleven and a half", 11500 * time.Millisecond, "1.83", "5.00", "1.10", "1.91", "6.00"},
		{"under ten", 9999 * time.Millisecond, "2.10", "5.00", "null", "2.20", "6.00"},
		{"under one", 999 * time.Millisecond, "21.02", "null", "null", "22.02", "null"},
		{"nothing", 0, "null", "null", "null", "null", "null"},
		{"stopped in its warm-up", -time.Second, "null", "null", "null", "null", "null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := recorded(results, 2, attack.Summary{Duration: tt.duration}, Meta{})
			got := []string{figure(r.RPS.Mean), figure(r.RPS.Peak1s), figure(r.RPS.Peak10s),
				figure(r.AnsweredRPS.Mean), figure(r.AnsweredRPS.Peak1s)}
			want := []string{tt.mean, tt.one, tt.ten, tt.answered, tt.answer1}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// randomRun is results of a few seconds: several steps, all sorts of ends, in no order.
func randomRun(rnd *rand.Rand) []*attack.Result {
	results := make([]*attack.Result, rnd.IntN(500))
	for i := range results {
		r := result(
			time.Duration(rnd.Int64N(int64(12*time.Second))),
			time.Duration(rnd.ExpFloat64()*float64(50*time.Microsecond)),
			time.Duration(math.Exp(rnd.NormFloat64())*float64(2*time.Millisecond)),
			[]uint16{200, 200, 200, 304, 404, 503}[rnd.IntN(6)], "")
		if rnd.IntN(20) == 0 {
			r.Error = []string{"ECONNREFUSED", "ETIMEDOUT"}[rnd.IntN(2)]
		}
		r.Step = rnd.IntN(4)
		results[i] = r
	}
	return results
}

func TestInvariants(t *testing.T) {
	holds := func(seed uint64) bool {
		results := randomRun(rand.New(rand.NewPCG(seed, 0)))
		r := recorded(results, 3, attack.Summary{Duration: 12 * time.Second}, Meta{})
		var steps, stepErrors, offered, seconds, successes, statuses, failures, classes int64
		for _, s := range r.Steps {
			steps, stepErrors = steps+s.Requests, stepErrors+sum(s.Errors)
		}
		for _, s := range r.Series {
			offered, seconds, successes = offered+s.Offered, seconds+s.Requests, successes+s.Successes
			statuses, failures = statuses+sum(s.StatusCodes), failures+sum(s.Errors)
		}
		for _, class := range r.ResponseByClass {
			classes += class.Count
		}
		return r.check() == nil &&
			r.Requests == int64(len(results)) && r.Requests == r.Responses+sum(r.Errors) &&
			steps == r.Requests && stepErrors == sum(r.Errors) &&
			offered == r.Requests && seconds == r.Requests && successes == r.Successes &&
			statuses == r.Responses && failures == sum(r.Errors) && classes == r.Responses &&
			r.Latency.Count == r.Responses && r.Response.Count == r.Responses
	}
	if err := quick.Check(holds, &quick.Config{MaxCount: 12}); err != nil {
		t.Error(err)
	}
}

// However results are spread over shards, in whatever order, the report is the same to the byte.
func TestShardsDoNotMatter(t *testing.T) {
	same := func(seed uint64, shards uint8) bool {
		rnd := rand.New(rand.NewPCG(seed, 0))
		results := randomRun(rnd)
		summary := attack.Summary{Duration: 12 * time.Second}
		one := asJSON(t, recorded(results, 1, summary, Meta{}))
		rnd.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
		many := asJSON(t, recorded(results, 1+int(shards)%8, summary, Meta{}))
		return bytes.Equal(one, many)
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 12}); err != nil {
		t.Error(err)
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The quantiles of the report are those of its histogram, within 1 % of the exact ones, and none is above the
// highest duration there was.
func TestQuantiles(t *testing.T) {
	var results []*attack.Result
	for i := range 10_000 {
		results = append(results, result(0, 0, time.Duration(i+1)*time.Microsecond, 200, ""))
	}
	d := recorded(results, 4, attack.Summary{Duration: time.Second}, Meta{}).Latency
	histogram, err := decode(d.HDR)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		percentile float64
		got        int64
	}{{50, d.P50}, {75, d.P75}, {90, d.P90}, {95, d.P95}, {99, d.P99}, {99.9, d.P999}} {
		if decoded := min(histogram.ValueAtPercentile(tt.percentile), d.Max); decoded != tt.got {
			t.Errorf("p%v is %d, but its histogram says %d", tt.percentile, tt.got, decoded)
		}
		if exact := tt.percentile * 1e5; math.Abs(float64(tt.got)-exact) > exact/100 {
			t.Errorf("p%v is %d, want about %.0f", tt.percentile, tt.got, exact)
		}
	}
	if d.Min != 1_000 || d.Max != 10_000_000 || d.Mean != 5_000_500 || d.P999 > d.Max {
		t.Errorf("min %d, mean %d, max %d are not exact", d.Min, d.Mean, d.Max)
	}
}

// Histograms are encoded as the library would, for any range of values, and one encoder can do many.
func TestEncoder(t *testing.T) {
	enc := newEncoder()
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		d := newSparse()
		for range 1 + rnd.IntN(300) {
			d.add(time.Duration(math.Exp(rnd.Float64()*math.Log(float64(90*time.Minute)))) - 1)
		}
		want, err := d.sparse.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got := enc.hdr(&d); got != string(want) {
			t.Fatalf("histogram %d\ngot  %s\nwant %s", i, got, want)
		}
	}
}

// A sum of durations does not overflow in a long run of slow requests.
func TestMeanOfMuch(t *testing.T) {
	d := newSparse()
	for range 4 { // of 2⁶³ ns in all
		part := newSparse()
		part.add(30 * time.Minute)
		part.count, part.high, part.low = math.MaxInt64/int64(30*time.Minute), 0, math.MaxInt64
		d.merge(&part)
	}
	if mean := time.Duration(d.distribution().Mean); mean.Round(time.Second) != 30*time.Minute {
		t.Errorf("mean %v, want 30m", mean)
	}
}

func TestUnsent(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	shard.Add(result(0, 0, 0, 200, ""))
	shard.Unsent(began.Add(1200 * time.Millisecond))
	shard.Unsent(began.Add(1300 * time.Millisecond))
	r := recorder.Report(attack.Summary{Duration: 2 * time.Second}, Meta{})
	if r.Unsent != 2 || r.Requests != 1 || r.Series[1].Offered != 2 || r.Series[1].Requests != 0 {
		t.Errorf("unsent %d, requests %d, series %+v", r.Unsent, r.Requests, r.Series)
	}
}

func TestSteps(t *testing.T) {
	reached := result(0, 0, time.Millisecond, 200, "")
	reached.Step = 1
	names := []StepName{
		{Scenario: "Browsing", Step: "home", Method: "GET", URL: "http://me:secret@host/"},
		{Scenario: "Browsing", Step: "photo", Method: "GET", URL: "/{{ $loopCount }}?index=1"},
	}
	r := recorded([]*attack.Result{reached}, 1, attack.Summary{Duration: time.Second}, Meta{Steps: names})
	if len(r.Steps) != 2 || r.Steps[0].Requests != 0 || r.Steps[1].Requests != 1 {
		t.Fatalf("got %+v, want both steps, the second reached once", r.Steps)
	}
	if got := r.Steps[0].URL; got != "http://xxxxx@host/" {
		t.Errorf("URL %s shows its password", got)
	}
	if got := r.Steps[1].URL; got != names[1].URL {
		t.Errorf("URL %s, want the template", got)
	}
}

// What would let memory grow without end is counted together instead, and said so.
func TestBounds(t *testing.T) {
	var results []*attack.Result
	for i := range 1500 {
		r := result(0, 0, 2*time.Hour, 0, "")
		r.Code, r.Step = 200, i
		results = append(results, r, result(0, 0, 0, 0, fmt.Sprintf("dial 127.0.0.1:%d", i)))
	}
	results = append(results, result(1<<62, 0, 0, 200, ""))
	r := recorded(results, 1, attack.Summary{Duration: time.Second}, Meta{})
	if len(r.Steps) != maxSteps+1 || r.Steps[maxSteps].Requests != 500 {
		t.Errorf("%d steps, the last of %d requests", len(r.Steps), r.Steps[len(r.Steps)-1].Requests)
	}
	if len(r.Errors) != maxErrorKinds+1 || r.Errors[otherErrors] != 1500-maxErrorKinds {
		t.Errorf("%d kinds of errors, %d others", len(r.Errors), r.Errors[otherErrors])
	}
	if len(r.Series) != maxSeconds {
		t.Errorf("a series of %d seconds", len(r.Series))
	}
	if r.Latency.Max != int64(2*time.Hour) || r.Latency.P50 > int64(time.Hour+time.Minute) {
		t.Errorf("max %d, p50 %d: the first is exact, the second held at an hour", r.Latency.Max, r.Latency.P50)
	}
	if len(r.Warnings) != 3 || r.check() != nil {
		t.Errorf("warnings %q, check %v", r.Warnings, r.check())
	}
}
