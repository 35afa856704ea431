package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress draws how far long work has come: one line that is rewritten on a terminal, a plain line every few
// seconds elsewhere, nothing at all when quiet. It may be used from several goroutines.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	quiet bool
	live  bool
	drawn bool
	last  time.Time
	every time.Duration
}

func newProgress(w io.Writer, quiet bool) *progress {
	p := &progress{w: w, quiet: quiet, every: 5 * time.Second, last: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.live, p.every = true, 100*time.Millisecond
	}
	return p
}

// Show draws the line that text returns if it is time for one.
func (p *progress) Show(text func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet || time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	if p.live {
		fmt.Fprintf(p.w, "\r\x1b[K%s", text())
		p.drawn = true
		return
	}
	fmt.Fprintln(p.w, text())
}

// Line prints a line that stays, above whatever is being drawn.
func (p *progress) Line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	if !p.quiet {
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// Say prints a line that is a result, also when quiet.
func (p *progress) Say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, text)
}

// Close removes the live line.
func (p *progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
