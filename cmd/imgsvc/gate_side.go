package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// gateSide is a server that one round of a gate has started: a command of its own process group, which ends as a group.
type gateSide struct {
	url    string
	cmd    *exec.Cmd
	group  int
	log    *os.File // what it prints; a file, so that a server never waits for who reads it
	exited chan struct{}
	err    error // of the command's own process, once exited is closed
}

// gatePlace is what a command's placeholders stand for.
type gatePlace struct {
	port int
	dir  string
	cpus []int // empty: wherever this process may run
}

// fill puts the place into a command.
func (p gatePlace) fill(command string) string {
	return strings.NewReplacer("{port}", strconv.Itoa(p.port), "{dir}", p.dir, "{cpus}", cpuList(p.cpus)).Replace(command)
}

// cpuList writes CPUs as taskset and docker --cpuset-cpus read them.
func cpuList(cpus []int) string {
	var list []string
	for _, cpu := range cpus {
		list = append(list, strconv.Itoa(cpu))
	}
	return strings.Join(list, ",")
}

// How long a server may take to end when it is asked to, and when it is killed.
const (
	sideStop = 5 * time.Second
	sideKill = 5 * time.Second
	sideLook = 5 * time.Millisecond
)

// simply has the shell become the program where a command is no more than one with its arguments, so that there is no
// process between the gate and the server.
func simply(command string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(command), " ")
	if strings.ContainsAny(command, "&|;<>()\n`") || strings.Contains(first, "=") {
		return command
	}
	return "exec " + command
}

// startSide starts a command by the shell, on the CPUs of its place, with all it prints in log.
func startSide(command string, place gatePlace, log *os.File) (*gateSide, error) {
	s := &gateSide{
		url: "http://127.0.0.1:" + strconv.Itoa(place.port), log: log, exited: make(chan struct{}),
		cmd: exec.Command("/bin/sh", "-c", simply(place.fill(command))),
	}
	s.cmd.Env = os.Environ()
	if n := len(place.cpus); n > 0 && os.Getenv("GOMAXPROCS") == "" {
		s.cmd.Env = append(s.cmd.Env, "GOMAXPROCS="+strconv.Itoa(n))
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in the terminal is for the gate alone
	if err := startOn(s.cmd, place.cpus); err != nil {
		return nil, fmt.Errorf("start a shell: %w", err)
	}
	s.group = s.cmd.Process.Pid
	go func() { // ends with the process, which stop waits for
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	return s, nil
}

// died returns why the server is gone; nil: it is there. A command that ended well and left processes behind is.
func (s *gateSide) died() error {
	select {
	case <-s.exited:
	default:
		return nil
	}
	if s.err == nil {
		if members, err := attack.GroupMembers(s.group); err == nil && len(members) > 0 {
			return nil
		}
		return fmt.Errorf("it ended by itself, with exit status 0%s", s.said())
	}
	return fmt.Errorf("it ended with %w%s", s.err, s.said())
}

// saidMost is how much of what a server printed last is shown, in bytes.
const saidMost = 600

// said returns the end of what the server has printed, for a sentence.
func (s *gateSide) said() string {
	size, err := s.log.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	text := make([]byte, min(size, saidMost))
	n, _ := s.log.ReadAt(text, size-int64(len(text))) // what there is of it
	last := strings.TrimSpace(printable(string(text[:n])))
	if last == "" {
		return ""
	}
	return ", saying: " + strings.Join(strings.Fields(last), " ")
}

// stop ends the server's processes, gracefully or, after sideStop or once kill ends, at once, and waits until none is
// left.
func (s *gateSide) stop(kill context.Context) error {
	signal := func(sig syscall.Signal) {
		_ = syscall.Kill(-s.group, sig) // fails if there is none left
	}
	members, _ := attack.GroupMembers(s.group) // those in groups of their own, too
	signal(syscall.SIGTERM)
	if s.gone(kill, sideStop) {
		return nil
	}
	signal(syscall.SIGKILL)
	for _, pid := range members {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if s.gone(context.Background(), sideKill) {
		return nil
	}
	return fmt.Errorf("the processes of group %d did not end when killed", s.group)
}

// gone waits until no process of the server is left, and reports whether that is so.
func (s *gateSide) gone(ctx context.Context, limit time.Duration) bool {
	for end := time.Now().Add(limit); ; time.Sleep(sideLook) {
		members, err := attack.GroupMembers(s.group)
		if err == nil && len(members) == 0 {
			<-s.exited // at once
			return true
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return false
		}
	}
}

// awaitReady asks until the server answers path with a status from 200 to 399. An empty path is /readyz, or, where there
// is no such page, whatever answers. died says why a server is gone; nil: it is not known.
func awaitReady(ctx context.Context, url, path string, limit time.Duration, died func() error) error {
	client := &http.Client{
		Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for end := time.Now().Add(limit); ; time.Sleep(sideLook) {
		if err := died(); err != nil {
			return fmt.Errorf("did not start: %w", err)
		}
		last := askReady(ctx, client, url, path)
		if last == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(end) {
			return fmt.Errorf("was not ready within %s: %w", limit, last)
		}
	}
}

func askReady(ctx context.Context, client *http.Client, url, path string) error {
	at := path
	if at == "" {
		at = "/readyz"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+at, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode < 400, path == "" && resp.StatusCode != http.StatusServiceUnavailable:
		return nil
	}
	return fmt.Errorf("%s answers %s", at, resp.Status)
}

// freePort returns a port of this machine that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// brokeDown makes an error the side's own.
func brokeDown(ready bool, err error) error { return &reports.Breakdown{Ready: ready, Err: err} }
