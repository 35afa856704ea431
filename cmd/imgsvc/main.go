// Command imgsvc fills a database with listings, serves them over HTTP, attacks the service with load, and says
// how many requests per second it held.
//
// Its verbs sit along one line of data; each file here holds one verb's flags and wiring and nothing else. The
// work is done in the packages beside cmd, which do not know each other's business.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// The exit codes, a promise of contract: if several apply, usage wins, then failure, then a threshold.
const (
	exitFailed    = 1  // could not run or finish
	exitUsage     = 2  // bad flags, script or input
	exitThreshold = 3  // a threshold, check or gate says no
	exitExpect    = 21 // in Artillery's terms, a check says no
)

// exitError is an error that knows its exit code. With a nil err nothing is printed: what there is to say was said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError marks err as the caller's to mend: exit code 2.
func usageError(err error) error { return &exitError{exitUsage, err} }

// run is the whole program without its process: it parses args, does what they say and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := withSignals(context.Background())
	defer cancel()

	root := newRootCmd()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	code, messages := exit(root.ExecuteContext(ctx))
	for _, message := range messages {
		fmt.Fprintln(stderr, "imgsvc:", message)
	}
	return code
}

// exit returns the exit code an error stands for, and what is to be said of it. Of several joined errors the gravest
// code counts, and each has its say.
func exit(err error) (code int, messages []string) {
	if err == nil {
		return 0, nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			c, m := exit(one)
			code, messages = graver(code, c), append(messages, m...)
		}
		return code, messages
	}
	var known *exitError
	switch {
	case !errors.As(err, &known):
		return exitFailed, []string{err.Error()}
	case known.err == nil:
		return known.code, nil
	}
	return known.code, []string{err.Error()}
}

// graver returns the code that wins where two apply.
func graver(a, b int) int {
	for _, code := range []int{exitUsage, exitFailed, exitExpect, exitThreshold} {
		if a == code || b == code {
			return code
		}
	}
	return 0
}

type killKey struct{}

// withSignals returns a context that ends with the first SIGINT or SIGTERM, which asks for a graceful end, and
// carries a second one that ends with the second signal, which asks for an immediate one. A third signal has its
// default effect. The returned func gives signals their default effect back and waits for what was started here.
func withSignals(parent context.Context) (context.Context, func()) {
	kill, cancelKill := context.WithCancel(parent)
	stop, cancelStop := context.WithCancel(context.WithValue(parent, killKey{}, kill))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		for _, cancel := range []context.CancelFunc{cancelStop, cancelKill} {
			select {
			case <-signals:
				cancel()
			case <-done:
				return
			}
		}
		signal.Stop(signals)
	}()
	return stop, func() {
		signal.Stop(signals)
		close(done)
		<-finished
		cancelStop()
		cancelKill()
	}
}

// killContext returns the context that ends with the second signal.
func killContext(ctx context.Context) context.Context {
	if kill, ok := ctx.Value(killKey{}).(context.Context); ok {
		return kill
	}
	return ctx
}
