package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/seed"
	"github.com/starkillersystems/imgsvc/server/store/mongotest"
	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

const writeToken = "open-sesame-0815"

// startWriter starts a service that writes to a store, with its token in a file.
func startWriter(tb testing.TB, url string, args ...string) *child {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "token")
	if err := os.WriteFile(name, []byte(writeToken+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	args = append([]string{"serve", "--json", "--quiet", "--until-stdin-closes", "--addr", "127.0.0.1:0", "--store-timeout", "30s",
		"--store", url, "--write-token-file", name}, args...)
	return startChild(tb, "imgsvc", args...)
}

// versionedJSON is a listing whose reviews are its version.
func versionedJSON(version int64) string {
	image := `{"url":"/a.jpg","caption":"A","width":3,"height":2}`
	return fmt.Sprintf(`{"title":"T","description":"","price":1,"bedrooms":1,"rating":4.5,"reviews":%d,"keywords":[],"images":[%s]}`,
		version, strings.Join([]string{image, image, image}, ","))
}

// request sends a request with the token and returns the answer's status and body.
func request(ctx context.Context, method, url, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+writeToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// versionAt returns the version of a listing at a service.
func versionAt(ctx context.Context, c *child, id int64) (int64, error) {
	status, text, err := request(ctx, "GET", fmt.Sprintf("%s/listings/%d", c.URL, id), "")
	var listing struct{ Reviews int64 }
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(text, &listing)
	} else if err == nil {
		err = fmt.Errorf("status %d: %s", status, text)
	}
	return listing.Reviews, err
}

// stores are a new store of each kind, seeded with 100 records.
func stores(t *testing.T) map[string]string {
	urls := map[string]string{"pebble": "pebble:" + filepath.Join(t.TempDir(), "data"), "mongo": mongotest.Start(t)}
	for _, url := range urls {
		if _, err := seed.Run(t.Context(), seed.Options{Store: url, Records: 100}); err != nil {
			t.Fatal(err)
		}
	}
	return urls
}

// TestKilledWhileWriting kills the service under writers. What it answered with success is there afterwards, and of the
// rest nothing but what was on its way.
func TestKilledWhileWriting(t *testing.T) {
	for kind, url := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			service := startWriter(t, url, "--cache", "memory:1MiB")
			var writers sync.WaitGroup
			var acknowledged atomic.Int64
			var last [8]int64 // the version that was answered for, by writer
			for w := range last {
				writers.Go(func() {
					for v := int64(1); ; v++ {
						status, _, err := request(t.Context(), "PUT", fmt.Sprintf("%s/listings/%d", service.URL, 1000+w), versionedJSON(v))
						if err != nil {
							return // killed
						}
						if status != http.StatusOK && status != http.StatusCreated {
							t.Errorf("status %d", status)
							return
						}
						last[w] = v
						if acknowledged.Add(1) == 100 {
							service.killed = true
							if err := service.process.Kill(); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			writers.Wait()
			_ = service.wait() // which says that it was killed
			next := startWriter(t, url)
			for w, v := range last {
				got, err := versionAt(t.Context(), next, int64(1000+w))
				if err != nil || got < v || got > v+1 {
					t.Errorf("listing %d has version %d, %v; %d was acknowledged", 1000+w, got, err, v)
				}
			}
			t.Logf("%d writes acknowledged", acknowledged.Load())
			stopChild(t, next)
			sum, err := seed.Run(t.Context(), seed.Options{Store: url, Records: 100, Verify: seed.VerifyAll})
			if !errors.Is(err, seed.ErrDiffers) || sum.Verified.Faults != 0 || sum.Verified.Changed != int64(len(last)) {
				t.Errorf("verified: %v, %+v", err, sum.Verified)
			}
		})
	}
}

func stopChild(t *testing.T, c *child) {
	t.Helper()
	if err := errors.Join(c.process.Signal(os.Interrupt), c.wait()); err != nil {
		t.Error(err)
	}
}

// told returns how often a service was told of changes.
func told(ctx context.Context, c *child) int64 {
	_, text, _ := request(ctx, "GET", c.URL+"/metrics", "")
	found := regexp.MustCompile(`imgsvc_cache_told_total\{tier="redis"\} (\d+)`).FindSubmatch(text)
	if found == nil {
		return -1
	}
	n, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return n
}

// TestTwoInstances has two processes on one MongoDB and one Redis, readers at both, and writes to both in turn. The one
// that wrote serves the new version at once; the other from when it was told, which the log gives the time of.
func TestTwoInstances(t *testing.T) {
	url := mongotest.Start(t)
	if _, err := seed.Run(t.Context(), seed.Options{Store: url, Records: 100}); err != nil {
		t.Fatal(err)
	}
	redis := redistest.Start(t)
	var services []*child
	for range 2 {
		services = append(services, startWriter(t, url, "--cache", "memory:4MiB", "--cache", redis))
	}
	const id = 7
	ctx, over := context.WithCancel(t.Context())
	var known [2]atomic.Int64
	var reads atomic.Int64
	var readers sync.WaitGroup
	for i, s := range services {
		listening := func() bool { return slices.Contains(metricLines(ctx, s), `imgsvc_cache_listening{tier="redis"} 1`) }
		waitUntil(t, "listening", listening)
		for range 2 {
			readers.Go(func() {
				for ctx.Err() == nil {
					least := known[i].Load()
					got, err := versionAt(ctx, s, id)
					if ctx.Err() == nil && least > 0 && (err != nil || got < least) {
						t.Errorf("instance %d: version %d, %v, after %d", i, got, err, least)
						return
					}
					reads.Add(1)
				}
			})
		}
	}
	delays := writeInTurn(t, services, id, &known)
	over()
	readers.Wait()
	slices.Sort(delays)
	t.Logf("%d reads, none of them old; the other instance had the new version %s after the end of the write (median), %s at most",
		reads.Load(), delays[len(delays)/2], delays[len(delays)-1])
}

// writeInTurn writes 50 versions of a listing and returns how long each took to be at the other instance.
func writeInTurn(t *testing.T, services []*child, id int64, known *[2]atomic.Int64) (delays []time.Duration) {
	t.Helper()
	for v := int64(1); v <= 50; v++ {
		own, other := int(v)%2, 1-int(v)%2
		status, text, err := request(t.Context(), "PUT", fmt.Sprintf("%s/listings/%d", services[own].URL, id), versionedJSON(v))
		if err != nil || status != http.StatusOK {
			t.Fatalf("version %d: status %d, %v, %s", v, status, err, text)
		}
		known[own].Store(v)
		begin := time.Now()
		waitUntil(t, "the new version", func() bool {
			got, err := versionAt(t.Context(), services[other], id)
			return err == nil && got == v
		})
		delays = append(delays, time.Since(begin))
		waitUntil(t, "the other is told", func() bool { return told(t.Context(), services[other]) >= v })
		known[other].Store(v)
	}
	return delays
}

func metricLines(ctx context.Context, c *child) []string {
	_, text, _ := request(ctx, "GET", c.URL+"/metrics", "")
	return strings.Split(string(text), "\n")
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

// TestWriteTokenIsNowhere has a service refuse, fail and end, and looks for its token in all that others can see: its
// answers, its log, its documents, its metrics and the list of processes.
func TestWriteTokenIsNowhere(t *testing.T) {
	url := "pebble:" + filepath.Join(t.TempDir(), "data")
	if _, err := seed.Run(t.Context(), seed.Options{Store: url, Records: 10}); err != nil {
		t.Fatal(err)
	}
	c := startWriter(t, url)
	var seen bytes.Buffer
	for _, r := range []struct{ method, path, body string }{
		{"PUT", "/listings/3", versionedJSON(1)}, {"PUT", "/listings/3", "{"}, {"DELETE", "/listings/99", ""},
		{"POST", "/listings/3/images", "[]"}, {"PATCH", "/listings/3", ""}, {"GET", "/metrics", ""}, {"GET", "/listings/3", ""},
	} {
		_, text, err := request(t.Context(), r.method, c.URL+r.path, r.body)
		if err != nil {
			t.Error(err)
		}
		seen.Write(text)
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.process.Pid))
	if err != nil && !errors.Is(err, os.ErrNotExist) { // not on Linux
		t.Error(err)
	}
	seen.Write(arguments)
	hello, err := json.Marshal(c.serving)
	if err != nil {
		t.Error(err)
	}
	seen.Write(hello)
	var stdout, stderr bytes.Buffer
	t.Setenv("IMGSVC_WRITE_TOKEN", writeToken)
	for _, args := range [][]string{
		{"serve", "--help"}, {"serve", "--store", "pebble:nowhere"}, {"serve", "--store", url}, {"serve", "--write-token-file", "x"},
		{"serve", "--addr", "x", "--store", url}, {"seed", "--records", "10", "--store", "pebble:" + t.TempDir(), "--json"},
	} {
		run(args, &stdout, &stderr)
	}
	seen.Write(stdout.Bytes())
	seen.Write(stderr.Bytes())
	if seen.Len() < 1000 || bytes.Contains(seen.Bytes(), []byte(writeToken)) {
		t.Errorf("the token is in\n%s", seen.Bytes())
	}
}

// TestWriteExamples: the commands that docs/running.md shows are those of testdata/serve_writes.txtar.
func TestWriteExamples(t *testing.T) {
	doc, err1 := os.ReadFile("../../docs/running.md")
	script, err2 := os.ReadFile("testdata/serve_writes.txtar")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?m)^    (curl .*?)( +#.*)?$`).FindAllSubmatch(doc, -1)
	if len(examples) < 5 {
		t.Errorf("only %d examples", len(examples))
	}
	for _, e := range examples {
		if !bytes.Contains(script, e[1]) {
			t.Errorf("no script runs %s", e[1])
		}
	}
}
