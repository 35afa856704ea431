package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/seed"
)

const (
	hotPath  = "/reviews/15000?index=1" // the original's own
	hotConns = 32
	hotRound = 400 * time.Millisecond
)

// BenchmarkHotKey prices everything that stands between net/http and the bytes of a listing that is in memory:
// the CPU time a whole 'imgsvc serve' takes for one successful request, over that of a net/http handler that writes
// the same body. Each is a process of its own, both on the same core, under the same load from another core, in turns;
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
	body, ours := startHotServe(b)
	bare := startHotProcess(b, body, "barehttp", writeTemp(b, body))

	restore := runtime.GOMAXPROCS(0)
	if err := pinProcess(cpus[1:]); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := pinProcess(cpus); err != nil {
			b.Error(err)
		}
		runtime.GOMAXPROCS(restore)
	}()
	both := []*hotProcess{bare, ours}
	for _, p := range both {
		p.measure(b) // warm
	}
	var ratios, bareNS, oursNS []float64
	for b.Loop() {
		turn := map[*hotProcess]float64{}
		for _, p := range both {
			turn[p] = p.measure(b)
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

// startHotServe starts 'imgsvc serve' over a fresh store and returns it with the body it answers.
func startHotServe(b *testing.B) ([]byte, *hotProcess) {
	url := "pebble:" + filepath.Join(b.TempDir(), "data")
	if _, err := seed.Run(context.Background(), seed.Options{Store: url, Records: 20_000}); err != nil {
		b.Fatal(err)
	}
	p := startHotProcess(b, nil, "imgsvc", "serve", "--json", "--addr", "127.0.0.1:0", "--cpus", "1", "--store", url,
		"--until-stdin-closes")
	res, err := http.Get("http://" + p.addr + hotPath)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	p.body, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
	return p.body, p
}

// hotProcess is a server under test.
type hotProcess struct {
	addr string
	pid  int
	body []byte
}

// startHotProcess starts one of TestMain's programs, which says on stdout where it listens, and ends with its stdin.
func startHotProcess(b *testing.B, body []byte, name string, args ...string) *hotProcess {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	})
	var at serving
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return &hotProcess{addr: at.Addr, pid: cmd.Process.Pid, body: body}
}

// measure loads the server for one round and returns its CPU time per request, in nanoseconds.
func (p *hotProcess) measure(b *testing.B) float64 {
	var requests atomic.Int64
	var ready, done errgroup.Group
	conns := make([]net.Conn, hotConns)
	for i := range conns {
		ready.Go(func() (err error) {
			conns[i], err = net.Dial("tcp", p.addr)
			return err
		})
	}
	if err := ready.Wait(); err != nil {
		b.Fatal(err)
	}
	before := p.cpu(b)
	until := time.Now().Add(hotRound)
	for _, conn := range conns {
		done.Go(func() error {
			n, err := p.loop(conn, until)
			requests.Add(n)
			return errors.Join(err, conn.Close())
		})
	}
	if err := done.Wait(); err != nil {
		b.Fatal(err)
	}
	return float64(p.cpu(b)-before) / float64(requests.Load())
}

// loop sends one request after the other and returns how many were answered well.
func (p *hotProcess) loop(conn net.Conn, until time.Time) (int64, error) {
	request := []byte("GET " + hotPath + " HTTP/1.1\r\nHost: " + p.addr + "\r\n\r\n")
	in := bufio.NewReader(conn)
	got := make([]byte, len(p.body))
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
		if !bytes.Equal(got, p.body) {
			return n, fmt.Errorf("got %q, want %q", got, p.body)
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
func (p *hotProcess) cpu(b *testing.B) int64 {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid))
	if err != nil || len(files) == 0 {
		b.Fatal("no threads of process ", p.pid, err)
	}
	var sum int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		running, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += running
	}
	return sum
}
