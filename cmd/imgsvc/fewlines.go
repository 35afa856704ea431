package main

import (
	"log"
	"strings"
	"sync"
)

// mostLines is how many lines of what libraries log during an attack are shown.
const mostLines = 20

// fewLines shows the first lines that are written to it: net/http logs one for each HTTP/2 frame it does not like, and a
// service may send any number of those.
type fewLines struct {
	say  func(string)
	mu   sync.Mutex
	left int
}

// logLess has Go's default log, which net/http's HTTP/2 writes to, say only the first lines until the returned func is
// called.
func logLess(say func(string)) (restore func()) {
	before := log.Writer()
	log.SetOutput(&fewLines{say: say, left: mostLines})
	return func() { log.SetOutput(before) }
}

// Write takes one line of the log.
func (f *fewLines) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left >= 0 {
		f.say(strings.TrimSuffix(string(line), "\n"))
	}
	if f.left == 0 {
		f.say("more of this is not shown")
	}
	f.left = max(f.left, -1)
	return len(line), nil
}
