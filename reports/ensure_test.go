package reports

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// compared stands in for a language of conditions: it knows "name < number" and nothing else.
func compared(expression string) (func(map[string]float64) (bool, error), error) {
	name, _, ok := strings.Cut(expression, " < 5")
	if !ok {
		return nil, errors.New("unexpected end")
	}
	return func(metrics map[string]float64) (bool, error) {
		v, ok := metrics[name]
		return ok && v < 5, nil
	}, nil
}

func TestEnsure(t *testing.T) {
	rate := func(v float64) *float64 { return &v }
	below := func(metric string, bound float64) Ensure {
		return Ensure{Thresholds: []EnsureThreshold{{metric, bound}}}
	}
	condition := func(expression string, strict bool) Ensure {
		return Ensure{Conditions: []EnsureCondition{{expression, strict}}}
	}
	tests := []struct { // of walked: 2 of 4 users completed, 6 requests, from 2 ms to 15 ms to the first byte
		name   string
		ensure Ensure
		holds  bool
		want   string
	}{
		{"a counter below its bound", below("http.requests", 7), true, "ok: http.requests < 7"},
		{"a bound is no longer below itself", below("http.requests", 6), false, "fail: http.requests < 6  (6)"},
		{"a summary in ms", below("http.response_time.max", 15.1), true, "ok: http.response_time.max < 15.1"},
		{"mean", below("http.response_time.mean", 7), false, "fail: http.response_time.mean < 7  (7.4)"},
		{"a rate", below("http.request_rate", 2), true, "ok: http.request_rate < 2"},
		{"an endpoint", below("plugins.metrics-by-endpoint.response_time./a (first).p99", 10), false,
			"fail: plugins.metrics-by-endpoint.response_time./a (first).p99 < 10  (15)"},
		{"what was not measured", below("http.codes.500", 1), false,
			"fail: http.codes.500 < 1  (nothing was measured as http.codes.500)"},
		{"apdex", below("apdex", 0.7), true, "ok: apdex < 0.7"},
		{"legacy", Ensure{Legacy: []EnsureThreshold{{"median", 6}}}, false, "fail: median < 6  (6)"},
		{"users who did not complete", Ensure{MaxErrorRate: rate(50)}, true, "ok: maxErrorRate < 50"},
		{"too many of them", Ensure{MaxErrorRate: rate(49.9)}, false, "fail: maxErrorRate < 49.9  (50)"},
		{"a condition", condition("vusers.created < 5", true), true, "ok: vusers.created < 5"},
		{"that does not hold", condition("http.requests < 5", true), false, "fail: http.requests < 5"},
		{"and need not", condition("http.requests < 5", false), true, "fail: http.requests < 5 (optional)"},
		{"that cannot be read", condition("http.requests <", true), false, "fail: http.requests <  (unexpected end)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := walked(t)
			holds, err := r.Ensure(&tt.ensure, compared)
			if err != nil {
				t.Fatal(err)
			}
			if holds != tt.holds {
				t.Errorf("holds: %v, want %v", holds, tt.holds)
			}
			if got := ensured(r.Thresholds); !slices.Equal(got, []string{"Checks:", tt.want}) {
				t.Errorf("got  %q\nwant %q", got[1:], tt.want)
			}
		})
	}
}

// What the command wants and what the script wants are judged side by side; those of the script that hold come first,
// and judging anew takes the place of both.
func TestEnsureBesideThresholds(t *testing.T) {
	r := judged(t, walked(t), "p99<1s")
	ensure := &Ensure{Thresholds: []EnsureThreshold{{"http.requests", 6}, {"http.requests", 7}}}
	if holds, err := r.Ensure(ensure, compared); holds || err != nil {
		t.Fatal(holds, err)
	}
	golden(t, "walked.txt", written(t, r, "text"))
	if md := string(written(t, r, "markdown")); !strings.Contains(md, "| http.requests &lt; 6 | 6 | FAIL |") {
		t.Errorf("the Markdown does not tell what failed:\n%s", md)
	}
	judged(t, r, "p99<1s")
	if len(r.Thresholds) != 1 {
		t.Errorf("%d judgements after judging anew, want 1", len(r.Thresholds))
	}
}

func TestEnsureWithoutUsers(t *testing.T) {
	r := recorded([]*attack.Result{result(0, 0, time.Millisecond, 200, "")}, 1, attack.Summary{Started: began}, Meta{})
	if holds, err := r.Ensure(&Ensure{MaxErrorRate: new(float64)}, compared); holds || err != nil {
		t.Errorf("holds: %v, %v; want an error rate of no users to fail", holds, err)
	}
}
