//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/seed"
)

// fault is something that happens to a service under attack.
type fault struct {
	name  string
	build func(s *scene)        // starts servers and services
	begin func(s *scene) func() // has it happen, and returns what ends it
	out   string                // what is left out while it lasts, as metrics call it; empty: nothing is
	what  want
}

// want is what must come of it.
type want struct {
	cached, uncached []int // the statuses that requests may be answered with, which a cache can and which only the store can answer
	stale            bool  // some answers are marked as stale
	log              []string
}

var (
	fine    = []int{200}
	refused = []int{200, 503}
)

// The limit of the store that things happen to. No answer may take longer, or than a Redis may, but for patience.
const (
	faultTimeout  = 500 * time.Millisecond
	faultPatience = 10 * time.Second // for a machine that does something else
)

// faults are the rows of the table in docs/reliability.md.
func faults() []fault {
	redisLog := []string{"the cache does not answer", "the cache answers again"}
	storeLog := []string{"the store does not answer", "the store answers again"}
	harmless := want{cached: fine, uncached: fine, log: redisLog}
	down := want{cached: fine, uncached: refused, stale: true, log: storeLog}
	return []fault{
		{"Redis dead at start", (*scene).redisDead, func(s *scene) func() { return s.undo }, "redis", harmless},
		{"Redis killed (SIGKILL)", (*scene).redis, func(s *scene) func() { return s.victim.kill() }, "redis", harmless},
		{"Redis stopped (SIGSTOP)", (*scene).redis, func(s *scene) func() { return s.victim.stop() }, "redis", harmless},
		{"Redis slow (3 s)", (*scene).redisVia, func(s *scene) func() { return s.victim.slow() }, "redis", harmless},
		{"Redis full (noeviction)", (*scene).redis, (*scene).full, "redis", harmless},
		{"store killed (SIGKILL)", (*scene).mongo, func(s *scene) func() { return s.victim.kill() }, "store", down},
		{"store stopped (SIGSTOP)", (*scene).mongo, func(s *scene) func() { return s.victim.stop() }, "store", down},
		{"store slow (3 s)", (*scene).mongoVia, func(s *scene) func() { return s.victim.slow() }, "store", down},
		{"more than the store can do", (*scene).narrow, (*scene).crowd, "", want{cached: fine, uncached: refused}},
		{"silent connections", (*scene).redis, (*scene).flood, "", want{cached: fine, uncached: fine}},
		{"slow, huge and broken requests", (*scene).redis, (*scene).rabble, "", want{cached: fine, uncached: fine}},
	}
}

// TestFaults has each fault happen to a service under attack and counts every answer. With IMGSVC_TEST_FAULTS=DURATION a
// fault lasts as long as that, and the table is printed: make faults.
func TestFaults(t *testing.T) {
	lasting, campaign := time.Second/2, os.Getenv("IMGSVC_TEST_FAULTS")
	if campaign != "" {
		var err error
		if lasting, err = time.ParseDuration(campaign); err != nil {
			t.Fatal("IMGSVC_TEST_FAULTS: ", err)
		}
	}
	var table strings.Builder
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			s := &scene{t: t, dir: t.TempDir()}
			f.build(s)
			s.run(f, lasting)
			s.judge(f.what)
			fmt.Fprint(&table, s.row(f.name))
		})
	}
	if campaign != "" {
		fmt.Printf("\n%s\n%s", faultHeader, &table)
	}
}

// scene is one fault, the servers it happens to, and what came of it.
type scene struct {
	t      *testing.T
	dir    string
	victim *victim
	undo   func() // what was done before the service started

	cached, uncached *child // may be one; requests of the one can be answered by a cache
	log              logged
	tally            tally
	recovery         time.Duration // end of the fault → everything is as before
	stale            float64
	trips            int // how often something was left out, by all services
}

// serve starts a service.
func (s *scene) serve(store string, args ...string) *child {
	s.t.Helper()
	return startLogged(s.t, &s.log, "imgsvc", append([]string{"serve", "--json", "--until-stdin-closes", "--addr", "127.0.0.1:0",
		"--store", store}, args...)...)
}

const faultRecords = 60

func (s *scene) seed(store string) {
	s.t.Helper()
	if _, err := seed.Run(s.t.Context(), seed.Options{Store: store, Records: faultRecords}); err != nil {
		s.t.Fatal(err)
	}
}

// redisWith starts a service on a Pebble behind the Redis at url. Every read goes by it.
func (s *scene) redisWith(url string) {
	db := "pebble:" + filepath.Join(s.dir, "data")
	s.seed(db)
	s.cached = s.serve(db, "--cache", url, "--store-timeout", "1m") // a Pebble fails only where the machine stands still
	s.uncached = s.cached
}

func (s *scene) redis()    { s.victim = victimRedis(s.t); s.redisWith(s.victim.url) }
func (s *scene) redisVia() { s.victim = victimRedis(s.t); s.redisWith(s.victim.via) }
func (s *scene) redisDead() {
	s.victim = victimRedis(s.t)
	s.undo = s.victim.kill()
	s.redisWith(s.victim.url)
}

// mongoWith starts two services on the MongoDB at url, one with a memory, where listings are fresh for a moment, and one
// without.
func (s *scene) mongoWith(url string, args ...string) {
	s.seed(url)
	args = append(args, "--store-timeout", faultTimeout.String())
	s.cached = s.serve(url, append([]string{"--cache", "memory:1MiB", "--fresh-for", "100ms"}, args...)...)
	s.uncached = s.serve(url, append([]string{"--cache", "none"}, args...)...)
}

func (s *scene) mongo()    { s.victim = victimMongo(s.t); s.mongoWith(s.victim.url) }
func (s *scene) mongoVia() { s.victim = victimMongo(s.t); s.mongoWith(s.victim.via) }

// narrow is mongo with room for one call of the store, and one that waits.
func (s *scene) narrow() {
	s.victim = victimMongo(s.t)
	s.mongoWith(s.victim.url, "--max-inflight", "1", "--fresh-for", "1h")
}

// full fills the Redis up, and asks for what is not in it yet.
func (s *scene) full() (end func()) {
	end = s.victim.fill()
	for id := attackedIDs; id < 2*attackedIDs; id++ {
		s.ask(s.cached, fmt.Sprint("/reviews/", id))
	}
	return end
}

// run attacks, has the fault happen when the attack goes well, ends it when it has lasted and been noticed, and ends the
// attack when all is well again.
func (s *scene) run(f fault, lasting time.Duration) {
	s.t.Helper()
	for id := range attackedIDs {
		s.ask(s.cached, fmt.Sprint("/reviews/", id))
	}
	stop := s.attack()
	s.await("the attack is under way", func() bool { return s.metric(s.cached, "imgsvc_request_duration_seconds_count") > 50 })
	before := 0.0
	if s.undo == nil { // nothing has happened yet, unless the machine was too busy for a moment
		s.await("all is well at first", func() bool { return s.well(f.out) })
		before = s.metric(s.uncached, tripsOf(f.out))
	}
	end := f.begin(s)
	begin := time.Now()
	if f.out != "" {
		s.await("the fault is noticed", func() bool { return s.metric(s.uncached, tripsOf(f.out)) > before })
	}
	if f.what.stale {
		s.await("something is stale", func() bool { return s.metric(s.cached, "imgsvc_cache_stale_total") > 0 })
		s.notReady()
	}
	time.Sleep(lasting - time.Since(begin)) // not at all if it has lasted already
	end()
	begin = time.Now()
	s.await("all is well", func() bool { return s.well(f.out) })
	s.recovery = time.Since(begin)
	time.Sleep(lasting / 2) // some more requests, to which nothing may happen
	s.stale = s.metric(s.cached, "imgsvc_cache_stale_total")
	stop()
	for _, service := range s.services() {
		s.trips += int(s.metric(service, "imgsvc_breaker_trips_total"))
	}
}

// tripsOf names the metric that counts how often something was left out.
func tripsOf(of string) string { return fmt.Sprintf("imgsvc_breaker_trips_total{of=%q}", of) }

func (s *scene) services() []*child { return slices.Compact([]*child{s.cached, s.uncached}) }

// well reports whether a service is ready and leaves out nothing.
func (s *scene) well(out string) bool {
	for _, service := range s.services() {
		if s.metric(service, fmt.Sprintf("imgsvc_breaker_open{of=%q}", out)) != 0 || s.status(service, "/readyz") != 200 {
			return false
		}
	}
	return true
}

// notReady checks that /readyz says so while the store is away, and soon.
func (s *scene) notReady() {
	begin := time.Now()
	if status := s.status(s.uncached, "/readyz"); status != 503 || time.Since(begin) > faultTimeout+faultPatience {
		s.t.Errorf("/readyz said %d after %s", status, time.Since(begin))
	}
}

// judge compares what came of the fault with what must.
func (s *scene) judge(w want) {
	s.t.Helper()
	if s.tally.lost > 0 || s.tally.requests == 0 {
		s.t.Errorf("%d of %d requests lost: %v", s.tally.lost, s.tally.requests, s.tally.errors)
	}
	checkStatuses(s.t, "what a cache has", s.tally.cached, w.cached)
	checkStatuses(s.t, "what only the store has", s.tally.uncached, w.uncached)
	if limit := faultTimeout + faultPatience; s.tally.slowest > limit {
		s.t.Errorf("an answer took %s", s.tally.slowest)
	}
	s.judgeLog(w)
	if w.stale != (s.stale > 0) {
		s.t.Errorf("%v answers were marked as stale", s.stale)
	}
	s.t.Logf("%s: %s; well after %s", s.victim.kind, s.tally, s.recovery)
}

// judgeLog checks that the log has one line for each change of state, however many requests noticed.
func (s *scene) judgeLog(w want) {
	s.t.Helper()
	for _, line := range w.log {
		if n := strings.Count(s.log.String(), "msg=\""+line); n == 0 || n != s.trips {
			s.t.Errorf("the log says %q %d times, and the state changed %d times:\n%s", line, n, s.trips, s.log.String())
		}
	}
}

// checkStatuses refuses other statuses than may be, and a fault that nobody noticed.
func checkStatuses(t *testing.T, what string, got map[int]int, may []int) {
	t.Helper()
	for status := range got {
		if !slices.Contains(may, status) {
			t.Errorf("%s: %d answers with %d", what, got[status], status)
		}
	}
	for _, status := range may {
		if got[status] == 0 {
			t.Errorf("%s: no answer with %d", what, status)
		}
	}
}
