package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/starkillersystems/imgsvc/reports"
)

// What so many users may take of memory, all of the process included.
const (
	crowd       = 10_000
	crowdMemory = 256 << 20
	emptyMemory = 56 << 20 // of it what a process takes with a few users: code, shards, 32 MiB before the collector runs
)

// TestTenThousandUsersFit attacks with 10,000 users in a loop, from the program as it is built for its users (the
// race detector would take more than they do), and reads how much memory that process had at most.
func TestTenThousandUsersFit(t *testing.T) {
	users := crowdThatFits(t)
	bound := emptyMemory + (crowdMemory-emptyMemory)*uint64(users)/crowd
	program := filepath.Join(t.TempDir(), "imgsvc")
	if text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	handler, err := startProgram(ctx, os.Environ(), "null")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := handler.stop(); err != nil {
			t.Error(err)
		}
	}()
	// Each user sends ten requests or so, whatever the machine does meanwhile; all are at work until the last of them.
	attack := exec.CommandContext(ctx, program, "attack", "--vus", fmt.Sprint(users), "--requests", fmt.Sprint(10*users),
		"--duration", "60s", "--timeout", "50s", "--json", "--quiet", handler.url)
	var stdout, stderr bytes.Buffer
	attack.Stdout, attack.Stderr = &stdout, &stderr
	if err := attack.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var report reports.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.Users.Peak != int64(users) || report.Successes != int64(10*users) || len(report.Errors) > 0 {
		t.Errorf("%d users at most, %d of %d requests successful, errors %v",
			report.Users.Peak, report.Successes, 10*users, report.Errors)
	}
	t.Logf("%d users: %.0f MiB, may be %.0f", users, mib(report.Generator.PeakRSS), mib(bound))
	if report.Generator.PeakRSS > bound {
		t.Errorf("%d users took %.0f MiB, want at most %.0f", users, mib(report.Generator.PeakRSS), mib(bound))
	}
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// crowdThatFits returns how many users this machine's limit of open files lets connect, and says so if they are fewer
// than the test is named for.
func crowdThatFits(t *testing.T) int {
	t.Helper()
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	fit := int(min(files.Max, crowd+100)) - 100 // for what else a process has open
	if fit < crowd {
		t.Logf("only %d users instead of %d, in as much less memory: this machine lets a process have %d files open",
			fit, crowd, files.Max)
	}
	if fit < 100 {
		t.Fatalf("a limit of %d open files is too low to tell anything: raise it (ulimit -n)", files.Max)
	}
	return fit
}
