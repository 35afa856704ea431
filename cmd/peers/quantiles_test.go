//go:build unix

package main

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const wrkSays = `Running 3s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    11.02ms  301.20us  1.02s    81.20%
    Req/Sec     2.90k    41.20     2.95k    66.67%
  Latency Distribution
     50%  990.00us
     75%   11.15ms
     90%   11.30ms
     99%    1.00s
  8672 requests in 3.01s, 0.99MB read
Requests/sec:   2881.10
`

func TestReadQuantiles(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name, text string
		read       func(string) (figures, error)
		want       figures
	}{
		{"wrk", wrkSays, readWrk, figures{8672, 990 * time.Microsecond, 11150 * time.Microsecond, 11300 * time.Microsecond,
			time.Second, 1020 * ms}},
		{"imgsvc", `{"response_ns": {"count": 5, "p50": 1000000, "p75": 2000000, "p90": 3000000, "p99": 4000000, "max": 5000000},
			"latency_ns": {"count": 5, "p50": 9}}`, readReport, figures{5, ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms}},
	} {
		if got, err := test.read(test.text); err != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
		if _, err := test.read(`{"response_ns": {"count": 0}}`); err == nil {
			t.Errorf("%s: no error without answers", test.name)
		}
	}
}

// A delayed service takes the time of its shape, says so, and stalls for one second, once.
func TestDelayed(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &delayed{shape: s}
				ask := func(path string) string {
					w := httptest.NewRecorder()
					d.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
					return w.Body.String()
				}
				var took, want []time.Duration
				for k := range 1000 {
					began := time.Now()
					if body := ask("/"); body != "hello" {
						t.Fatal(body)
					}
					took, want = append(took, time.Since(began)), append(want, s.delay(k))
				}
				if !slices.Equal(took, want) {
					t.Errorf("took %v, want %v", summed(took), summed(want))
				}
				var made figures
				if err := json.Unmarshal([]byte(ask("/made")), &made); err != nil || made != summed(want) {
					t.Errorf("it says %v (%v), and took %v", made, err, summed(want))
				}
				ask("/begin")
				ask("/")
				time.Sleep(stallAfter - s.delay(0) + 250*time.Millisecond)
				began := time.Now()
				ask("/")
				if stalled := time.Since(began) == 750*time.Millisecond; stalled != s.stalls {
					t.Errorf("in the sixth second it took %v", time.Since(began))
				}
			})
		})
	}
}

func TestSummed(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i))
	}
	if got, want := summed(all), (figures{200, 100, 150, 180, 198, 200}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if summed(nil) != (figures{}) || summed(all[:1]).P50 != 200 {
		t.Error("of nothing, or of one")
	}
}

// Everything that is asked can be run, and imgsvc and wrk stand beside each other for every shape.
func TestTellers(t *testing.T) {
	o := options{connections: 32, duration: 10 * time.Second, rate: 400}
	for _, s := range shapes() {
		var names []string
		for _, teller := range tellers(s) {
			names = append(names, teller.name)
			line, label := o.script(teller.generator), o.words(teller.label)
			if strings.ContainsAny(line+label, "{}") || !strings.Contains(line, `"$0"`) || !strings.Contains(line, "$1") {
				t.Errorf("%s: %s, %s", teller.name, line, label)
			}
		}
		if !slices.Contains(names, "imgsvc") || !slices.Contains(names, "wrk") {
			t.Errorf("%s: only %v", s.name, names)
		}
	}
}

func TestRenderTold(t *testing.T) {
	const ms = time.Millisecond
	got := renderTold([]told{{"wrk", figures{7, ms, 2 * ms, 3 * ms, 4 * ms, time.Second}, figures{8, ms, ms, ms, ms, 5100 * time.Microsecond}}})
	want := `
               answers     p50     p75     p90     p99        max
          wrk        7  1.00ms  2.00ms  3.00ms  4.00ms  1000.00ms
  the service        8  1.00ms  1.00ms  1.00ms  1.00ms     5.10ms
`
	if got != want[1:] {
		t.Errorf("got\n%swant%s", got, want)
	}
}
