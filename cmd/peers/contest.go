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
	runners, err := b.runRounds(ctx, measure, contests)
	if err != nil {
		return err
	}
	for i, c := range contests {
		fmt.Printf("\n%s\n\n%s", c.title, render(runners[i], c.base))
		if c.note != nil {
			fmt.Print("\n" + c.note(runners[i]))
		}
	}
	return nil
}

// runRounds returns the runners of each contest with a sample a round. One that fails is left out from then on, and
// the reason said; imgsvc must not fail.
func (b *box) runRounds(ctx context.Context, measure measurer, contests []contest) ([][]*runner, error) {
	all := make([][]*runner, len(contests))
	for i, c := range contests {
		all[i] = b.runners(ctx, c.generators)
	}
	for round := range b.rounds {
		for i, c := range contests {
			for _, r := range slices.Clone(all[i]) {
				fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.rounds, r.name)
				sample, err := measure(ctx, c, r)
				switch {
				case err == nil:
					r.samples = append(r.samples, sample)
				case ctx.Err() != nil, r.source == (source{}):
					return nil, fmt.Errorf("%s: %w", r.name, err)
				default:
					leftOut(r.name, err)
					all[i] = slices.DeleteFunc(all[i], func(other *runner) bool { return other == r })
				}
			}
		}
	}
	return all, nil
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
