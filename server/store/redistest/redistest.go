// Package redistest gives tests a Redis: the one they are pointed at, a redis-server of their own, or a stand-in.
package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Start returns the URL of a Redis: what IMGSVC_TEST_REDIS says, else of a redis-server that ends with the test, else,
// where that program is not installed, of miniredis. With IMGSVC_TEST_REAL=1 the stand-in is a failure instead. The
// log says which it was. A Redis named by IMGSVC_TEST_REDIS is not emptied.
func Start(tb testing.TB) string {
	tb.Helper()
	if url := os.Getenv("IMGSVC_TEST_REDIS"); url != "" {
		tb.Log("the Redis of IMGSVC_TEST_REDIS")
		return url
	}
	program, err := exec.LookPath("redis-server")
	if err == nil {
		server := StartServer(tb, program, FreeAddr(tb))
		tb.Log("a redis-server of this test's own")
		return "redis://" + server.Addr
	}
	if os.Getenv("IMGSVC_TEST_REAL") == "1" {
		tb.Fatal("IMGSVC_TEST_REAL=1 wants a real Redis: ", err,
			"\ninstall redis-server, or set IMGSVC_TEST_REDIS to the URL of one")
	}
	tb.Log("miniredis: redis-server is not installed")
	return "redis://" + miniredis.RunT(tb).Addr()
}

// Server is a redis-server of a test.
type Server struct {
	Addr string
	cmd  *exec.Cmd
	done chan error
}

// StartServer starts program on addr, on loopback, in a temporary folder and without persistence, and waits until it
// accepts connections. It ends with the test.
func StartServer(tb testing.TB, program, addr string) *Server {
	tb.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Addr: addr, done: make(chan error, 1)}
	s.cmd = exec.Command(program, "--bind", host, "--port", port, "--dir", tb.TempDir(), "--save", "", "--appendonly", "no")
	var log strings.Builder
	s.cmd.Stdout = &log
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	tb.Cleanup(s.Stop)
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close() // nothing was written
			return s
		}
		select {
		case err := <-s.done:
			s.done <- err
			tb.Fatalf("redis-server ended: %v\n%s", err, log.String())
		default:
		}
	}
	tb.Fatal(fmt.Errorf("redis-server on %s does not accept connections", addr))
	return nil
}

// Signal sends the server a signal, such as SIGSTOP.
func (s *Server) Signal(signal os.Signal) error { return s.cmd.Process.Signal(signal) }

// Stop kills the server and waits for its end.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	s.done <- <-s.done
}

// FreeAddr returns a loopback address that the kernel found free a moment ago.
func FreeAddr(tb testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
