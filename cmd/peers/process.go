//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a program that runs until it is stopped.
type process struct {
	name   string
	cmd    *exec.Cmd
	output lastWords
	ended  chan struct{} // closed when it has ended
}

// startProcess starts a program on some cores, as taskset counts them. taskset and sh become what they start, so that
// the process id is that of the program itself.
func startProcess(name, cores string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, ended: make(chan struct{})}
	p.cmd = exec.Command("taskset", append([]string{"-c", cores, program}, args...)...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.WaitDelay = time.Second // for children of its own that keep the output open
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // cmd.ProcessState has what there is to know
		close(p.ended)
	}()
	return p, nil
}

// startPatience is how long a server may take until it answers.
const startPatience = 30 * time.Second

// await waits until ready returns no error.
func (p *process) await(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if gaveUp := p.sleep(ctx, 25*time.Millisecond); gaveUp != nil {
			return fmt.Errorf("wait for %s to answer: %w\n%w", p.name, err, gaveUp)
		}
	}
}

// sleep waits, and returns an error if the process or the context ends before.
func (p *process) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.ended:
		return fmt.Errorf("%s ended too early: %v\n%s", p.name, p.cmd.ProcessState, &p.output)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop asks the process to end, waits for it and, when it does not, ends it.
func (p *process) stop(signal os.Signal) {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal) // fails only if it has ended
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// lastWords keeps the end of what is written to it.
type lastWords struct {
	mu   sync.Mutex
	text []byte // at most wordLimit
}

const wordLimit = 4 << 10

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p[max(0, len(p)-wordLimit):]...)
	l.text = append(l.text[:0], l.text[max(0, len(l.text)-wordLimit):]...)
	return len(p), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tail(string(l.text))
}
