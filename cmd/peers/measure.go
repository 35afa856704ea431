//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// sample is one run.
type sample struct {
	rate  float64 // requests a second of the run's length, as nginx counted them
	cpu   float64 // µs of the generator's CPU a request, its start included
	users float64 // connections it had, where that was looked at
}

// patience is how much longer than asked for a run may take: some generators wait for their last answers.
const patience = 60 * time.Second

// measure runs a generator once, from its start to its end.
func (b *box) measure(ctx context.Context, c contest, r *runner) (sample, error) {
	before, err := c.nginx.counters(ctx)
	if err != nil {
		return sample{}, err
	}
	limited, cancel := context.WithTimeout(ctx, b.duration+patience)
	defer cancel()
	cmd := exec.CommandContext(limited, "taskset", "-c", c.cores,
		"sh", "-c", b.script(r.generator), r.program, c.nginx.url)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%w\n%s", err, tail(out.String()))
	}
	after, err := c.nginx.counters(ctx)
	if err != nil {
		return sample{}, err
	}
	sent := float64(after.requests - before.requests)
	if sent < 1 {
		return sample{}, fmt.Errorf("it sent nothing\n%s", tail(out.String()))
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage) // of the process and the children it waited for
	cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	return sample{rate: sent / float64(b.seconds()), cpu: float64(cpu.Nanoseconds()) / 1e3 / sent}, nil
}
