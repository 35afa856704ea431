package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/seed"
)

// fleetPatience is how long a test waits for what must happen; it decides nothing.
const fleetPatience = time.Minute

// fleet is instances of the service, each with its own copy of one store, behind the balancer that we ship.
type fleet struct {
	t           *testing.T
	dir, net    string // net: the beginning of loopback addresses that nobody else uses, and no client gets by itself
	port, admin string
	names       *nameServer
	instances   []*instance
	url         string
}

// instance is one 'imgsvc serve', in this life or the next.
type instance struct {
	fleet  *fleet
	ip     string
	store  string
	cmd    *exec.Cmd
	stderr *bytes.Buffer
}

func newFleet(t *testing.T, size int, args ...string) *fleet {
	haproxy := findHAProxy(t)
	f := &fleet{t: t, dir: t.TempDir(), net: fmt.Sprintf("127.%d.%d.", 1+os.Getpid()>>8%254, os.Getpid()%256)}
	f.port, f.admin = f.freePort(size), f.freePort(size)
	f.names = serveNames(t)
	seeded := filepath.Join(f.dir, "seeded")
	if _, err := seed.Run(t.Context(), seed.Options{Store: "pebble:" + seeded, Records: 1000}); err != nil {
		t.Fatal(err)
	}
	for n := range size {
		i := &instance{fleet: f, ip: f.net + strconv.Itoa(n+1), store: filepath.Join(f.dir, strconv.Itoa(n))}
		if err := os.CopyFS(i.store, os.DirFS(seeded)); err != nil {
			t.Fatal(err)
		}
		i.start(args...)
		t.Cleanup(func() { i.kill() })
		f.instances = append(f.instances, i)
	}
	f.balance(haproxy)
	return f
}

// freePort returns a port that the kernel found free a moment ago on the addresses of so many instances.
func (f *fleet) freePort(size int) string {
	f.t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", f.net+"1:0")
		if err != nil {
			f.t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(first.Addr().String())
		taken := []net.Listener{first}
		for n := 2; n <= size && err == nil; n++ {
			var l net.Listener
			if l, err = net.Listen("tcp", f.net+strconv.Itoa(n)+":"+port); err == nil {
				taken = append(taken, l)
			}
		}
		for _, l := range taken {
			l.Close()
		}
		if err == nil {
			return port
		}
	}
	f.t.Fatal("no port is free on all addresses")
	return ""
}

// start begins a life of the instance, and has the name server know it once it listens.
func (i *instance) start(args ...string) {
	t := i.fleet.t
	t.Helper()
	i.stderr = &bytes.Buffer{}
	i.cmd = exec.Command("imgsvc", append([]string{"serve", "--json", "--until-stdin-closes", "--store", "pebble:" + i.store,
		"--addr", i.ip + ":" + i.fleet.port, "--admin-addr", i.ip + ":" + i.fleet.admin}, args...)...)
	i.cmd.Stderr = i.stderr
	if _, err := i.cmd.StdinPipe(); err != nil { // open for as long as this process lives, or Wait takes
		t.Fatal(err)
	}
	stdout, err := i.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(stdout).Decode(&serving{}); err != nil {
		_ = i.cmd.Wait()
		t.Fatalf("the instance does not say where it listens: %v\n%s", err, i.stderr)
	}
	i.fleet.names.add(i.ip)
}

// stop ends the instance as those who run services do, and waits until it has taken leave.
func (i *instance) stop() {
	t := i.fleet.t
	t.Helper()
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := i.cmd.Wait(); err != nil {
		t.Errorf("the instance ended badly: %v\n%s", err, i.stderr)
	}
	i.fleet.names.remove(i.ip)
}

// kill ends the instance without a warning.
func (i *instance) kill() {
	i.fleet.names.remove(i.ip)
	if err := i.cmd.Process.Kill(); err == nil { // else it has ended already
		_ = i.cmd.Wait() // which says that it was killed
	}
}

// answered returns how many listings the instance has answered for in this life.
func (i *instance) answered() (n int) {
	t := i.fleet.t
	t.Helper()
	res, err := http.Get("http://" + i.ip + ":" + i.fleet.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(name, `imgsvc_request_duration_seconds_count{route="/reviews/{id}"`) {
			count, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			n += count
		}
	}
	return n
}

// works waits until the instance has answered for so many more listings: the balancer sends it some.
func (i *instance) works(more int) {
	t := i.fleet.t
	t.Helper()
	deadline := time.Now().Add(fleetPatience)
	for want := i.answered() + more; i.answered() < want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the balancer sends nothing to %s", i.ip)
		}
	}
}

// attack starts an attack on the balancer that goes on until the func it returns is called, which returns its report.
func (f *fleet) attack(args ...string) (end func() reports.Report) {
	f.t.Helper()
	cmd := exec.Command("imgsvc", append(append([]string{"attack"}, args...), "--duration", "1h", "--timeout", "60s", "--json",
		"--quiet", f.url)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	wait := sync.OnceValue(cmd.Wait)
	f.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = wait() }) // if the test has not come to its end
	return func() (report reports.Report) {
		f.t.Helper()
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			f.t.Fatal(err)
		}
		_ = wait() // 1: it was to last longer
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
			f.t.Fatalf("%v\n%s", err, &stderr)
		}
		return report
	}
}
