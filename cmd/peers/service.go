//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// hotPages is how many listings all clients ask for, the first being the original's own.
const hotPages = 4

func hotPath(n int) string { return fmt.Sprintf("/reviews/%d?index=1", 15000+n) }

// lineup is who takes part in the service's table, the bare handler first, and the Redis behind some of them.
type lineup struct {
	redis      *process
	contenders []*contender
}

// serviceTable compares the CPU time of servers per request. All of them are there all the time, on one core, and one
// at a time is asked.
func (b *box) serviceTable(ctx context.Context) error {
	var all lineup
	defer all.stop()
	if err := b.lineUp(ctx, &all); err != nil {
		return err
	}
	for round := range b.rounds + 1 { // the first is for warming up
		fmt.Fprintf(os.Stderr, "round %d of %d: %d servers\n", round, b.rounds, len(all.contenders))
		if err := b.serviceRound(ctx, all.contenders, round > 0); err != nil {
			return err
		}
	}
	fmt.Printf("\nserver CPU a request: %d hot listings, %s; servers on core %s, clients and Redis on core %s\n\n%s",
		hotPages, b.loop(), serverCore, loadCore, renderCosts(all.contenders))
	return nil
}

// turn is how long one server is asked before the next one is. A round is made of several, so that a disturbance of a
// second or two meets everybody, and is added up before it counts, so that the collector's runs are in it.
const turn = 250 * time.Millisecond

// serviceRound has every server asked for the duration of a round, and keeps what it cost if it counts.
func (b *box) serviceRound(ctx context.Context, all []*contender, counts bool) error {
	order := slices.Clone(all)
	sums := map[*contender]hotResult{}
	for range int(b.duration / turn) {
		for _, c := range order {
			result, err := c.measure(ctx, b.connections, turn)
			if err != nil {
				return err
			}
			sum := sums[c]
			sums[c] = hotResult{sum.Requests + result.Requests, sum.CPUNS + result.CPUNS}
		}
		slices.Reverse(order)
	}
	for _, c := range all {
		if counts {
			c.costs = append(c.costs, float64(sums[c].CPUNS)/1e3/float64(sums[c].Requests))
		}
	}
	return nil
}

// lineUp starts everybody. Without a Redis those that need one are left out.
func (b *box) lineUp(ctx context.Context, all *lineup) error {
	service, err := b.startService(ctx, "imgsvc, memory", hotPath(0), "memory:256MiB")
	if err != nil {
		return err
	}
	all.add(service)
	for n := range hotPages {
		body, err := service.fetch(ctx, hotPath(n))
		if err != nil {
			return fmt.Errorf("%s: %w", hotPath(n), err)
		}
		service.pages = append(service.pages, page{hotPath(n), body})
	}
	bare, err := b.startBare(ctx, service.pages)
	if err != nil {
		return err
	}
	for _, p := range service.pages {
		bare.pages = append(bare.pages, page{p.Path, service.pages[0].Body})
	}
	all.contenders = slices.Insert(all.contenders, 0, bare)
	return b.lineUpRedis(ctx, all, service.pages)
}

// lineUpRedis starts those that need a Redis.
func (b *box) lineUpRedis(ctx context.Context, all *lineup, pages []page) error {
	redis, url, err := b.startRedis(ctx)
	if err != nil {
		leftOut("everything with Redis", err)
		return nil
	}
	all.redis = redis
	for _, s := range []struct {
		name   string
		caches []string
	}{
		{"imgsvc, Redis", []string{url}},
		{"imgsvc, memory and Redis", []string{"memory:64MiB", url}},
	} {
		service, err := b.startService(ctx, s.name, hotPath(0), s.caches...)
		if err != nil {
			return err
		}
		service.pages = pages
		all.add(service)
	}
	express, err := b.startExpress(ctx, url, pages)
	if err != nil {
		leftOut("Express", err)
		return nil
	}
	express.pages = pages
	all.add(express)
	return nil
}

func (l *lineup) add(c *contender) { l.contenders = append(l.contenders, c) }

// stop ends everybody, Redis last.
func (l *lineup) stop() {
	for _, c := range l.contenders {
		c.stop(syscall.SIGTERM)
	}
	l.redis.stop(syscall.SIGTERM)
}

// renderCosts prints the medians of each server's costs, and of their ratios to those of the first in the same round.
func renderCosts(all []*contender) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\tCPU µs/request\tratio\tlowest\thighest\t\n")
	for _, c := range all {
		ratios := make([]float64, len(c.costs))
		for i := range ratios {
			ratios[i] = c.costs[i] / all[0].costs[i]
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.2f\t%.2f\t%.2f\t\n", c.name, median(c.costs), median(ratios),
			slices.Min(ratios), slices.Max(ratios))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}
