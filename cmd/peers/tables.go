//go:build unix

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// table is one measurement, which can be asked for by name.
type table struct {
	name  string
	print func(*box, context.Context) error
}

func tables() []table {
	return []table{
		{"closed", (*box).closedTable},
		{"rate", (*box).rateTable},
		{"artillery", (*box).artilleryTable},
		{"tls", (*box).tlsTable},
		{"cores", (*box).coresTable},
		{"service", (*box).serviceTable},
		{"quantiles", (*box).quantilesTable},
	}
}

func tableNames() []string {
	var names []string
	for _, t := range tables() {
		names = append(names, t.name)
	}
	return names
}

// chooseTables returns the tables with the given names, in our order.
func chooseTables(names string) ([]table, error) {
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.Contains(tableNames(), name) {
			return nil, fmt.Errorf("--tables: no table %q\nthere are %s", name, strings.Join(tableNames(), ", "))
		}
	}
	return slices.DeleteFunc(tables(), func(t table) bool { return !slices.Contains(wanted, t.name) }), nil
}

// apart is how most tables run nginx: one worker, with the first core to itself.
var apart = nginxOptions{cores: serverCore, workers: 1}

func (b *box) closedTable(ctx context.Context) error {
	title := fmt.Sprintf("closed loop, %s: nginx on core %s, each generator on core %s", b.loop(), serverCore, loadCore)
	return b.compareOn(ctx, apart, contest{title: title, base: "wrk", cores: loadCore, generators: closedLoop()})
}

func (b *box) rateTable(ctx context.Context) error {
	title := fmt.Sprintf("%d requests/s, %s: nginx on core %s, each generator on core %s",
		b.rate, b.turns(), serverCore, loadCore)
	return b.compareOn(ctx, apart, contest{title: title, base: "vegeta", cores: loadCore, generators: fixedRate()})
}

func (b *box) tlsTable(ctx context.Context) error {
	title := fmt.Sprintf("the same over TLS 1.3 (AES-128-GCM, ECDSA P-256), closed loop, %s", b.loop())
	server := apart
	server.tls = true
	return b.compareOn(ctx, server, contest{title: title, base: "wrk", cores: loadCore, generators: closedLoopTLS()})
}

// coresTable runs imgsvc and wrk on one core and on two, where nginx runs on both as well.
func (b *box) coresTable(ctx context.Context) error {
	one, err := b.startNginx(ctx, apart)
	if err != nil {
		return err
	}
	defer one.stop(syscall.SIGTERM)
	two, err := b.startNginx(ctx, nginxOptions{cores: bothCores, workers: 2})
	if err != nil {
		return err
	}
	defer two.stop(syscall.SIGTERM)
	return b.compare(ctx,
		contest{
			title: fmt.Sprintf("one core for the generator, one for nginx: closed loop, %s", b.loop()),
			base:  "wrk", nginx: one, cores: loadCore, generators: oneCore(),
		},
		contest{
			title: "two cores, shared by the generator and nginx with two workers, in the same rounds",
			base:  "wrk", nginx: two, cores: bothCores, generators: twoCores(),
		})
}

// compareOn runs a contest on an nginx of its own.
func (b *box) compareOn(ctx context.Context, o nginxOptions, c contest) error {
	server, err := b.startNginx(ctx, o)
	if err != nil {
		return err
	}
	defer server.stop(syscall.SIGTERM)
	c.nginx = server
	return b.compare(ctx, c)
}

// loop says how a closed loop was run.
func (b *box) loop() string { return fmt.Sprintf("%d connections, %s", b.connections, b.turns()) }

// turns says how often and how long everything ran.
func (b *box) turns() string {
	if b.rounds == 1 {
		return fmt.Sprintf("1 round of %s", b.duration)
	}
	return fmt.Sprintf("%d rounds of %s", b.rounds, b.duration)
}
