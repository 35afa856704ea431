package main

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// The first signal asks for a graceful end, the second for an immediate one.
func TestTwoSignals(t *testing.T) {
	ctx, release := withSignals(context.Background())
	defer release()
	kill := killContext(ctx)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		ends   context.Context
		goesOn bool
	}{
		{"first", ctx, true},
		{"second", kill, false},
	} {
		if err := self.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		select {
		case <-step.ends.Done():
		case <-time.After(10 * time.Second):
			t.Fatalf("the %s signal did not end its context", step.name)
		}
		if (kill.Err() == nil) != step.goesOn {
			t.Errorf("after the %s signal the kill context has error %v", step.name, kill.Err())
		}
	}
}
