package main

import (
	"log"
	"testing"
)

// However much a library logs of what a service sends, a user sees the beginning, and that there was more.
func TestLogIsBounded(t *testing.T) {
	var said []string
	before := log.Writer()
	restore := logLess(func(line string) { said = append(said, line) })
	for range 1000 {
		log.Print("Transport: unhandled response frame type")
	}
	if restore(); len(said) != mostLines+1 || said[mostLines] != "more of this is not shown" {
		t.Errorf("%d lines, the last one %q; want %d and one that says so", len(said), said[len(said)-1], mostLines)
	}
	if log.Writer() != before {
		t.Error("the log does not go where it went before")
	}
}
