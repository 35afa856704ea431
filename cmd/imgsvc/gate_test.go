package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// gateProcess is a gate under way, or one that has ended: a process of its own, which starts servers that are, too.
type gateProcess struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	output, groups string
}

// quick are flags of a gate that is about its machinery: short loops at a low rate, whatever else the machine does.
var quick = []string{
	"--round-duration", "250ms", "--rate", "400", "--vus", "7", "--max-lag", "1h", "--max-other-cpu", "1000%", "--max-steal", "1000%",
	"--json",
}

// startGate starts a gate of servers of kinds of gatesite.
func startGate(t *testing.T, base, candidate string, flags ...string) *gateProcess {
	t.Helper()
	dir := t.TempDir()
	p := &gateProcess{output: filepath.Join(dir, "gate.json"), groups: filepath.Join(dir, "groups")}
	args := slices.Concat([]string{"gate", "--base", base, "--candidate", candidate, "--output", p.output}, quick, flags)
	p.cmd = exec.Command("imgsvc", args...)
	p.cmd.Env = append(os.Environ(), "GATE_GROUPS="+p.groups, "TMPDIR="+dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// end waits for the gate's end and for nothing to be left of its servers, and returns the document and the exit code.
func (p *gateProcess) end(t *testing.T) (*reports.Gate, int) {
	t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	for _, group := range p.started(t) {
		if members, err := attack.GroupMembers(group); err != nil || len(members) > 0 {
			t.Errorf("%v, processes left in group %d: %v", err, group, members)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.output), "imgsvc-gate-*")); len(left) > 0 {
		t.Errorf("folders left: %v", left)
	}
	var g, saved reports.Gate
	if err := json.Unmarshal(p.stdout.Bytes(), &g); err != nil {
		t.Fatalf("%v: %s\n%s", err, p.stdout.String(), p.stderr.String())
	}
	text, err := os.ReadFile(p.output)
	if err == nil {
		err = json.Unmarshal(text, &saved)
	}
	if err != nil || saved.Verdict != g.Verdict || len(saved.Rounds) != len(g.Rounds) {
		t.Errorf("%v, --output has %s and %d rounds, --json %s and %d", err, saved.Verdict, len(saved.Rounds), g.Verdict, len(g.Rounds))
	}
	return &g, p.cmd.ProcessState.ExitCode()
}

// started returns the process groups of the servers that were started; there must be some.
func (p *gateProcess) started(t *testing.T) (groups []int) {
	t.Helper()
	text, _ := os.ReadFile(p.groups)
	for _, field := range strings.Fields(string(text)) {
		group, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, group)
	}
	return groups
}

// TestGateFaults has each side go wrong in every way there is: the verdict and its reason say so, what was measured is
// kept, and nothing is left running.
func TestGateFaults(t *testing.T) {
	for _, c := range []struct {
		name, base, candidate string
		flags                 []string
		verdict               string
		code                  int
		reason                string
		pairs                 int
	}{
		{"both well", "gatesite ok {port}", "gatesite ok {port}", []string{"--pairs", "2"},
			"INCONCLUSIVE", 0, "2 pairs cannot FAIL", 2},
		{"both well, strictly", "gatesite ok {port}", "gatesite ok {port}", []string{"--pairs", "1", "--strict"},
			"INCONCLUSIVE", 3, "1 pair cannot PASS", 1},
		{"a candidate that does not start", "gatesite ok {port}", "gatesite exit {port}", nil,
			"INVALID", 1, "the candidate broke down 2 times in a row: did not start: it ended with exit status 3, saying: there is no configuration", 0},
		{"a base that does not start", "gatesite exit {port}", "gatesite ok {port}", nil,
			"INVALID", 1, "the base did not start: it ended with exit status 3, saying: there is no configuration", 0},
		{"a bad command", "no-such-program {port}", "gatesite ok {port}", nil,
			"INVALID", 1, "not found", 0},
		{"a candidate that never listens", "gatesite ok {port}", "gatesite deaf {port}", []string{"--ready-timeout", "10s"},
			"INVALID", 1, "the candidate broke down 2 times in a row: was not ready within 10s", 0},
		{"a candidate that dies under load", "gatesite ok {port}", "gatesite die {port}", nil,
			"FAIL", 3, "the candidate broke down 2 times in a row: died under load: it ended with exit status 7, saying: out of luck", 0},
		{"a base that dies under load", "gatesite die {port}", "gatesite ok {port}", nil,
			"INVALID", 1, "the base died under load", 0},
		{"a candidate that answers errors", "gatesite ok {port}", "gatesite errors {port}", nil,
			"FAIL", 3, "the candidate failed 100 % of its", 3},
		{"a base that answers errors", "gatesite errors {port}", "gatesite ok {port}", nil,
			"INVALID", 1, "the base failed 100 % of its", 0},
		{"a candidate that leaks connections", "gatesite ok {port}", "gatesite leak {port}",
			[]string{"--rate", "2000", "--timeout", "2s", "--max-errors", "0.3%"}, "FAIL", 3, "ETIMEDOUT", 3},
		{"a generator that is always late", "gatesite ok {port}", "gatesite ok {port}", []string{"--rate", "20", "--max-lag", "1ns", "--redos", "3"},
			"INVALID", 1, "4 pairs were disturbed, of which 3 may be: generator late × 4", 0},
		{"a side in a command of several processes", "gatesite ok {port} & gatesite deaf {port} & wait", "gatesite ok {port}",
			[]string{"--pairs", "1"}, "INCONCLUSIVE", 0, "1 pair cannot", 1},
		{"a side that goes into the background", "gatesite ok {port} &", "gatesite ok {port}",
			[]string{"--pairs", "1"}, "INCONCLUSIVE", 0, "1 pair cannot", 1},
		{"a page that is not there", "gatesite ok {port}", "gatesite ok {port}", []string{"--ready", "/nowhere", "--pairs", "1"},
			"INCONCLUSIVE", 0, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := startGate(t, c.base, c.candidate, c.flags...)
			g, code := p.end(t)
			text := strings.Join(g.Reasons, "\n")
			if g.Verdict != c.verdict || code != c.code || !strings.Contains(text, c.reason) {
				t.Errorf("%s with exit code %d, want %s with %d because of %q: %s\n%s",
					g.Verdict, code, c.verdict, c.code, c.reason, text, p.stderr.String())
			}
			if g.Pairs != c.pairs && c.verdict != "FAIL" || countRounds(g) != 2*g.Pairs {
				t.Errorf("%d pairs, want %d; %d rounds count", g.Pairs, c.pairs, countRounds(g))
			}
		})
	}
}

func countRounds(g *reports.Gate) (n int) {
	for _, r := range g.Rounds {
		if r.Counts {
			n++
		}
	}
	return n
}

// A side that listens late is waited for, and how long is in the document. Each round has its own port and, of servers
// with CPUs of their own, those.
func TestGateRounds(t *testing.T) {
	g, code := startGate(t, "gatesite ok {port}", "gatesite late {port} {dir} {cpus}", "--pairs", "2").end(t)
	if code != 0 || g.Pairs != 2 {
		t.Fatalf("exit code %d, %d pairs: %q", code, g.Pairs, g.Reasons)
	}
	for _, r := range g.Rounds {
		if r.Side == reports.SideCandidate && r.Ready < int64(300*time.Millisecond) {
			t.Errorf("a server that listens after 300 ms was ready after %v", time.Duration(r.Ready))
		}
		if r.Port == 0 || len(g.Places) > 0 && !slices.Contains(g.Places, r.CPUs) {
			t.Errorf("port %d, CPUs %q of %q", r.Port, r.CPUs, g.Places)
		}
		if r.Pair > 0 && (r.Closed.Successes == 0 || r.Open.Successes == 0 || r.CPU == nil && r.Closed.CPU == nil) {
			t.Errorf("a round without figures: %+v", r)
		}
	}
	if g.Seed == 0 || g.CapacityRPS <= 0 || g.OfferedRPS != 400 {
		t.Errorf("seed %d, capacity %v, offered %v", g.Seed, g.CapacityRPS, g.OfferedRPS)
	}
}

// Ctrl-C ends the gate with what there is, and so does a kill, but for the pair under way.
func TestGateStopped(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := startGate(t, "gatesite ok {port}", "gatesite ok {port}", "--round-duration", "300ms", "--quiet")
			var saved reports.Gate
			for saved.Pairs == 0 {
				time.Sleep(10 * time.Millisecond)
				text, err := os.ReadFile(p.output)
				if err == nil && json.Unmarshal(text, &saved) != nil {
					t.Fatalf("half a document: %s", text)
				}
				if p.cmd.Process.Signal(syscall.Signal(0)) != nil {
					t.Fatalf("the gate has ended: %s", p.stderr.String())
				}
			}
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if sig == syscall.SIGKILL {
				p.cmd.Wait()
				text, err := os.ReadFile(p.output)
				if err != nil || json.Unmarshal(text, &saved) != nil || saved.Pairs == 0 || saved.Verdict != "INVALID" {
					t.Errorf("%v, %d pairs: %s", err, saved.Pairs, text)
				}
				p.awaitNone(t)
				return
			}
			g, code := p.end(t)
			if code != 1 || g.Verdict != "INVALID" || g.Pairs < saved.Pairs || !strings.Contains(g.Summary, "stopped after") {
				t.Errorf("exit code %d, %s after %d pairs: %s", code, g.Verdict, g.Pairs, g.Summary)
			}
		})
	}
}

// awaitNone waits until the servers of a gate that was killed have heard of it. Only Linux tells them.
func (p *gateProcess) awaitNone(t *testing.T) {
	for _, group := range p.started(t) {
		for patience := 3000; canPin; patience-- {
			members, err := attack.GroupMembers(group)
			if err == nil && len(members) == 0 {
				break
			}
			if patience == 0 {
				t.Fatalf("%v, processes left in group %d: %v", err, group, members)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// Two URLs compare instances, and the document does not claim an error rate for that.
func TestGateURLs(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer site.Close()
	g, code := startGate(t, site.URL, site.URL, "--pairs", "1", "/page").end(t)
	if code != 0 || g.ErrorRateClaimed || g.Pairs != 1 || g.Metrics[0].Verdict != "NOT GATED" {
		t.Errorf("exit code %d, claimed: %v, %d pairs, %+v", code, g.ErrorRateClaimed, g.Pairs, g.Metrics[0])
	}
	if !strings.Contains(strings.Join(g.Warnings, "\n"), "two instances, not two builds") {
		t.Errorf("warnings: %q", g.Warnings)
	}
}

// A process that ignores SIGTERM is killed, without waiting where nobody has the time.
func TestGateKillsTheStubborn(t *testing.T) {
	groups := filepath.Join(t.TempDir(), "groups")
	t.Setenv("GATE_GROUPS", groups)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	side, err := startSide("gatesite stubborn {port} & wait", gatePlace{port: port}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := awaitReady(t.Context(), side.url, "", 30*time.Second, side.died); err != nil {
		t.Error(err)
	}
	kill, cancel := killedContext()
	defer cancel()
	if err := side.stop(kill); err != nil {
		t.Error(err)
	}
	if members, err := attack.GroupMembers(side.group); err != nil || len(members) > 0 {
		t.Errorf("%v, left: %v", err, members)
	}
}

// killedContext returns a context that has ended.
func killedContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}
