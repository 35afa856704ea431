package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/seed"
)

// child is a server that runs as a process of its own.
type child struct {
	serving
	process *os.Process
	wait    func() error // for its end
	killed  bool         // by the test
}

// startChild starts one of TestMain's programs, which says on stdout where it listens and ends with its stdin.
func startChild(tb testing.TB, name string, args ...string) *child {
	tb.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c := &child{process: cmd.Process, wait: sync.OnceValue(cmd.Wait)}
	tb.Cleanup(func() {
		stdin.Close()
		if err := c.wait(); err != nil && !c.killed {
			tb.Errorf("%s: %v", name, err)
		}
	})
	if err := json.NewDecoder(stdout).Decode(&c.serving); err != nil {
		tb.Fatalf("%s does not say where it listens: %v", name, err)
	}
	return c
}

// startServe starts 'imgsvc serve' over a fresh store.
func startServe(tb testing.TB, records int64, args ...string) *child {
	tb.Helper()
	url := "pebble:" + filepath.Join(tb.TempDir(), "data")
	if _, err := seed.Run(tb.Context(), seed.Options{Store: url, Records: records}); err != nil {
		tb.Fatal(err)
	}
	args = append([]string{"serve", "--json", "--quiet", "--until-stdin-closes", "--addr", "127.0.0.1:0", "--store", url},
		args...)
	return startChild(tb, "imgsvc", args...)
}

// TestServeTerminated sends SIGTERM to a service in the middle of the work of clients who send one request after the
// other. No request may go without its whole answer, and the process ends well.
func TestServeTerminated(t *testing.T) {
	service := startServe(t, 1000)
	var clients sync.WaitGroup
	var answered, stopped atomic.Int64
	for range 8 {
		clients.Go(func() {
			n, err := askUntilClosed(service.Addr, func() {
				if answered.Add(1) == 1000 {
					if err := service.process.Signal(syscall.SIGTERM); err != nil {
						t.Error(err)
					}
				}
			})
			if err != nil {
				t.Errorf("after %d answers: %v", n, err)
			} else {
				stopped.Add(1)
			}
		})
	}
	clients.Wait()
	if err := service.wait(); err != nil {
		t.Errorf("the service ended with %v", err)
	}
	t.Logf("%d requests answered, %d clients told to go", answered.Load(), stopped.Load())
}

// askUntilClosed sends one request after the other on one connection, until an answer says that it was the last one.
func askUntilClosed(addr string, answered func()) (n int, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	in := bufio.NewReader(conn)
	for ; ; n++ {
		if _, err := fmt.Fprintf(conn, "GET /reviews/%d?index=1 HTTP/1.1\r\nHost: test\r\n\r\n", n%1000); err != nil {
			return n, err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return n, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil {
			return n, err
		}
		if res.StatusCode != http.StatusOK {
			return n, errors.New(res.Status)
		}
		answered()
		if res.Close {
			return n, nil
		}
	}
}
