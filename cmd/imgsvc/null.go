package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
)

// nullFlags are the flags of the hidden verb null.
type nullFlags struct {
	bytes     int
	tls       bool
	avoidCPUs []int
}

// maxNullBody bounds the body the null handler answers with; larger answers would measure the network interface.
const maxNullBody = 16 << 20

// nullServing is what the null handler says of itself once it listens.
type nullServing struct {
	URL    string `json:"url"`
	CPUs   int    `json:"cpus"`
	Shared bool   `json:"shared"` // it runs on CPUs it was to avoid, for want of others
}

// newNullCmd makes the verb a ceiling is measured against: it answers every request with as many bytes, as fast as it
// can, and ends with its standard input.
func newNullCmd() *cobra.Command {
	var f nullFlags
	cmd := &cobra.Command{
		Use:    "null",
		Short:  "Answer every request at once, for attack --ceiling",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE:   func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.bytes, "bytes", 500, "of body in every answer")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS, with a certificate made for the occasion")
	flags.IntSliceVar(&f.avoidCPUs, "avoid-cpus", nil, "run on other CPUs, if this machine has any")
	return cmd
}

func (f nullFlags) run(cmd *cobra.Command) error {
	if f.bytes < 0 || f.bytes > maxNullBody {
		return usageError(fmt.Errorf("--bytes %d: want 0 to %d", f.bytes, maxNullBody))
	}
	shared, err := avoidCPUs(f.avoidCPUs)
	cpus := runtime.GOMAXPROCS(0)
	if err != nil {
		return err
	}
	ctx := untilEOF(cmd.Context(), cmd.InOrStdin())
	listen := func(url string) error {
		return writeJSON(cmd.OutOrStdout(), nullServing{URL: url, CPUs: cpus, Shared: shared})
	}
	answer := newNullAnswer(f.bytes)
	if !f.tls {
		return serveNull(ctx, answer, listen)
	}
	cert, err := throwawayCertificate()
	if err != nil {
		return err
	}
	return serveNullConns(ctx, answer, &tls.Config{Certificates: []tls.Certificate{cert}}, listen)
}

// avoidCPUs moves this process to the CPUs it is not to avoid; if there are none it stays where it is, and shares.
func avoidCPUs(avoid []int) (shared bool, err error) {
	here, err := allowedCPUs()
	if err != nil {
		return true, err
	}
	all := widestCPUs()
	others := slices.DeleteFunc(all, func(cpu int) bool { return slices.Contains(avoid, cpu) })
	if len(others) == 0 {
		return true, pinProcess(here)
	}
	return false, pinProcess(others)
}

// serveNullConns answers with a goroutine a connection, until ctx ends. With TLS where there is a config.
func serveNullConns(ctx context.Context, answer nullAnswer, config *tls.Config, listening func(string) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the null handler: %w", err)
	}
	url := "http://" + l.Addr().String()
	if config != nil {
		l, url = tls.NewListener(l, config), "https://"+l.Addr().String()
	}
	unwatch := context.AfterFunc(ctx, func() { l.Close() })
	defer unwatch()
	if err := listening(url); err != nil {
		return errors.Join(err, l.Close())
	}
	return acceptNull(ctx, l, answer)
}
