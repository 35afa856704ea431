package attack

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// stepHeader carries the index of a request from the targeter to the transport; it is not sent.
const stepHeader = "Imgsvc-Step"

// driveRate sends the script's requests in turn on the schedule, on vegeta's Attacker. The Attacker grants, counts
// and hands out the hits; when they are granted is the pacer's say, and how they are sent is the transport's.
func (r *run) driveRate(ctx, stop context.Context, began time.Time) (time.Time, error) {
	schedule := r.rateSchedule()
	sleep, err := r.opts.newSleeper(stop)
	if err != nil {
		return began, err
	}
	defer sleep.Close()
	var answered atomic.Uint64
	full := func(hits uint64) bool { return hits-answered.Load() >= uint64(r.opts.MaxVUs) }
	p := &hitPacer{pacer: pacer{schedule, full, r.timeLimit()}, sleep: sleep, began: began}
	t := &transport{
		run: r, ctx: ctx, began: began, schedule: schedule,
		answer: &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody},
	}
	defer t.close()
	defer r.boundWaits(stop, began)()
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Transport:     t,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.MaxWorkers(uint64(r.opts.MaxVUs)),
	)
	unwatch := context.AfterFunc(stop, func() {
		p.end()
		attacker.Stop()
	})
	defer unwatch()
	for range attacker.Attack(r.targeter(), p, 0, r.opts.Name) {
		answered.Add(1) // its measurements are in the sink already: the transport sees every redirect, vegeta the last
	}
	end := time.Now()
	r.unsent(schedule, began, answered.Load(), time.Duration(p.ended.Load()))
	if over := began.Add(schedule.End()); stop.Err() == nil && end.Before(over) {
		end = over // the last request of a schedule is due a little before its end
	}
	return end, nil
}

// timeLimit returns when the time of a rate is over; 0: never, as when only the number of requests is given.
func (r *run) timeLimit() time.Duration {
	if r.opts.Rate.End() == 0 {
		return 0
	}
	return r.opts.Warmup + r.opts.Rate.End()
}

// rateSchedule is the schedule asked for, behind the warm-up and cut to the number of requests.
func (r *run) rateSchedule() Schedule {
	s := r.opts.Rate
	if r.opts.Requests > 0 {
		s = first{s, uint64(r.opts.Requests)}
	}
	if r.opts.Warmup > 0 {
		s = warmed{warm: Ramp{From: s.Rate(0), To: s.Rate(0), Duration: r.opts.Warmup}, then: s}
	}
	return s
}

// targeter hands out the script's requests in turn. What is sent is the blueprint the header points to.
func (r *run) targeter() vegeta.Targeter {
	targets := make([]vegeta.Target, len(r.blueprints))
	for i, bp := range r.blueprints {
		targets[i] = vegeta.Target{
			Method: bp.step.Method,
			URL:    "http://target.invalid/",
			Header: http.Header{stepHeader: {strconv.Itoa(i)}},
		}
	}
	return vegeta.NewStaticTargeter(targets...)
}

// hitPacer is a pacer that waits itself instead of saying how long to: the Attacker's own time.Sleep is late by up
// to a millisecond, and does not end when the run does.
type hitPacer struct {
	pacer
	sleep sleeper
	began time.Time
	crowd int          // hits granted in a row without a wait
	ended atomic.Int64 // ns from began to when no further hit was granted
}

func (p *hitPacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	elapsed := time.Since(p.began)
	wait, done := p.pacer.Pace(elapsed, hits)
	if done || !p.sleep.Sleep(p.pause(wait, p.Rate(elapsed))) {
		p.end()
		return 0, true
	}
	return 0, false
}

// The waits of a rate. To wake up for every hit costs more than to send it, so at high rates hits leave together, those
// that fall due within one wait; what that makes late is in their lag and their response. The wait grows with the
// rate, by 20 ns for each hit a second: 20 µs at 1,000/s, where it changes nothing, and 400 µs from 20,000/s on.
const (
	breathPerRate = 20 * time.Nanosecond
	longestBreath = 400 * time.Microsecond
	afterCrowd    = 100 * time.Microsecond
	// maxCrowd is how many hits in a row are granted without a wait. The Attacker starts a worker, and with it a
	// connection, for each hit that no worker is ready for; while it grants what a stall of this process has made late,
	// on one core no worker can become ready, though its answer lies there.
	maxCrowd = 32
)

// pause returns how long to wait before a hit that is due in wait, at so many hits a second.
func (p *hitPacer) pause(wait time.Duration, rate float64) time.Duration {
	p.crowd++
	switch {
	case wait > 0:
		p.crowd = 0
		return max(wait, min(longestBreath, time.Duration(rate*float64(breathPerRate))))
	case p.crowd < maxCrowd:
		return 0
	}
	p.crowd = 0
	return afterCrowd
}

// end marks the end of the schedule's time: what falls due later, while requests in flight finish, is nobody's loss.
func (p *hitPacer) end() { p.ended.CompareAndSwap(0, int64(time.Since(p.began))) }

// transport is the http.RoundTripper under vegeta's Attacker. It keeps idle clients on a stack, the warmest on top,
// and records what it sends.
type transport struct {
	run      *run
	ctx      context.Context // of the run: vegeta's requests carry none
	began    time.Time
	schedule Schedule
	answer   *http.Response // what vegeta is told of every answer: what it makes of it is thrown away

	mu   sync.Mutex
	idle []*client
	made int
}

// RoundTrip sends the request the header points to and reads its answer to the end. The request's sequence number
// says when it was due.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	step, err := strconv.Atoi(only(req.Header[stepHeader]))
	if err != nil {
		return nil, err
	}
	hit, err := strconv.ParseUint(only(req.Header["X-Vegeta-Seq"]), 10, 64)
	if err != nil {
		return nil, err
	}
	due, _ := t.schedule.Due(hit)
	c := t.take()
	defer t.put(c)
	c.res.Seq = hit
	if _, err := c.do(t.ctx, t.run.blueprints[step], nil, t.began.Add(due)); err != nil {
		t.run.countUserError(c.shard, err)
		t.run.countUnsent(err, t.began.Add(due))
		return nil, err
	}
	return t.answer, nil
}

// only returns the value of a header that is there once.
func only(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (t *transport) take() *client {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last := len(t.idle) - 1; last >= 0 {
		c := t.idle[last]
		t.idle = t.idle[:last]
		return c
	}
	c := &client{run: t.run, gate: t.run.gate, shard: t.run.shards[t.made%len(t.run.shards)], streams: t.run.newStreams()}
	c.res.Attack = t.run.opts.Name
	t.made++
	return c
}

func (t *transport) put(c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, c)
}

// close closes every connection; all requests are over by then.
func (t *transport) close() {
	for _, c := range t.idle {
		c.close()
	}
}
