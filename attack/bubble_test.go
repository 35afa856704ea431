package attack_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// outcome is what came of an attack in a bubble: the report, and every result that went into it, by when it was due.
type outcome struct {
	*reports.Report
	summary attack.Summary
	results []attack.Result
}

// inBubble makes attacks on a clock that moves only when all wait. So a duration is, to the nanosecond, what the service
// and the dialing took. A handler, if there is one, serves over the network in memory.
func inBubble(t *testing.T, handler http.HandlerFunc, attacks func(t *testing.T, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		defer n.stop()
		if handler != nil {
			n.serve(handler)
		}
		attacks(t, n)
	})
}

// serve answers with a handler, over HTTP/1.1 and HTTP/2, until the network is closed.
func (n *network) serve(handler http.HandlerFunc) {
	server := &http.Server{
		Handler: handler, ErrorLog: log.New(io.Discard, "", 0), Protocols: &http.Protocols{},
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: n.streams},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if secure, ok := c.(*tls.Conn); ok {
			c = secure.NetConn()
		}
		return context.WithValue(ctx, wireKey{}, c)
	}
	server.TLSConfig = &tls.Config{GetCertificate: n.secure}
	n.serving.Go(func() { // until it is closed
		if n.secure != nil {
			_ = server.ServeTLS(n, "", "")
			return
		}
		_ = server.Serve(n)
	})
	n.onClose = func() { _ = server.Close() }
}

// run attacks over a network in memory.
func run(t *testing.T, ctx context.Context, n *network, o attack.Options) outcome {
	t.Helper()
	return runInto(t, ctx, n, o, reports.NewRecorder())
}

func runInto(t *testing.T, ctx context.Context, n *network, o attack.Options, recorder *reports.Recorder) (out outcome) {
	t.Helper()
	o.Sink, o.Remote, o.MaxBody = recorder, true, -1
	o.Results = func(r *attack.Result) { out.results = append(out.results, *r) }
	summary, err := attack.Run(ctx, o.Dialing(n.dial))
	if err != nil {
		t.Fatal(err)
	}
	out.summary, out.Report = summary, recorder.Report(summary, reports.Meta{})
	slices.SortStableFunc(out.results, func(a, b attack.Result) int {
		return cmp.Or(a.Due().Compare(b.Due()), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

// load reads a script, of which name tells the dialect.
func load(t testing.TB, name, text string) *scenarios.Script {
	t.Helper()
	script, err := scenarios.Load(name, strings.NewReader(text), scenarios.LoadOptions{
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// asking returns a script that asks for one URL.
func asking(t testing.TB) *scenarios.Script { return load(t, "targets.txt", "GET http://shop.test/\n") }

// arriving returns a script in which a user arrives as the phases say, and asks for one URL.
func arriving(t testing.TB, phases string) *scenarios.Script {
	return load(t, "s.yml", fmt.Sprintf(`
config: {target: "http://shop.test", phases: [%s]}
scenarios: [{flow: [{get: {url: "/"}}]}]
`, phases))
}

// looping returns a script in which so many users ask for one URL in a closed loop.
func looping(t testing.TB, users int, requests int64) *scenarios.Script {
	script := asking(t)
	script.Phases = []scenarios.Phase{{Users: users, Requests: requests}}
	return script
}

// law is a way of sending load.
type law struct {
	name    string
	options attack.Options
}

// threeLaws are ways of sending a thousand requests: at a rate, through users who arrive, and through some who ask
// again and again.
func threeLaws(t testing.TB) []law {
	second := attack.Ramp{From: 200, To: 200, Duration: 5 * time.Second}
	return []law{
		{"a rate", attack.Options{Script: asking(t), Rate: second}},
		{"a rate over HTTP/2", attack.Options{Script: asking(t), Rate: second, Protocol: attack.H2C}},
		{"a script", attack.Options{Script: arriving(t, "{duration: 5, arrivalRate: 200}")}},
		{"a closed loop", attack.Options{Script: looping(t, 20, 1000)}},
	}
}

// delaying answers the k-th request after delays[k], and each delay once: of a thousand in an order that is none.
func delaying(delays []time.Duration) http.HandlerFunc {
	var asked atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		k := asked.Add(1) - 1
		time.Sleep(delays[int(k)*617%len(delays)])
		_, _ = io.WriteString(w, "hello")
	}
}

// quantiles are those a report has, with the share below each.
func quantiles(d reports.Distribution) map[float64]int64 {
	return map[float64]int64{50: d.P50, 75: d.P75, 90: d.P90, 95: d.P95, 99: d.P99, 99.9: d.P999}
}

// wantQuantiles compares a distribution with the durations it is of: count, extremes and mean exactly, quantiles to the
// histogram's 1 %.
func wantQuantiles(t *testing.T, what string, got reports.Distribution, of []time.Duration) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(of))
	var sum time.Duration
	for _, d := range sorted {
		sum += d
	}
	n := len(sorted)
	if got.Count != int64(n) || got.Min != int64(sorted[0]) || got.Max != int64(sorted[n-1]) || got.Mean != int64(sum)/int64(n) {
		t.Errorf("%s: count %d, min %d, mean %d, max %d; want %d, %d, %d, %d", what,
			got.Count, got.Min, got.Mean, got.Max, n, sorted[0], int64(sum)/int64(n), sorted[n-1])
	}
	for percent, at := range quantiles(got) {
		rank := min(n, max(1, int(percent/100*float64(n)+0.5)))
		want := int64(sorted[rank-1])
		if off := at - want; off < -want/100-64 || off > want/100+64 {
			t.Errorf("%s: p%v is %v, want %v", what, percent, time.Duration(at), time.Duration(want))
		}
	}
}

// each returns a duration of every result.
func (o outcome) each(of func(*attack.Result) time.Duration) []time.Duration {
	all := make([]time.Duration, len(o.results))
	for i := range o.results {
		all[i] = of(&o.results[i])
	}
	return all
}
