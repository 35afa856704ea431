//go:build linux

// Command soak attacks a service of its own for a long time, while the service's faults switch on and off, and looks
// whether anything grows and whether all counts add up:
//
//	make soak              # 30 minutes
//	SOAK=2m make soak      # shorter
//
// It runs in rounds. In each one attacks of every kind (a rate, users, a script; HTTP/1.1 and HTTP/2, with TLS and
// without) run through all faults; two more last from the first round to the last. Every second the counts of each are
// compared with each other. Behind each round, when its attacks are over, memory, goroutines and file descriptors are
// read, and the service's own counts are compared with the attacks'. At the end the first and the last third of the
// rounds are compared. It prints a line for each round and exits with 1 if something grew or did not add up.
//
// Service and attacks share this process, so that what either of them keeps is seen.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	duration := flag.Duration("duration", 30*time.Minute, "of all rounds, at least 3m for a verdict that is worth something")
	stretch := flag.Duration("stretch", time.Second, "of each fault, and of the calm behind it")
	flag.Parse()
	s := &soak{duration: *duration, stretch: *stretch, out: os.Stdout}
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak is one run.
type soak struct {
	duration, stretch time.Duration
	out               io.Writer
	least             int                // rounds, however long they take
	between           func(round int)    // is called behind each round's attacks; nil: nothing is
	tamper            func(totals *sums) // may change what an attack says of itself; nil: nobody does
}

// run returns an error if it could not run, was stopped before there was enough to compare, or found something.
func (s *soak) run(ctx context.Context) error {
	place, err := openSite()
	if err != nil {
		return err
	}
	defer place.close()
	fmt.Fprintln(s.out, header())
	began := time.Now()
	j := &judge{}
	lasting := startLasting(ctx, place, s.longest())
	for round := 1; ctx.Err() == nil && (round <= s.least || time.Since(began) < s.duration); round++ {
		totals, err := s.round(ctx, place, lasting, j)
		if err != nil {
			return err
		}
		if s.between != nil {
			s.between(round)
		}
		now := takeSample(time.Since(began))
		now.add(totals)
		j.samples = append(j.samples, now)
		fmt.Fprintln(s.out, now.row(round))
	}
	totals, err := lasting.end()
	if err != nil {
		return err
	}
	j.check(s.tampered(totals), place)
	return j.verdict(s.out)
}

// longest is for how long the attacks that outlast rounds may run.
func (s *soak) longest() time.Duration { return s.duration + time.Hour }

// round runs an attack of each kind through all faults, with a look at the counts every second.
func (s *soak) round(ctx context.Context, place *site, lasting *attacks, j *judge) ([]*sums, error) {
	length := time.Duration(2*len(faults())) * s.stretch
	running := startRound(ctx, place, length)
	for _, f := range faults() {
		place.begin(f)
		s.watch(ctx, running, lasting, j)
		if err := place.end(f); err != nil {
			return nil, err
		}
		s.watch(ctx, running, lasting, j)
	}
	totals, err := running.end()
	if err != nil {
		return nil, err
	}
	j.check(s.tampered(totals), place)
	return totals, nil
}

// watch lets a stretch pass and then looks at the counts so far.
func (s *soak) watch(ctx context.Context, running, lasting *attacks, j *judge) {
	select {
	case <-time.After(s.stretch):
	case <-ctx.Done():
	}
	for _, a := range append(running.all, lasting.all...) {
		j.looks++
		j.note(a.soFar().disagreements())
	}
}

func (s *soak) tampered(totals []*sums) []*sums {
	if s.tamper != nil {
		for _, t := range totals {
			s.tamper(t)
		}
	}
	return totals
}
