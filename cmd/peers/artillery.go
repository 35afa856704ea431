//go:build unix

package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The original script starts 20 users a second for 20 s, each of whom asks until it is stopped.
const (
	artilleryUsers = 400
	artilleryPhase = 20 * time.Second
)

// artilleryLimit is how long after its first request a generator may take to have all its users at work. One that does
// not is measured with those it has, and the table says how many these were.
const artilleryLimit = 60 * time.Second

// artilleryScript lists those that run the original script. It has no end: they are stopped.
func artilleryScript() []generator {
	return []generator{
		{"imgsvc", "", source{}, `exec "$0" attack --quiet --duration 10m --target "${1}reviews" scenarios/artillery.yml`},
		{"artillery", "artillery", source{npm: "artillery@2.0.34"},
			`exec "$0" run --quiet --target "${1}reviews" scenarios/artillery.yml`},
	}
}

func (b *box) artilleryTable(ctx context.Context) error {
	server, err := b.startNginx(ctx, apart)
	if err != nil {
		return err
	}
	defer server.stop(syscall.SIGTERM)
	c := contest{base: "artillery", nginx: server, cores: loadCore, generators: artilleryScript()}
	c.title = fmt.Sprintf("the original Artillery script, %s once all users are at work: nginx on core %s, "+
		"each generator on core %s", b.turns(), serverCore, loadCore)
	c.note = usersNote
	return b.compareBy(ctx, b.measureAtWork, c)
}

// usersNote says how many users were at work when each generator was measured.
func usersNote(runners []*runner) string {
	var notes []string
	for _, r := range runners {
		users := r.values(func(s sample) float64 { return s.users })
		notes = append(notes, fmt.Sprintf("%s %.0f–%.0f", r.name, slices.Min(users), slices.Max(users)))
	}
	return fmt.Sprintf("users connected, of %d: %s\n", artilleryUsers, strings.Join(notes, ", "))
}

// measureAtWork starts a generator, waits until all its users are at work, and measures it for a while: its rate by
// nginx' counters, its CPU time by the kernel's, its start in neither.
func (b *box) measureAtWork(ctx context.Context, c contest, r *runner) (sample, error) {
	env := []string{"ARTILLERY_DISABLE_TELEMETRY=true"}
	p, err := startProcess(r.name, c.cores, env, "sh", "-c", b.script(r.generator), r.program, c.nginx.url)
	if err != nil {
		return sample{}, err
	}
	defer p.stop(syscall.SIGINT)
	if err := awaitUsers(ctx, c.nginx, p); err != nil {
		return sample{}, err
	}
	return window(ctx, c.nginx, p, b.duration)
}

// awaitUsers waits until the script's users have all come, or the limit is over.
func awaitUsers(ctx context.Context, server *nginx, p *process) error {
	idle, err := server.counters(ctx)
	if err != nil {
		return err
	}
	var first time.Time // when requests began
	for begun := time.Now(); ; {
		if err := p.sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		now, err := server.counters(ctx)
		if err != nil {
			return err
		}
		if first.IsZero() && now.requests > idle.requests {
			first = time.Now()
		}
		switch {
		case first.IsZero() && time.Since(begun) > artilleryLimit:
			return fmt.Errorf("it sent nothing for %s\n%s", artilleryLimit, &p.output)
		case first.IsZero():
		case now.connections >= artilleryUsers && time.Since(first) > artilleryPhase, time.Since(first) > artilleryLimit:
			return nil
		}
	}
}

// window measures a process that is at work.
func window(ctx context.Context, server *nginx, p *process, length time.Duration) (sample, error) {
	before, cpuBefore, err := look(ctx, server, p)
	if err != nil {
		return sample{}, err
	}
	begun := time.Now()
	if err := p.sleep(ctx, length); err != nil {
		return sample{}, err
	}
	after, cpuAfter, err := look(ctx, server, p)
	if err != nil {
		return sample{}, err
	}
	sent := float64(after.requests - before.requests)
	if sent < 1 {
		return sample{}, fmt.Errorf("it sent nothing for %s\n%s", length, &p.output)
	}
	return sample{
		rate:  sent / time.Since(begun).Seconds(),
		cpu:   float64((cpuAfter - cpuBefore).Nanoseconds()) / 1e3 / sent,
		users: math.Min(float64(before.connections), float64(after.connections)),
	}, nil
}

// look reads nginx' counters and the CPU time of a process.
func look(ctx context.Context, server *nginx, p *process) (counters, time.Duration, error) {
	c, err := server.counters(ctx)
	if err != nil {
		return c, 0, err
	}
	cpu, err := cpuOf(p.cmd.Process.Pid)
	return c, cpu, err
}
