package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

func TestGateCommands(t *testing.T) {
	place := gatePlace{port: 4321, dir: "/tmp/d", cpus: []int{2, 3}}
	for command, want := range map[string]string{
		"./server --port {port}":                        "exec ./server --port 4321",
		"taskset -c {cpus} ./server {port} '{dir}/x y'": "exec taskset -c 2,3 ./server 4321 '/tmp/d/x y'",
		"PORT={port} ./server":                          "PORT=4321 ./server",
		"cd {dir} && ./server":                          "cd /tmp/d && ./server",
		"./server {port} & wait":                        "./server 4321 & wait",
	} {
		if got := simply(place.fill(command)); got != want {
			t.Errorf("%s becomes %s, want %s", command, got, want)
		}
	}
	for command, want := range map[string]string{
		"serve --write-token T0 --port {port}":      "serve --write-token … --port {port}",
		"API_KEY=k0 PASSWORD='a b' serve":           "API_KEY=… PASSWORD=… serve",
		"serve --header 'Authorization: Bearer b0'": "serve --header 'Authorization: … b0'",
		"serve --port {port}":                       "serve --port {port}",
	} {
		if got := shownCommand(command); got != want {
			t.Errorf("%s is shown as %s, want %s", command, got, want)
		}
	}
}

// Servers and generator share no CPU where there are two, and either place has as many for the servers.
func TestGatePlaces(t *testing.T) {
	for _, c := range []struct {
		cpus []int
		want []string
	}{{[]int{0}, []string{}}, {[]int{0, 1}, []string{"0", "1"}}, {[]int{1, 4, 5}, []string{"1", "5"}}, {[]int{0, 1, 2, 3}, []string{"0,1", "2,3"}}} {
		g, err := reports.NewGate(reports.GateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r := &gateRunner{gate: g, cpus: c.cpus}
		r.split()
		if canPin && !slices.Equal(g.Places, c.want) {
			t.Errorf("of %v servers get %q, want %q", c.cpus, g.Places, c.want)
		}
		for _, place := range r.places {
			if slices.ContainsFunc(place[0], func(cpu int) bool { return slices.Contains(place[1], cpu) }) {
				t.Errorf("of %v both have %v", c.cpus, place)
			}
		}
	}
}

func TestGateCPUPerRequest(t *testing.T) {
	loop := func(n int64, cpu time.Duration) reports.GateLoop {
		return reports.GateLoop{Requests: n, Successes: n, CPU: &cpu}
	}
	if got := perRequest(loop(300, 3*time.Millisecond), loop(100, time.Millisecond)); got == nil || *got != 10_000 {
		t.Errorf("4 ms for 400 requests: %v", got)
	}
	if got := perRequest(loop(300, time.Second), reports.GateLoop{Requests: 1, Successes: 1}); got != nil {
		t.Errorf("of a loop whose CPU time is not known: %v", *got)
	}
	if got := perRequest(loop(0, time.Second)); got != nil {
		t.Errorf("of no request: %v", *got)
	}
}

// A path and a script are told apart, and a script's own path on its target stays.
func TestGateLoad(t *testing.T) {
	script := filepath.Join(t.TempDir(), "load.yml")
	text := "config: {target: 'http://example.com/shop', phases: [{duration: 9, arrivalRate: 3}]}\n" +
		"scenarios: [{flow: [{think: 5}, {get: {url: /item}}, {loop: [{think: 1}, {get: {url: /x}}], count: 2}]}]\n"
	if err := os.WriteFile(script, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"":               "http://127.0.0.1:9/",
		"/reviews/1?a=b": "http://127.0.0.1:9/reviews/1?a=b",
		script:           "http://127.0.0.1:9/shop/item",
	} {
		l, err := newGateLoad(arg, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		open, err := l.open("http://127.0.0.1:9", 50, 2*time.Second, time.Second, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := open.Script.Requests[0].URL.String(); got != want {
			t.Errorf("%q asks for %s, want %s", arg, got, want)
		}
		if l.plain != (open.Rate != nil) || l.script != (len(open.Script.Phases) == 1) {
			t.Errorf("%q: rate %v, phases %v", arg, open.Rate, open.Script.Phases)
		}
		closed, err := l.closed("http://127.0.0.1:9", 32, 1)
		if err != nil || closed.Script.Phases[0].Users != 32 {
			t.Errorf("%q: %v, %v", arg, err, closed.Script.Phases)
		}
		for _, s := range open.Script.Scenarios {
			if n := countThinks(s.Steps); n > 0 {
				t.Errorf("%q: %d thinking times left", arg, n)
			}
		}
	}
}

func countThinks(steps []scenarios.Step) (n int) {
	for _, step := range steps {
		switch step := step.(type) {
		case *scenarios.Think:
			n++
		case *scenarios.Loop:
			n += countThinks(step.Steps)
		}
	}
	return n
}

// Whether a server is ready is a matter of its /readyz where it has one, of any answer where it has not, and of the path
// that was given where one was.
func TestGateReady(t *testing.T) {
	var asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/readyz":
			if asked.Add(1) < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		case "/moved":
			http.Redirect(w, r, "/nowhere", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	bare := httptest.NewServer(http.NotFoundHandler())
	defer bare.Close()
	alive := func() error { return nil }
	for name, c := range map[string]struct{ url, path string }{
		"503 twice": {site.URL, ""}, "no /readyz": {bare.URL, ""}, "a redirect": {site.URL, "/moved"},
	} {
		if err := awaitReady(t.Context(), c.url, c.path, time.Hour, alive); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked.Load() != 3 {
		t.Errorf("/readyz was asked %d times, want 3", asked.Load())
	}
	err := awaitReady(t.Context(), bare.URL, "/health", time.Millisecond, alive)
	if err == nil || !strings.Contains(err.Error(), "was not ready within 1ms: /health answers 404") {
		t.Errorf("a page that is not there: %v", err)
	}
	gone := errors.New("exit status 1")
	if err := awaitReady(t.Context(), bare.URL, "/health", time.Hour, func() error { return gone }); !errors.Is(err, gone) {
		t.Errorf("a server that died: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awaitReady(stopped, bare.URL, "/health", time.Hour, alive); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
