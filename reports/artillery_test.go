package reports

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// walked is the report of four users of two scenarios, one of which has no name, over 14 s: one user of the first
// fails for want of a capture, one request meets a closed connection, one redirect is followed.
func walked(t *testing.T) *Report {
	t.Helper()
	const ms = time.Millisecond
	recorder := NewRecorder()
	recorder.Apdex = 10 * ms
	shards := []attack.Shard{recorder.Shard(), recorder.Shard()}
	recorder.Begin(began)
	user := func(at time.Duration, scenario int, session time.Duration, outcome attack.Outcome) {
		shards[0].UserStarted(began.Add(at), scenario)
		shards[1].UserEnded(began.Add(at+session), session, outcome)
	}
	add := func(step int, due, latency time.Duration, code uint16, failure string, followed bool) {
		r := result(due, 0, latency, code, failure)
		r.Step, r.Followed = step, followed
		shards[step%2].Add(r)
	}
	user(0, 0, 60*ms, attack.Completed)
	add(0, 0, 8*ms, 200, "", false)
	add(1, 10*ms, 4*ms, 302, "", true)
	add(1, 14*ms, 12*ms, 200, "", false)
	user(500*ms, 0, 30*ms, attack.Failed)
	add(0, 500*ms, 30*ms, 404, "", false)
	shards[0].UserError(began.Add(530*ms), "Failed capture or match")
	shards[0].Check(began.Add(8*ms), "statusCode", "statusCode 200", true)
	shards[1].Check(began.Add(530*ms), "statusCode", "statusCode 200", false)
	shards[0].Check(began.Add(8*ms), "contentType", "contentType json", true)
	shards[0].Count(began.Add(9*ms), "cart.added", 3)
	user(9990*ms, 0, 20*ms, attack.Completed) // begins in one interval, ends in the next
	add(0, 9990*ms, 20*ms, 200, "", false)
	user(13*time.Second, 1, 50*ms, attack.Failed)
	add(2, 13*time.Second, 50*ms, 0, "ECONNRESET", false)
	shards[1].UserSkipped(began.Add(13500 * ms))
	return recorder.Report(attack.Summary{Started: began, Duration: 14 * time.Second, Skipped: 1}, Meta{
		Script: "walk.yml", Target: "http://me:secret@127.0.0.1:3000", Scenarios: []string{"browse", ""},
		Steps: []StepName{
			{Scenario: "browse", Step: "first", Method: "GET", URL: "http://me:secret@127.0.0.1:3000/a?x={{ $randomNumber(1,9) }}"},
			{Scenario: "browse", Method: "GET", URL: "http://me:secret@127.0.0.1:3000/moved?to=b"},
			{Method: "GET", URL: "http://me:secret@127.0.0.1:3000/die"},
		},
	})
}

func TestArtilleryFormat(t *testing.T) {
	golden(t, "walked.artillery.json", written(t, walked(t), "artillery"))
}

// Whoever reads Artillery's documents finds in ours what is in them: these keys, no more and no less.
func TestArtilleryShape(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal(written(t, walked(t), "artillery"), &document); err != nil {
		t.Fatal(err)
	}
	keys := func(v any) string { return strings.Join(slices.Sorted(maps.Keys(v.(map[string]any))), " ") }
	want := "counters firstCounterAt firstHistogramAt firstMetricAt histograms lastCounterAt lastHistogramAt " +
		"lastMetricAt period rates summaries"
	aggregate, intermediate := document["aggregate"].(map[string]any), document["intermediate"].([]any)
	if got := keys(document); got != "aggregate intermediate" || len(intermediate) != 2 {
		t.Fatalf("the document has %s, %d of the latter; want aggregate and 2 intermediate", got, len(intermediate))
	}
	for _, period := range append(intermediate, aggregate) {
		if got := keys(period); got != want {
			t.Errorf("a period has\n%s, want\n%s", got, want)
		}
		for name, summary := range period.(map[string]any)["summaries"].(map[string]any) {
			if got := keys(summary); got != "count max mean median min p50 p75 p90 p95 p99 p999" {
				t.Errorf("%s has %s", name, got)
			}
		}
	}
	if _, ok := aggregate["period"].(float64); !ok {
		t.Errorf("the aggregate's period is %v, want a number", aggregate["period"])
	}
	if begin := intermediate[1].(map[string]any)["period"]; begin != "1795387753000" {
		t.Errorf("the second period is %v, want the start and 10 s, as a string of ms", begin)
	}
}

// The counts are those that Artillery has of the same events.
func TestArtilleryCounts(t *testing.T) {
	document, err := walked(t).artillery()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"vusers.created": 4, "vusers.created_by_name.browse": 3, "vusers.created_by_name.1": 1,
		"vusers.completed": 2, "vusers.failed": 2, "vusers.skipped": 1,
		"http.requests": 6, "http.responses": 5, "http.codes.200": 3, "http.codes.302": 1, "http.codes.404": 1,
		"http.downloaded_bytes": 500, "errors.ECONNRESET": 1, "errors.Failed capture or match": 1, "cart.added": 3,
		"plugins.expect.ok": 2, "plugins.expect.ok.statusCode": 1, "plugins.expect.ok.contentType": 1,
		"plugins.expect.failed": 1, "plugins.expect.failed.statusCode": 1,
		"apdex.satisfied": 1, "apdex.tolerated": 3, "apdex.frustrated": 0, // the redirect is not the user's answer
		"plugins.metrics-by-endpoint./a (first).codes.200":   2,
		"plugins.metrics-by-endpoint./a (first).codes.404":   1,
		"plugins.metrics-by-endpoint./moved.codes.200":       1, // where it led to
		"plugins.metrics-by-endpoint./die.errors.ECONNRESET": 1,
	}
	if got := document.Aggregate.Counters; !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	sums := map[string]int64{}
	for _, period := range document.Intermediate {
		for name, n := range period.Counters {
			sums[name] += n
		}
	}
	if !maps.Equal(sums, want) {
		t.Errorf("the periods have %v in all\nwant %v", sums, want)
	}
	first := document.Intermediate[0]
	if first.Counters["http.requests"] != 5 || first.Counters["http.responses"] != 4 || first.Counters["vusers.created"] != 3 {
		t.Errorf("%v: what is sent counts when it is, and what is answered when it is", first.Counters)
	}
	for name, want := range map[string]int64{
		"http.response_time": 5, "http.response_time.2xx": 3, "http.response_time.3xx": 1, "http.response_time.4xx": 1,
		"vusers.session_length": 2, "plugins.metrics-by-endpoint.response_time./a (first)": 3,
		"plugins.metrics-by-endpoint.response_time./moved": 1,
	} {
		if got := document.Aggregate.Summaries[name].Count; got != want {
			t.Errorf("%s has %d samples, want %d", name, got, want)
		}
	}
	if s := document.Aggregate.Summaries["http.response_time"]; s.Min != 2 || s.Max != 15 || s.Mean != 7.4 {
		t.Errorf("http.response_time is %v, want ms from request to head: 2 to 15, mean 7.4", s)
	}
}

// A rate is over the time from a period's first request to its last, at least a second, rounded; that of the whole is
// the mean of the periods'.
func TestArtilleryRequestRate(t *testing.T) {
	var results []*attack.Result
	for i := range 91 {
		results = append(results, result(time.Duration(i)*50*time.Millisecond, 0, time.Millisecond, 200, ""))
	}
	for range 4 {
		results = append(results, result(10*time.Second, 0, time.Millisecond, 200, ""))
	}
	document, err := recorded(results, 2, attack.Summary{Started: began, Duration: 11 * time.Second}, Meta{}).artillery()
	if err != nil {
		t.Fatal(err)
	}
	first, second := document.Intermediate[0].Rates[requestRate], document.Intermediate[1].Rates[requestRate]
	if whole := document.Aggregate.Rates[requestRate]; first != 20 || second != 4 || whole != 12 {
		t.Errorf("rates %d, %d and %d, want 91 in 4.5 s, 4 in less than 1 s, and their mean", first, second, whole)
	}
}

// Periods in which nothing happened are not there, and a period says when its first and its last thing happened.
func TestArtilleryGap(t *testing.T) {
	const ms = time.Millisecond
	results := []*attack.Result{result(100*ms, 0, 5*ms, 200, ""), result(25*time.Second, 0, 7*ms, 200, "")}
	document, err := recorded(results, 1, attack.Summary{Started: began, Duration: 26 * time.Second}, Meta{}).artillery()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(document.Intermediate); n != 2 {
		t.Fatalf("%d periods, want none for 10 s to 20 s", n)
	}
	first, all := document.Intermediate[0], document.Aggregate
	if got := first.FirstCounterAt - began.UnixMilli(); got != 100 {
		t.Errorf("the first counter is %d ms after the start, want the 100 of the first request", got)
	}
	if got := first.FirstHistogramAt - began.UnixMilli(); got != 105 {
		t.Errorf("the first histogram is %d ms after the start, want the 105 of the first answer", got)
	}
	if got := all.LastMetricAt - began.UnixMilli(); got != 25_007 {
		t.Errorf("the last metric is %d ms after the start, want the 25007 of the last answer", got)
	}
}

// A report of before there were intervals is refused with what to do, not shown as empty.
func TestArtilleryOfAnOldReport(t *testing.T) {
	var old map[string]any
	if err := json.Unmarshal(asJSON(t, walked(t)), &old); err != nil {
		t.Fatal(err)
	}
	delete(old, "intervals")
	report, err := Read(bytes.NewReader(asJSON(t, old)), "old.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(&bytes.Buffer{}, "artillery"); err == nil || !strings.Contains(err.Error(), "run the attack again") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	report.Intervals = []Interval{{EventsAt: &Span{}, Steps: []IntervalStep{{Step: 1 << 40, Answers: []Answers{
		{StatusCodes: map[string]int64{"": 1}, FirstByte: Samples{Count: 2, HDR: "HISTFAAAACp42pJpmSzMwMDAzAABTFA6hYGB2c1gxwIG+w8QgfUiSYAAAAD//2W9BdU="}},
	}}}}}
	if err := report.Write(&bytes.Buffer{}, "artillery"); err == nil || !strings.Contains(err.Error(), "interval 0") {
		t.Errorf("got %v, want an error that names the damaged interval", err)
	}
}

// No password of the target's gets into the document.
func TestArtilleryHidesPasswords(t *testing.T) {
	recorder := NewRecorder()
	shard := recorder.Shard()
	recorder.Begin(began)
	const secret = "http://me:secret@host/"
	shard.Check(began, "equals", secret, false)
	shard.Count(began, secret, 1)
	shard.UserError(began, "Invalid URL - "+secret)
	r := recorder.Report(attack.Summary{Started: began, Duration: time.Second}, Meta{
		Target: secret, Scenarios: []string{secret}, Steps: []StepName{{Step: secret, URL: secret}},
	})
	for _, format := range Formats() {
		if text := written(t, r, format); bytes.Contains(text, []byte("secret")) {
			t.Errorf("%s shows the password:\n%s", format, text)
		}
	}
}

// However damaged a report is, it is shown or refused.
func FuzzArtillery(f *testing.F) {
	f.Add([]byte(`{"at_ns": 0, "sent": 3, "sent_at_ns": {"first": 0, "last": 5}, "users": {"created": 1}}`))
	f.Add([]byte(`{"at_ns": -9223372036854775808, "events_at_ns": {"first": 9223372036854775807, "last": -1}}`))
	f.Add([]byte(`{"events_at_ns": {}, "session_ns": {"count": 1, "mean": -1, "hdr": "x"}}`))
	f.Add([]byte(`{"events_at_ns": {}, "steps": [{"step": -1, "errors": {"": -1}, "answers": [{"status_codes": {"9": 1},
		"first_byte_ns": {"count": 49, "min": 5, "mean": 9223372036854775807, "max": 1,
		"hdr": "HISTFAAAACp42pJpmSzMwMDAzAABTFA6hYGB2c1gxwIG+w8QgfUiSYAAAAD//2W9BdU="}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v Interval
		if json.Unmarshal(text, &v) != nil {
			return
		}
		r := &Report{Intervals: []Interval{v, v}, Endpoints: Endpoints{Names: []string{"/"}}}
		_ = r.Write(&bytes.Buffer{}, "artillery")
		_, _ = r.Ensure(&Ensure{MaxErrorRate: new(float64)}, compared)
	})
}
