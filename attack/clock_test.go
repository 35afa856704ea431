package attack_test

import (
	"context"
	"math"
	"testing"
	"time"
)

// Whatever the service's delays are distributed like, the report has that distribution: by way of vegeta, of users who
// arrive and of users in a loop alike.
func TestReportHasTheServicesDistribution(t *testing.T) {
	const n = 1000
	shapes := map[string]func(i int) time.Duration{
		"constant": func(int) time.Duration { return 10 * time.Millisecond },
		"uniform":  func(i int) time.Duration { return time.Duration(i+1) * time.Millisecond },
		"bimodal": func(i int) time.Duration {
			if i < n*9/10 {
				return 5 * time.Millisecond
			}
			return 800 * time.Millisecond
		},
		"exponential": func(i int) time.Duration {
			return time.Duration(-math.Log(1-(float64(i)+0.5)/n) * float64(50*time.Millisecond))
		},
	}
	for shape, at := range shapes {
		delays := make([]time.Duration, n)
		for i := range delays {
			delays[i] = at(i)
		}
		for _, law := range threeLaws(t) {
			t.Run(shape+" for "+law.name, func(t *testing.T) {
				inBubble(t, delaying(delays), func(t *testing.T, net *network) {
					out := run(t, context.Background(), net, law.options)
					wantQuantiles(t, "latency", out.Latency, delays)
					wantQuantiles(t, "response", out.Response, delays)
					wantQuantiles(t, "first byte", out.FirstByte, delays)
					if out.Lag.Max != 0 || out.Unsent != 0 || out.Successes != n {
						t.Errorf("lag up to %v, %d unsent, %d successes; want none, none and all",
							time.Duration(out.Lag.Max), out.Unsent, out.Successes)
					}
				})
			})
		}
	}
}
