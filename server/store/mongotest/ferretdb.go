package mongotest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The limits of what is waited for: compiling SQLite and FerretDB takes minutes on a slow machine, starting one does not.
const (
	buildLimit = 8 * time.Minute
	startLimit = 30 * time.Second
)

// startFerretDB starts a FerretDB of the test's own and returns its URI. If it cannot, the test fails.
func startFerretDB(tb testing.TB) string {
	tb.Helper()
	binary := os.Getenv(EnvFerretDB)
	if binary == "" {
		binary = buildFerretDB(tb)
	}
	uri, err := runFerretDB(tb, binary)
	if err != nil {
		tb.Fatalf("start FerretDB: %v", err)
	}
	tb.Logf("the server is FerretDB, %s", binary)
	return strings.TrimRight(uri, "/") + "/" + newDatabase()
}

// buildFerretDB builds the nested module. Go's build cache makes all builds but a machine's first a matter of linking.
func buildFerretDB(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), buildLimit)
	defer cancel()
	const pkg = "github.com/starkillersystems/imgsvc/server/store/mongotest"
	folder, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", pkg).Output()
	if err != nil {
		tb.Fatalf("find the source of FerretDB's module: %v", err)
	}
	binary := filepath.Join(tb.TempDir(), "ferretdb")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(strings.TrimSpace(string(folder)), "ferretdb")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build FerretDB: %v\n%s", err, out)
	}
	return binary
}

// runFerretDB starts the binary and returns its URI. The process ends when the test does.
func runFerretDB(tb testing.TB, binary string) (string, error) {
	s := &Server{binary: binary, dir: tb.TempDir(), listen: "127.0.0.1:0"}
	if err := s.start(); err != nil {
		return "", err
	}
	tb.Cleanup(func() {
		if err := s.end(); err != nil {
			tb.Errorf("end FerretDB: %v", err)
		}
	})
	return s.uri, nil
}

// Server is a FerretDB of a test that can be killed and started again, with what was in it.
type Server struct {
	URL string // with a database of the test's own

	binary, dir, listen string
	uri                 string
	cmd                 *exec.Cmd
	stdin               io.Closer
	log                 *strings.Builder
}

// StartServer starts a FerretDB of the test's own, which ends with it. If it cannot be built or started, the test fails.
func StartServer(tb testing.TB) *Server {
	tb.Helper()
	binary := os.Getenv(EnvFerretDB)
	if binary == "" {
		binary = buildFerretDB(tb)
	}
	s := &Server{binary: binary, dir: tb.TempDir(), listen: "127.0.0.1:0"}
	if err := s.start(); err != nil {
		tb.Fatalf("start FerretDB: %v", err)
	}
	tb.Cleanup(s.Kill)
	s.URL = strings.TrimRight(s.uri, "/") + "/" + newDatabase()
	s.listen = strings.Trim(strings.TrimPrefix(s.uri, "mongodb://"), "/")
	return s
}

// Addr returns where the server listens.
func (s *Server) Addr() string { return s.listen }

// Signal sends the server a signal, such as SIGSTOP.
func (s *Server) Signal(signal os.Signal) error { return s.cmd.Process.Signal(signal) }

// Kill kills the server and waits for its end.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // what it says of a kill is no news
	_ = s.stdin.Close()
}

// Restart starts a server that was killed again, where it was.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("start FerretDB again: %v", err)
	}
}

// start starts the binary and reads its URI. The process ends when this one is gone: it watches its stdin.
func (s *Server) start() error {
	s.cmd, s.log = exec.Command(s.binary, "-dir", s.dir, "-listen", s.listen), &strings.Builder{}
	s.cmd.Stderr = s.log
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	kill := time.AfterFunc(startLimit, func() { _ = s.cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	kill.Stop()
	if err != nil {
		_ = stdin.Close()
		_ = s.cmd.Wait()
		return fmt.Errorf("read its URI: %w\n%s", err, s.log)
	}
	s.uri = strings.TrimSpace(line)
	return nil
}

// end has the server end by itself.
func (s *Server) end() error {
	_ = s.stdin.Close()
	kill := time.AfterFunc(startLimit, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, s.log)
	}
	return nil
}
