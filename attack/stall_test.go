package attack_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

const ms = time.Millisecond

// stalling answers after base, and nothing in the sixth second of the run: who asks then waits until it is over.
func stalling(base time.Duration) http.HandlerFunc {
	began := time.Now()
	return func(w http.ResponseWriter, _ *http.Request) {
		at := time.Since(began)
		time.Sleep(base)
		if at >= 5*time.Second && at < 6*time.Second {
			time.Sleep(6*time.Second - at - base)
		}
		_, _ = io.WriteString(w, "hello")
	}
}

// A stall of a second in ten is a tenth of the requests, which wait for anything from nothing to the whole second.
func TestStallAtAFixedRate(t *testing.T) {
	const base = 2 * ms
	ten := attack.Ramp{From: 200, To: 200, Duration: 10 * time.Second}
	for name, o := range map[string]attack.Options{
		"a rate":             {Script: asking(t), Rate: ten},
		"a rate over HTTP/2": {Script: asking(t), Rate: ten, Protocol: attack.H2C},
		"users who arrive":   {Script: arriving(t, "{duration: 10, arrivalRate: 200}")},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, n *network) {
				n.serve(stalling(base))
				out := run(t, context.Background(), n, o)
				for percent, want := range map[float64]time.Duration{90: base, 95: 500 * ms, 99: 900 * ms, 99.9: 990 * ms} {
					if got := time.Duration(quantiles(out.Response)[percent]); (got - want).Abs() > want/100 {
						t.Errorf("p%v of response is %v, want %v", percent, got, want)
					}
				}
				if out.Response.Max != int64(time.Second) || out.Requests != 2000 || out.Lag.Max != 0 {
					t.Errorf("max %v of %d requests, lag up to %v; want 1s of 2000, no lag",
						time.Duration(out.Response.Max), out.Requests, time.Duration(out.Lag.Max))
				}
			})
		})
	}
}

// The same stall in a closed loop is one request of each user: all others are never asked meanwhile. That is what the
// report's words about a closed loop say.
func TestStallInAClosedLoop(t *testing.T) {
	const users, base = 10, 20 * ms
	inBubble(t, nil, func(t *testing.T, n *network) {
		n.serve(stalling(base))
		script := looping(t, users, 0)
		script.Phases[0].Duration = 10*time.Second - base/2
		out := run(t, context.Background(), n, attack.Options{Script: script})
		seen := 0
		for _, r := range out.results {
			if r.Response() > base {
				seen++
			}
		}
		if seen != users || out.ClosedUsers != users {
			t.Errorf("%d requests saw the stall, and the report says at most %d do; want %d", seen, out.ClosedUsers, users)
		}
		if got := time.Duration(out.Response.P99); (got - base).Abs() > base/100+64 {
			t.Errorf("p99 is %v: with %d requests, %d stalls cannot reach it, so want %v", got, len(out.results), seen, base)
		}
		if want := users * int64(9*time.Second/base); out.Requests < want || out.Requests > want+users {
			t.Errorf("%d requests, want %d: what %d users can send in the nine seconds without a stall", out.Requests, want, users)
		}
	})
}

// What a cap holds back leaves late and says so, or is unsent: of what was due nothing is missing, and each request's
// lag is exactly the time its turn was held back. One user at a time who is answered in 70 ms sends every 70 ms what is
// due every 10: 43 in three seconds, and the one that was due while the last of them was under way.
func TestTooFewUsersIsLagAndUnsent(t *testing.T) {
	const due, served, total = 10 * ms, 70 * ms, 300
	schedule := attack.Ramp{From: 100, To: 100, Duration: 3 * time.Second}
	for name, o := range map[string]attack.Options{
		"--rate --max-vus":             {Script: asking(t), Rate: schedule, MaxVUs: 1},
		"--rate --connections":         {Script: asking(t), Rate: schedule, Connections: 1},
		"a script's phase --max-vus":   {Script: arriving(t, "{duration: 3, arrivalRate: 100}"), MaxVUs: 1},
		"--h2c: a connection's stream": {Script: asking(t), Rate: schedule, Connections: 1, Protocol: attack.H2C},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, n *network) {
				n.streams = 1
				n.serve(func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(served)
					_, _ = io.WriteString(w, "hello")
				})
				out := run(t, context.Background(), n, o)
				if out.Requests+out.Unsent != total || out.Successes != out.Requests || out.Requests < 43 || out.Requests > 44 {
					t.Errorf("%d requests, %d unsent: want 300 in all, 43 or 44 of them sent", out.Requests, out.Unsent)
				}
				first := out.results[0].Due()
				for k, r := range out.results {
					if wait := time.Duration(k) * (served - due); r.Lag != wait || r.Latency != served || r.Due() != first.Add(time.Duration(k)*due) {
						t.Fatalf("request %d was due at %v, with lag %v and latency %v; want %v, %v, %v", k,
							r.Due().Sub(first), r.Lag, r.Latency, time.Duration(k)*due, wait, served)
					}
				}
				offered := int64(0)
				for _, s := range out.Series {
					offered += s.Offered
				}
				if offered != total {
					t.Errorf("%d were offered by the seconds of the report, want %d", offered, total)
				}
			})
		})
	}
}
