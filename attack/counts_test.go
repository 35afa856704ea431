package attack_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// ending is a way for an attack to end. It readies the options, and returns the attack's context.
type ending struct {
	name  string
	apply func(t *testing.T, o *attack.Options, r *reports.Recorder) context.Context
}

func endings() []ending {
	never := context.Background()
	after := func(t *testing.T, d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(never, d)
		t.Cleanup(cancel)
		return ctx
	}
	type options = attack.Options
	return []ending{
		{"its own", func(*testing.T, *options, *reports.Recorder) context.Context { return never }},
		{"--duration", func(_ *testing.T, o *options, _ *reports.Recorder) context.Context {
			o.Duration = 400*ms + 1
			return never
		}},
		{"--requests", func(_ *testing.T, o *options, _ *reports.Recorder) context.Context { o.Requests = 17; return never }},
		{"--max-vus", func(_ *testing.T, o *options, _ *reports.Recorder) context.Context { o.MaxVUs = 2; return never }},
		{"first Ctrl-C", func(t *testing.T, o *options, _ *reports.Recorder) context.Context {
			o.Stop = after(t, 333*ms+1).Done()
			return never
		}},
		{"second Ctrl-C", func(t *testing.T, o *options, _ *reports.Recorder) context.Context {
			o.Stop = after(t, 333*ms+1).Done()
			return after(t, 335*ms+1)
		}},
		{"--abort-on-fail", func(t *testing.T, o *options, r *reports.Recorder) context.Context {
			stop := make(chan struct{})
			o.Stop = stop
			watching, over := context.WithTimeout(never, 2*time.Second)
			t.Cleanup(over)
			go func() { // as the command does, which looks once a second
				for r.SoFar(time.Now()).Successes == r.SoFar(time.Now()).Requests {
					if !asleep(watching, 97*ms) {
						return
					}
				}
				close(stop)
			}()
			return never
		}},
	}
}

// asleep waits, and reports whether the context was still there then.
func asleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// fateful are the ways of sending load that misfortunes and endings are tried on, for half a second.
func fateful(t *testing.T, url string) []law {
	script := func(phase, capture string) *scenarios.Script {
		return load(t, "s.yml", fmt.Sprintf(`
config: {target: %q, phases: [%s]}
scenarios: [{flow: [{get: {url: "/a"}}, {think: 0.005}, {get: {url: "/b"%s}}]}]
`, url, phase, capture))
	}
	targets := load(t, "targets.txt", "GET "+url+"/a\nGET "+url+"/b\n")
	looping := script("{duration: 1, arrivalRate: 1}", "")
	looping.Phases = []scenarios.Phase{{Users: 3, Duration: 500*ms + 1}}
	rate := attack.Ramp{From: 60, To: 60, Duration: 500 * ms}
	return []law{
		{"rate", attack.Options{Script: targets, Rate: rate}},
		{"script", attack.Options{Script: script("{duration: 500ms, arrivalRate: 30}", `, capture: {json: "$.id", as: id}`)}},
		{"vus", attack.Options{Script: looping}},
		{"http2 rate", attack.Options{Script: targets, Rate: rate, Protocol: attack.H2C}},
		{"http2 vus", attack.Options{Script: looping, Protocol: attack.H2C, Connections: 2}},
	}
}

// Whatever befalls an attack and however it ends, its numbers add up.
func TestCountsAddUp(t *testing.T) {
	known, own := documentedKeys(t), certificate(t)
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	for _, m := range misfortunes(t) {
		url := "http://shop.test"
		if m.handshake != nil {
			url = "https://shop.test"
		}
		met := map[string]bool{}
		for _, law := range fateful(t, url) {
			if law.options.Protocol == attack.H2C && !m.over2 {
				continue
			}
			law.options.Timeout, law.options.TLS = 90*ms, &tls.Config{RootCAs: roots}
			for _, e := range endings() {
				t.Run(m.name+"/"+law.name+"/"+e.name, func(t *testing.T) {
					inBubble(t, nil, func(t *testing.T, n *network) {
						asked := m.befall(n, own)
						ran := runTo(t, n, law.options, e)
						ran.addUp(t)
						ran.areKnown(t, known, m, met)
						ran.areAll(t, m, law, e, asked.Load())
					})
				})
			}
		}
		for _, key := range m.keys {
			if !met[key] && !t.Failed() {
				t.Errorf("%s: nothing ended in %s", m.name, key)
			}
		}
	}
}

// areAll looks whether the report has all that was sent, and what was to be sent is all there.
func (o outcome) areAll(t *testing.T, m misfortune, l law, e ending, asked int64) {
	t.Helper()
	if got := o.Requests + o.Reconnects; got < asked {
		t.Errorf("%d requests and resends are reported, but %d reached the service", got, asked)
	}
	if e.name == "--requests" && m.name != "round and round" && l.name != "script" && o.Requests != 17 {
		t.Errorf("%d requests, want 17", o.Requests)
	}
	if l.options.Rate != nil && e.name == "its own" && o.offered() != 30+o.hops() {
		t.Errorf("%d were due, want 30 and %d that redirects led to", o.offered(), o.hops())
	}
}

// runTo attacks until the ending comes.
func runTo(t *testing.T, n *network, o attack.Options, e ending) outcome {
	t.Helper()
	recorder := reports.NewRecorder()
	return runInto(t, e.apply(t, &o, recorder), n, o, recorder)
}

func sum[K comparable](counts map[K]int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// offered is how many requests were due, by the seconds of the report.
func (o outcome) offered() (total int64) {
	for _, s := range o.Series {
		total += s.Offered
	}
	return total
}

// hops is how many requests a redirect led to. Each of them was due when that had come.
func (o outcome) hops() int64 {
	hops := -o.UserErrors["ERR_TOO_MANY_REDIRECTS"] // which lead to none
	for _, r := range o.results {
		if r.Followed {
			hops++
		}
	}
	return hops
}

// addUp compares the report with the results one by one: as a whole, by step, by second and by interval.
func (o outcome) addUp(t *testing.T) {
	t.Helper()
	want := tallied(o.results, func(*attack.Result) int { return 0 })[0]
	want.is(t, "the run", o.Requests, o.Responses, o.StatusCodes, o.Errors)
	if o.offered() != o.Requests+o.Unsent {
		t.Errorf("%d were due, but %d sent and %d unsent", o.offered(), o.Requests, o.Unsent)
	}
	if o.Latency.Count != o.Responses || o.Response.Count != o.Responses || o.Lag.Count != o.Requests {
		t.Errorf("%d latencies, %d responses and %d lags of %d answers to %d requests",
			o.Latency.Count, o.Response.Count, o.Lag.Count, o.Responses, o.Requests)
	}
	steps := tallied(o.results, func(r *attack.Result) int { return r.Step })
	for i, s := range o.Steps {
		steps[i].is(t, fmt.Sprint("step ", i), s.Requests, sum(s.StatusCodes), s.StatusCodes, s.Errors)
	}
	ended := func(r *attack.Result) time.Duration { return r.Timestamp.Add(r.Latency).Sub(o.summary.Started) }
	seconds := tallied(o.results, func(r *attack.Result) int { return int(ended(r) / time.Second) })
	for i, s := range o.Series {
		seconds[i].is(t, fmt.Sprint("second ", i), s.Requests, sum(s.StatusCodes), s.StatusCodes, s.Errors)
	}
	sent, answers := int64(0), int64(0)
	for _, v := range o.Intervals {
		sent += v.Sent
		for _, s := range v.Steps {
			answers += sum(s.Errors)
			for _, a := range s.Answers {
				answers += sum(a.StatusCodes)
			}
		}
	}
	if len(o.Steps) < len(steps) || len(o.Series) < len(seconds) || sent != o.Requests || answers != o.Requests {
		t.Errorf("%d steps, %d seconds, %d sent and %d ended in intervals; want %d, %d, and %d of both",
			len(o.Steps), len(o.Series), sent, answers, len(steps), len(seconds), o.Requests)
	}
	if u := o.Users; u.Completed+u.Failed > u.Created {
		t.Errorf("users %+v: more ended than there were", u)
	}
}

// tally is what some results come to.
type tally struct {
	requests      int64
	codes, errors map[string]int64
}

func tallied(results []attack.Result, by func(*attack.Result) int) map[int]tally {
	all := map[int]tally{}
	for i := range results {
		r := &results[i]
		c, ok := all[by(r)]
		if !ok {
			c = tally{codes: map[string]int64{}, errors: map[string]int64{}}
		}
		c.requests++
		if r.Error != "" {
			c.errors[r.Error]++
		} else {
			c.codes[fmt.Sprint(r.Code)]++
		}
		all[by(r)] = c
	}
	return all
}

func (c tally) is(t *testing.T, what string, requests, responses int64, codes, errors map[string]int64) {
	t.Helper()
	if requests != responses+sum(errors) || requests != c.requests || !maps.Equal(codes, c.codes) || !maps.Equal(errors, c.errors) {
		t.Errorf("%s: %d requests, %d answers %v, errors %v; want %d, %v, %v", what,
			requests, responses, codes, errors, c.requests, c.codes, c.errors)
	}
}

// areKnown looks whether errors are what may come of the misfortune, and documented. It notes which came.
func (o outcome) areKnown(t *testing.T, known []string, m misfortune, met map[string]bool) {
	t.Helper()
	for key := range o.Errors {
		met[key] = true
		writing := key == "EPIPE" && slices.Contains(m.keys, "ECONNRESET") // a reset that met the next request as it was written
		if !slices.Contains(m.keys, key) && !writing && key != "INTERRUPTED" || !slices.Contains(known, key) {
			t.Errorf("error %q: want one of %v, and one that is documented", key, m.keys)
		}
	}
	for key := range o.UserErrors {
		met["user "+key] = true
		if !slices.Contains(m.keys, "user "+key) && key != "Failed capture or match" || !slices.Contains(known, key) {
			t.Errorf("user error %q: want one of %v, and one that is documented", key, m.keys)
		}
	}
}
