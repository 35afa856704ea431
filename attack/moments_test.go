package attack_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// moment is what is measured of one request; due is from when the run began.
type moment struct{ due, lag, latency, firstByte time.Duration }

// The service of these tests: a head after 30 ms, the body 20 ms later; /hop sends elsewhere after 10 ms, and elsewhere
// after 10 ms more. A connection takes 40 ms.
const (
	connecting, toHead, toBody, toHop = 40 * ms, 30 * ms, 20 * ms, 10 * ms
	answering                         = toHead + toBody
)

func paced(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/hop":
		time.Sleep(toHop)
		http.Redirect(w, r, "/hop/on", http.StatusFound)
	case "/hop/on":
		time.Sleep(toHop)
		http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
	case "/early":
		w.WriteHeader(http.StatusEarlyHints)
		fallthrough
	default:
		time.Sleep(toHead)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(toBody)
		_, _ = io.WriteString(w, "hello")
	}
}

// Every duration runs from and to the moments that ARCHITECTURE.md and the report name, and nothing else is in it.
func TestMoments(t *testing.T) {
	walk := func(flow string) attack.Options {
		return attack.Options{Script: load(t, "s.yml", `
config: {target: "http://shop.test", phases: [{duration: 1, arrivalCount: 1}]}
scenarios: [{flow: [`+flow+`]}]
`)}
	}
	inLoop := func(users int, o attack.Options) attack.Options {
		o.Script.Phases = []scenarios.Phase{{Users: users, Requests: 2}}
		return o
	}
	pooled := walk(`{get: {url: "/"}}`)
	pooled.Script.Pool = 1
	pooled.Script.Phases[0].Arrivals = &scenarios.Arrivals{Law: scenarios.Even, Every: 20 * ms, Count: 2}
	rate := func(o attack.Options) attack.Options {
		o.Script, o.Rate, o.Requests = asking(t), attack.Ramp{From: 50, To: 50}, 3
		return o
	}
	oneStream := rate(attack.Options{Protocol: attack.H2C, Connections: 1})
	oneStream.Rate = attack.Ramp{From: 20, To: 20}             // the second is due when the service has said that it takes one at a time
	const arrival, first = time.Second, connecting + answering // of the only user, and of a first request
	tests := []struct {
		name    string
		options attack.Options
		want    []moment
	}{
		{"dialing is latency, and no part of the first byte", walk(`{get: {url: "/"}}, {get: {url: "/"}}`), []moment{
			{arrival, 0, first, toHead},
			{arrival + first, 0, answering, toHead},
		}},
		{"an informational head is not the first byte", walk(`{get: {url: "/early"}}`), []moment{{arrival, 0, first, toHead}}},
		{"think time is nobody's", walk(`{get: {url: "/"}}, {think: 0.7}, {get: {url: "/"}}`), []moment{
			{arrival, 0, first, toHead},
			{arrival + first + 700*ms, 0, answering, toHead},
		}},
		{"every hop is a request, due when the one before ended", walk(`{get: {url: "/hop"}}`), []moment{
			{arrival, 0, connecting + toHop, toHop},
			{arrival + connecting + toHop, 0, toHop, toHop},
			{arrival + connecting + 2*toHop, 0, answering, toHead},
		}},
		{"waiting for a user's own connection is latency", walk(`{parallel: [{get: {url: "/"}}, {get: {url: "/"}}]}`), []moment{
			{arrival, 0, first, toHead},
			{arrival, 0, first + answering, toHead},
		}},
		{"waiting for a pooled connection is latency", pooled, []moment{
			{20 * ms, 0, first, toHead},
			{40 * ms, 0, first - 20*ms + answering, toHead},
		}},
		{"in a loop a request is due when the one before ended", inLoop(1, attack.Options{Script: asking(t)}), []moment{
			{0, 0, first, toHead},
			{first, 0, answering, toHead},
		}},
		{"a rate's requests are due by its schedule", rate(attack.Options{}), []moment{
			{0, 0, first, toHead},
			{20 * ms, 0, first, toHead},
			{40 * ms, 0, first, toHead},
		}},
		{"waiting for one's turn is lag", rate(attack.Options{MaxVUs: 1}), []moment{
			{0, 0, first, toHead},
			{20 * ms, first - 20*ms, answering, toHead},
			{40 * ms, first + answering - 40*ms, answering, toHead},
		}},
		{"waiting for a stream is lag, dialing it is latency", oneStream, []moment{
			{0, 0, first, toHead},
			{50 * ms, first - 50*ms, answering, toHead},
			{100 * ms, first + answering - 100*ms, answering, toHead},
		}},
		{"over HTTP/2 who waits for a connection to be made has been sent", rate(attack.Options{Protocol: attack.H2C}), []moment{
			{0, 0, first, toHead},
			{20 * ms, 0, first - 20*ms, toHead},
			{40 * ms, 0, answering, toHead},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, n *network) {
				n.onDial = func(context.Context, int) error { time.Sleep(connecting); return nil }
				if test.options.Connections == 1 {
					n.streams = 1
				}
				n.serve(paced)
				out := run(t, context.Background(), n, test.options)
				if len(out.results) != len(test.want) || out.Responses != int64(len(test.want)) {
					t.Fatalf("%d results, %d answers, errors %v; want %d", len(out.results), out.Responses, out.Errors, len(test.want))
				}
				for i, r := range out.results {
					got := moment{r.Due().Sub(out.summary.Started), r.Lag, r.Latency, r.FirstByte}
					if got != test.want[i] {
						t.Errorf("request %d: due, lag, latency, first byte are %v, want %v", i, got, test.want[i])
					}
				}
			})
		})
	}
}

// A TLS handshake is latency, and what runs out of time, or is cut off, was under way for exactly so long.
func TestMomentsOfFailures(t *testing.T) {
	const shaking, timeout, cut = 25 * ms, 200 * ms, 120 * ms
	own := certificate(t)
	late := func(d time.Duration) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		}
	}
	tests := []struct {
		name      string
		dial      func(context.Context, int) error
		handshake time.Duration
		answer    time.Duration
		kill      bool
		latency   time.Duration
		key       string
	}{
		{"a handshake", late(connecting), shaking, toHead, false, connecting + shaking + toHead, ""},
		{"no connection in time", late(time.Minute), 0, 0, false, timeout, "ETIMEDOUT"},
		{"no handshake in time", late(connecting), time.Minute, 0, false, timeout, "ETIMEDOUT"},
		{"no answer in time", late(connecting), shaking, time.Minute, false, timeout * 33 / 32, "ETIMEDOUT"}, // told rarely, so up to 3 % late
		{"cut off while connecting", late(time.Minute), 0, 0, true, cut, "INTERRUPTED"},
		{"cut off while shaking hands", late(connecting), time.Minute, 0, true, cut, "INTERRUPTED"},
		{"cut off while waiting", late(connecting), shaking, time.Minute, true, cut, "INTERRUPTED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, n *network) {
				n.onDial = test.dial
				n.secure = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { time.Sleep(test.handshake); return &own, nil }
				n.serve(func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(test.answer)
					_, _ = io.WriteString(w, "hello")
				})
				ctx, cancel := context.Background(), func() {}
				if test.kill {
					ctx, cancel = context.WithTimeout(ctx, cut)
				}
				defer cancel()
				script := load(t, "targets.txt", "GET https://shop.test/\n")
				script.Phases = []scenarios.Phase{{Users: 1, Requests: 1}}
				out := run(t, ctx, n, attack.Options{Script: script, Timeout: timeout, TLS: &tls.Config{InsecureSkipVerify: true}})
				if len(out.results) != 1 || out.results[0].Latency != test.latency || out.results[0].Lag != 0 || out.results[0].Error != test.key {
					t.Errorf("results %v with errors %v, want one of %v, %q", out.each(func(r *attack.Result) time.Duration { return r.Latency }),
						out.Errors, test.latency, test.key)
				}
			})
		})
	}
}
