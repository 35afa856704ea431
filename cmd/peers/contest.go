//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// contest is a table of generators on one nginx.
type contest struct {
	title      string
	base       string // the generator whose figures the others' are divided by
	nginx      *nginx
	cores      string // of the generators, as taskset counts them
	generators []generator
	note       func([]*runner) string // text below the table, if set
}

// runner is a generator that takes part.
type runner struct {
	generator
	program string
	samples []sample
}

// compare runs each generator of each contest once a round and prints a table a contest.
func (b *box) compare(ctx context.Context, contests ...contest) error {
	return b.compareBy(ctx, b.measure, contests...)
}

// measurer runs a generator once.
type measurer func(context.Context, contest, *runner) (sample, error)

func (b *box) compareBy(ctx context.Context, measure measurer, contests ...contest) error {
	runners := make([][]*runner, len(contests))
	for i, c := range contests {
		runners[i] = b.runners(ctx, c.generators)
	}
	for round := range b.rounds {
		for i, c := range contests {
			for _, r := range runners[i] {
				fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.rounds, r.name)
				sample, err := measure(ctx, c, r)
				if err != nil {
					return fmt.Errorf("%s: %w", r.name, err)
				}
				r.samples = append(r.samples, sample)
			}
		}
	}
	for i, c := range contests {
		fmt.Printf("\n%s\n\n%s", c.title, render(runners[i], c.base))
		if c.note != nil {
			fmt.Print("\n" + c.note(runners[i]))
		}
	}
	return nil
}

// runners finds the programs of the generators. One that cannot be had is left out and the reason said.
func (b *box) runners(ctx context.Context, all []generator) []*runner {
	var found []*runner
	for _, g := range all {
		if b.only != "" && !slices.Contains(strings.Split(b.only, ","), g.name) {
			continue
		}
		program, err := b.find(ctx, g.program, g.source)
		if err != nil {
			leftOut(g.name, err)
			continue
		}
		found = append(found, &runner{generator: g, program: program})
	}
	return found
}

func leftOut(name string, reason error) { fmt.Fprintf(os.Stderr, "left out: %s: %v\n", name, reason) }
