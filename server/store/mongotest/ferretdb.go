package mongotest

import (
	"bufio"
	"context"
	"fmt"
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

// runFerretDB starts the binary and reads its URI. The process ends when the test does, or when this one is gone: it
// watches its stdin.
func runFerretDB(tb testing.TB, binary string) (string, error) {
	cmd := exec.Command(binary, "-dir", tb.TempDir())
	var log strings.Builder
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	kill := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	kill.Stop()
	if err != nil {
		_ = stdin.Close()
		_ = cmd.Wait()
		return "", fmt.Errorf("read its URI: %w\n%s", err, log.String())
	}
	tb.Cleanup(func() {
		_ = stdin.Close()
		kill := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("end FerretDB: %v\n%s", err, log.String())
		}
	})
	return strings.TrimSpace(line), nil
}
