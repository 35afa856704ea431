package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

const (
	hotKeyCount = 4 // keys that all connections ask for, the first being the original's own
	hotConns    = 32
	hotRound    = 200 * time.Millisecond
)

func hotPath(key int) string { return fmt.Sprintf("/reviews/%d?index=1", 15000+key) }

// BenchmarkHotKey prices everything that stands between net/http and the bytes of a listing that is in a cache, in
// memory or in Redis: the CPU time a whole 'imgsvc serve' takes for one successful request, over that of a net/http
// handler that writes the same body. Each is a process of its own, both on the same core, under the same load from another core, in turns;
// every body is compared. One iteration is one turn of each, so -benchtime 20x takes the medians of 20.
//
// The bare handler sends Content-Type, and net/http adds Date and Content-Length; serve sends an ETag as well, and
// has the timeouts and limits that a server on a network needs.
func BenchmarkHotKey(b *testing.B) {
	cpus, err := allowedCPUs()
	if err != nil {
		b.Fatal(err)
	}
	if len(cpus) < 2 {
		b.Fatal("the load needs a core of its own, and this process may use one only")
	}
	b.Run("memory", func(b *testing.B) { hotKeys(b, cpus, false, "memory:256MiB") })
	b.Run("redis", func(b *testing.B) { hotKeys(b, cpus, true) })
	b.Run("memory+redis", func(b *testing.B) { hotKeys(b, cpus, true, "memory:64MiB") })
}

// hotKeys compares serve behind the given caches, and behind Redis after them, with the bare handler. Redis runs where
// the load does, and its time is not counted.
func hotKeys(b *testing.B, cpus []int, withRedis bool, caches ...string) {
	if withRedis {
		onCPUs(b, cpus[1:], func() { caches = append(caches, redistest.Start(b)) })
	}
	args := []string{"--cpus", "1"}
	for _, cache := range caches {
		args = append(args, "--cache", cache)
	}
	ours := &hotServer{startServe(b, 20_000, args...), nil}
	for key := range hotKeyCount {
		ours.bodies = append(ours.bodies, fetch(b, ours.child, hotPath(key)))
	}
	bare := &hotServer{startChild(b, "barehttp", writeTemp(b, ours.bodies[0])), slices.Repeat(ours.bodies[:1], hotKeyCount)}
	onCPUs(b, cpus[1:], func() { compareHot(b, bare, ours) })
}

// onCPUs runs f while this process, and what it starts, keeps to some CPUs.
func onCPUs(b *testing.B, some []int, f func()) {
	all, err := allowedCPUs()
	if err != nil {
		b.Fatal(err)
	}
	restore := runtime.GOMAXPROCS(0)
	if err := pinProcess(some); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := pinProcess(all); err != nil {
			b.Error(err)
		}
		runtime.GOMAXPROCS(restore)
	}()
	f()
}

func compareHot(b *testing.B, bare, ours *hotServer) {
	both := []*hotServer{bare, ours}
	for _, s := range both {
		s.measure(b) // warm
	}
	var ratios, bareNS, oursNS []float64
	for b.Loop() {
		turn := map[*hotServer]float64{}
		for _, s := range both {
			turn[s] = s.measure(b)
		}
		slices.Reverse(both)
		bareNS, oursNS = append(bareNS, turn[bare]), append(oursNS, turn[ours])
		ratios = append(ratios, turn[ours]/turn[bare])
	}
	b.ReportMetric(0, "ns/op") // the time of a turn says nothing
	b.ReportMetric(median(bareNS), "bare-cpu-ns/req")
	b.ReportMetric(median(oursNS), "serve-cpu-ns/req")
	b.ReportMetric(median(ratios), "ratio")
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

func writeTemp(b *testing.B, body []byte) string {
	name := filepath.Join(b.TempDir(), "body")
	if err := os.WriteFile(name, body, 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

// hotServer is a server under test, and the bodies it must answer with.
type hotServer struct {
	*child
	bodies [][]byte // one a key
}

// fetch returns the body of a server's answer.
func fetch(b *testing.B, c *child, path string) []byte {
	res, err := http.Get("http://" + c.Addr + path)
	if err != nil {
		b.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
	return body
}

// measure loads the server for one round and returns its CPU time per request, in nanoseconds.
func (s *hotServer) measure(b *testing.B) float64 {
	var requests atomic.Int64
	var ready, done errgroup.Group
	conns := make([]net.Conn, hotConns)
	for i := range conns {
		ready.Go(func() (err error) {
			conns[i], err = net.Dial("tcp", s.Addr)
			return err
		})
	}
	if err := ready.Wait(); err != nil {
		b.Fatal(err)
	}
	before := s.cpu(b)
	until := time.Now().Add(hotRound)
	for i, conn := range conns {
		done.Go(func() error {
			n, err := s.loop(conn, i%hotKeyCount, until)
			requests.Add(n)
			return errors.Join(err, conn.Close())
		})
	}
	if err := done.Wait(); err != nil {
		b.Fatal(err)
	}
	return float64(s.cpu(b)-before) / float64(requests.Load())
}

// loop sends one request for a key after the other and returns how many were answered well.
func (s *hotServer) loop(conn net.Conn, key int, until time.Time) (int64, error) {
	request := []byte("GET " + hotPath(key) + " HTTP/1.1\r\nHost: " + s.Addr + "\r\n\r\n")
	in := bufio.NewReader(conn)
	got := make([]byte, len(s.bodies[key]))
	for n := int64(0); ; n++ {
		if n%64 == 0 && time.Now().After(until) {
			return n, nil
		}
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := readAnswer(in, got); err != nil {
			return n, err
		}
		if !bytes.Equal(got, s.bodies[key]) {
			return n, fmt.Errorf("got %q, want %q", got, s.bodies[key])
		}
	}
}

// readAnswer reads an answer of status 200 with a body as long as the given one, into it.
func readAnswer(in *bufio.Reader, body []byte) error {
	status, err := in.ReadSlice('\n')
	if err != nil || !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("status %q: %w", status, err)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(string(value))); err != nil {
				return err
			}
		}
	}
	if length != len(body) {
		return fmt.Errorf("a body of %d bytes, want %d", length, len(body))
	}
	_, err = io.ReadFull(in, body)
	return err
}

// cpu returns the time all threads of the process have been running, in nanoseconds.
func (s *hotServer) cpu(b *testing.B) int64 {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.process.Pid))
	if err != nil || len(files) == 0 {
		b.Fatal("no threads of process ", s.process.Pid, err)
	}
	var total int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		running, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += running
	}
	return total
}
