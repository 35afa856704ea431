package reports

import (
	"strings"
	"testing"
)

// judgedReport is a report with round figures.
func judgedReport() *Report {
	return &Report{
		Requests: 1000, Responses: 1000, Successes: 999, Unsent: 2, Duration: 10e9,
		RPS:      Rates{Mean: new(99.9), Peak1s: new(120.0)},
		Response: Distribution{Count: 1000, Mean: 10e6, P50: 8e6, P99: 61e6, P999: 80e6, Min: 1e6, Max: 100e6},
		Latency:  Distribution{Count: 1000, P99: 60e6},
		Lag:      Distribution{Count: 1000, P99: 812e3},
	}
}

func TestThresholds(t *testing.T) {
	tests := []struct{ expr, want string }{
		{"p99<50ms", "FAIL  p99  61ms, want <50ms"},
		{" p99 <= 61 ms ", "PASS  p99  61ms, want <=61ms"},
		{"p99<61ms", "FAIL  p99  61ms, want <61ms"},
		{"response.p99<0.1s", "PASS  response.p99  61ms, want <0.1s"},
		{"latency.p99<60000us", "FAIL  latency.p99  60ms, want <60000us"},
		{"lag.p99<1ms", "PASS  lag.p99  812µs, want <1ms"},
		{"lag.p99<811999ns", "FAIL  lag.p99  812µs, want <811999ns"},
		{"p50<8.0004ms", "PASS  p50  8ms, want <8.0004ms"},
		{"mean<10ms", "FAIL  mean  10ms, want <10ms"},
		{"max<=100ms", "PASS  max  100ms, want <=100ms"},
		{"min>0ns", "PASS  min  1ms, want >0ns"},
		{"errors<0.1%", "FAIL  errors  0.1%, want <0.1%"},
		{"errors<=0.1%", "PASS  errors  0.1%, want <=0.1%"},
		{"errors<=0.001", "PASS  errors  0.1%, want <=0.001"},
		{"success>=99.9%", "PASS  success  99.9%, want >=99.9%"},
		{"success==100%", "FAIL  success  99.9%, want ==100%"},
		{"rps>99", "PASS  rps  99.9, want >99"},
		{"rps.mean>=99.9/s", "PASS  rps.mean  99.9, want >=99.9/s"},
		{"rps.peak_1s>=120", "PASS  rps.peak_1s  120, want >=120"},
		{"rps.peak_10s>1", "FAIL  rps.peak_10s  no samples, want >1"},
		{"first_byte.p99<1s", "FAIL  first_byte.p99  no samples, want <1s"},
		{"unsent==0", "FAIL  unsent  2, want ==0"},
		{"requests>=1000", "PASS  requests  1,000, want >=1000"},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			thresholds, err := ParseThresholds(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			r := judgedReport()
			pass := r.Judge(thresholds)
			if got := r.Thresholds[0].String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if pass != strings.HasPrefix(tt.want, "PASS") || pass != r.Thresholds[0].Pass {
				t.Errorf("Judge says %v", pass)
			}
		})
	}
}

// Nothing measured passes nothing but a count.
func TestNoSamplesFail(t *testing.T) {
	for _, m := range metrics() {
		if _, ok := m.measure(&Report{}); ok != (m.unit == plainCount) {
			t.Errorf("%s of nothing: %v", m.name, ok)
		}
	}
}

func TestThresholdErrors(t *testing.T) {
	tests := []struct{ expr, want string }{
		{"", "there is no operator"},
		{"p99<50ms,", `threshold "": there is no operator`},
		{"p99", "there is no operator"},
		{"p99=50ms", "there is no operator =; there are < <= > >= =="},
		{"p99!=50ms", "there is no operator !="},
		{"p99<<50ms", "there is no operator <<"},
		{"p42<50ms", `there is no metric "p42"; there are errors, success, rps, rps.mean`},
		{"<50ms", `there is no metric ""`},
		{"p99<50", `p99 is a duration, with its unit: 50ms, 1.5s, 800us, 900ns; not "50"`},
		{"p99<50%", "p99 is a duration"},
		{"p99<ms", "p99 is a duration"},
		{"p99<-1ms", "p99 is a duration"},
		{"p99<1.2.3ms", "p99 is a duration"},
		{"p99<infs", "p99 is a duration"},
		{"errors<1ms", "errors is a share from 0 to 100 %"},
		{"errors<5", "errors is a share from 0 to 100 %"},
		{"success>101%", "success is a share from 0 to 100 %"},
		{"rps>400ms", "rps is a rate per second"},
		{"unsent<1%", "unsent is a plain number"},
	}
	for _, tt := range tests {
		if _, err := ParseThresholds(tt.expr); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %s", tt.expr, err, tt.want)
		}
	}
}

func TestThresholdsJoined(t *testing.T) {
	r := judged(t, judgedReport(), "p99<50ms, errors<1%,rps>1")
	if len(r.Thresholds) != 3 || r.Thresholds[1].Source != "errors<1%" {
		t.Fatalf("got %+v", r.Thresholds)
	}
	if r.Judge(nil); len(r.Thresholds) != 0 {
		t.Errorf("judged anew by nothing, there still is %+v", r.Thresholds)
	}
}

// p99>50ms passes exactly when it should not.
func TestBackwards(t *testing.T) {
	for expr, warned := range map[string]bool{
		"p99<50ms": false, "p99>50ms": true, "success>=99%": false, "success<=99%": true, "errors==0%": false, "rps<400": true,
	} {
		r := judged(t, judgedReport(), expr)
		if got := len(r.Warnings) > 0; got != warned {
			t.Errorf("%s: warnings %q", expr, r.Warnings)
		}
	}
}

// While a run goes on, what it has not had the time for does not break it.
func TestBroken(t *testing.T) {
	thresholds, err := ParseThresholds("p99<50ms,unsent<1,requests>=100000," +
		"first_byte.p99<1ms,rps.peak_1s>500,rps>1,errors<5%")
	if err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, j := range judgedReport().Broken(thresholds) {
		broken = append(broken, j.Source)
	}
	if got := strings.Join(broken, " "); got != "p99<50ms unsent<1" {
		t.Errorf("broken: %s", got)
	}
}

func FuzzParseThresholds(f *testing.F) {
	for _, expr := range []string{"p99<50ms", "errors<=0.1%,rps>400", "lag.p99 == 1.5s", "p99<µs", "=", ",", "success>=99.9%"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		thresholds, err := ParseThresholds(expr)
		if err != nil {
			return
		}
		var sources []string
		r := judgedReport()
		r.Judge(thresholds)
		for i, threshold := range thresholds {
			if threshold.bound < 0 || r.Thresholds[i].String() == "" {
				t.Errorf("%q: %+v", expr, threshold)
			}
			sources = append(sources, threshold.String())
		}
		again, err := ParseThresholds(strings.Join(sources, ","))
		if err != nil || len(again) != len(thresholds) {
			t.Errorf("%q does not parse again: %v", sources, err)
		}
	})
}
