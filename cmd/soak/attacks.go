//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

const (
	timeout = 500 * time.Millisecond // of a request: less than a stall
	rate    = 200                    // requests a second of an attack with a rate
	users   = 8                      // of an attack in a closed loop
)

// attacks are some that run at once.
type attacks struct {
	all  []*underWay
	stop chan struct{}
	wait sync.WaitGroup
}

// underWay is one attack.
type underWay struct {
	name    string
	due     int64 // requests its schedule has in all; 0: it has none
	tally   func() *sums
	summary attack.Summary
	err     error
}

// start runs one attack into a recorder, or, if it is to last, into a tally whose memory does not grow with time.
func (a *attacks) start(ctx context.Context, name string, due int64, lasts bool, o attack.Options) {
	u := &underWay{name: name, due: due}
	o.Stop, o.Timeout, o.Remote, o.TLS = a.stop, timeout, true, &tls.Config{InsecureSkipVerify: true}
	if lasts {
		t := &tally{statuses: map[string]int64{}}
		o.Sink, u.tally = t, t.sums
	} else {
		recorder := reports.NewRecorder()
		o.Sink, u.tally = recorder, func() *sums { return sumsOf(recorder.SoFar(time.Now())) }
	}
	a.all = append(a.all, u)
	a.wait.Go(func() { u.summary, u.err = attack.Run(ctx, o) })
}

// end stops the attacks, waits for them, and returns what came of each.
func (a *attacks) end() (totals []*sums, err error) {
	close(a.stop)
	a.wait.Wait()
	for _, u := range a.all {
		if u.err != nil {
			return nil, fmt.Errorf("attack %s: %w", u.name, u.err)
		}
		s := u.soFar()
		s.due, s.over, s.reconnects = u.due, true, u.summary.Reconnects
		totals = append(totals, s)
	}
	return totals, nil
}

func (u *underWay) soFar() *sums {
	s := u.tally()
	s.name = u.name
	return s
}

// startRound begins an attack of each kind. Those with a schedule end by it, the others when they are stopped.
func startRound(ctx context.Context, place *site, length time.Duration) *attacks {
	a := &attacks{stop: make(chan struct{})}
	steady := func() attack.Options {
		return attack.Options{Rate: attack.Ramp{From: rate, To: rate, Duration: length}}
	}
	due := int64(length.Seconds() * rate)
	loop := func() attack.Options { return attack.Options{} }
	begin := func(name, door string, due int64, o attack.Options, p attack.Protocol) {
		o.Script, o.Protocol = pages(place.url(door, name), o.Rate == nil), p
		a.start(ctx, name, due, false, o)
	}
	begin("rate", "http", due, steady(), attack.HTTP1)
	begin("users", "http", 0, loop(), attack.HTTP1)
	begin("users-tls", "https", 0, loop(), attack.HTTP1)
	begin("rate-h2c", "h2c", due, steady(), attack.H2C)
	begin("users-h2", "h2", 0, loop(), attack.HTTP2)
	script := walk(place.url("http", "script"), length)
	a.start(ctx, "script", 0, false, attack.Options{Script: script})
	return a
}

// startLasting begins the attacks that outlast rounds.
func startLasting(ctx context.Context, place *site, longest time.Duration) *attacks {
	a := &attacks{stop: make(chan struct{})}
	a.start(ctx, "lasting-users", 0, true, attack.Options{Script: pages(place.url("http", "lasting-users"), true)})
	// Workers of a rate stay once they were needed, up to MaxVUs: without that a machine that stalls looks like a leak.
	a.start(ctx, "lasting-rate-h2c", 0, true, attack.Options{
		MaxVUs: 32,
		Script: pages(place.url("h2c", "lasting-rate-h2c"), false), Protocol: attack.H2C,
		Rate: attack.Ramp{From: 50, To: 50, Duration: longest},
	})
	return a
}

// pages is a script of one page, for users who think between two of them or for a rate.
func pages(url string, think bool) *scenarios.Script {
	page := &scenarios.Request{Method: "GET", URL: scenarios.Literal(url + "/page")}
	steps := []scenarios.Step{page}
	phase := scenarios.Phase{}
	if think {
		steps = []scenarios.Step{page, &scenarios.Think{Duration: 5 * time.Millisecond}}
		phase.Users = users
	}
	return &scenarios.Script{
		Name: "pages", Phases: []scenarios.Phase{phase}, Requests: []*scenarios.Request{page},
		Scenarios: []scenarios.Scenario{{Name: "pages", Weight: 1, Steps: steps, Independent: true}},
	}
}

// walk is a script with captures, cookies and redirects, through which 20 users a second walk.
func walk(url string, length time.Duration) *scenarios.Script {
	text := strings.ReplaceAll(`
config: {target: 'http://HOST', phases: [{duration: 1, arrivalRate: 20}]}
scenarios:
- flow:
  - get: {url: '/PATH/login', capture: {json: $.token, as: token}}
  - get: {url: '/PATH/moved'}
  - get: {url: '/PATH/{{ token }}', expect: {statusCode: 200}}
`, "HOST", strings.Split(url, "/")[2])
	script, err := scenarios.Load("soak.yml", strings.NewReader(strings.ReplaceAll(text, "PATH", "script")), scenarios.LoadOptions{})
	if err != nil {
		panic(err) // it is ours
	}
	every := 50 * time.Millisecond
	script.Phases = []scenarios.Phase{{Duration: length, Arrivals: &scenarios.Arrivals{
		Law: scenarios.Even, Every: every, Count: int64(length / every),
	}}}
	return script
}
