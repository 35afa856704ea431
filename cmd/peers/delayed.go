//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A delayed service keeps how long it took over each answer, in 8 bytes each, at most so many.
const maxMade = 4 << 20

// The stall of a delayed service: from so long after its first answer on it answers nothing for so long.
const (
	stallAfter = 5 * time.Second
	stallFor   = time.Second
)

// shape is how a delayed service's answers are distributed.
type shape struct {
	name, text string
	delay      func(k int) time.Duration // of the k-th answer
	stalls     bool
}

// shapes lists them. 617 is prime to 1000, so that a thousand answers in a row have each delay once, in an order that is
// none.
func shapes() []shape {
	const ms = time.Millisecond
	at := func(k int) time.Duration { return time.Duration(k * 617 % 1000) }
	return []shape{
		{"constant", "10 ms each", func(int) time.Duration { return 10 * ms }, false},
		{"uniform", "evenly from 1 to 21 ms", func(k int) time.Duration { return ms + at(k)*20*time.Microsecond }, false},
		{"bimodal", "2 ms for nine of ten, 50 ms for the tenth", func(k int) time.Duration {
			if at(k) < 900 {
				return 2 * ms
			}
			return 50 * ms
		}, false},
		{"stall", "2 ms each, but nothing in one second of the ten", func(int) time.Duration { return 2 * ms }, true},
	}
}

// delayed is a service that takes as long over an answer as its shape says. A process that sleeps wakes up a little late:
// so it measures what it really took, from when it had the request to when it gave the answer.
type delayed struct {
	shape
	mu    sync.Mutex
	asked int
	first time.Time
	made  []time.Duration
}

// ServeHTTP answers: /begin has it forget all and start anew, /made says what it took until now, everything else takes
// its time.
func (d *delayed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/begin":
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked, d.made = 0, nil
	case "/made":
		d.mu.Lock()
		defer d.mu.Unlock()
		_ = json.NewEncoder(w).Encode(summed(d.made)) // who asks notices
	default:
		began := time.Now()
		time.Sleep(d.next(began))
		d.keep(time.Since(began))
		_, _ = w.Write([]byte("hello")) // a client that has gone is no concern of ours
	}
}

// next returns how long the answer to a request that came now is to take.
func (d *delayed) next(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked == 0 {
		d.first = now
	}
	d.asked++
	wait := d.delay(d.asked - 1)
	if at := now.Sub(d.first); d.stalls && at >= stallAfter && at < stallAfter+stallFor {
		wait = max(wait, stallAfter+stallFor-at)
	}
	return wait
}

func (d *delayed) keep(took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.made) < maxMade {
		d.made = append(d.made, took)
	}
}

// figures are the quantiles that everybody can tell; wrk knows no others.
type figures struct {
	Count                   int64
	P50, P75, P90, P99, Max time.Duration
}

// summed returns the quantiles of some durations, each the least that so many are not above.
func summed(all []time.Duration) figures {
	if len(all) == 0 {
		return figures{}
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(percent int) time.Duration { return sorted[max(1, (len(sorted)*percent+99)/100)-1] }
	return figures{int64(len(sorted)), at(50), at(75), at(90), at(99), sorted[len(sorted)-1]}
}

// serveDelayed is 'peers delayed ADDR SHAPE'. It runs until it is told to stop.
func serveDelayed(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: peers delayed ADDR SHAPE")
	}
	i := slices.IndexFunc(shapes(), func(s shape) bool { return s.name == args[1] })
	if i < 0 {
		return fmt.Errorf("delayed service: no shape %q", args[1])
	}
	server := &http.Server{Addr: args[0], Handler: &delayed{shape: shapes()[i]}}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // of an error we would learn nothing
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("delayed service: %w", err)
	}
	return nil
}
