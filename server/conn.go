package server

import (
	"context"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// phase is what a connection is doing.
type phase uint64

const (
	fresh     phase = iota // accepted, nothing has come
	idle                   // between two requests
	reading                // a request has begun
	answering              // its header has been read, the answer has not been written
	phases
)

// conn is an accepted connection that knows its phase, and that leaves out what net/http would do in the kernel to
// learn that a client leaves before it has its answer. While a handler runs, net/http waits for one more byte, in a
// goroutine beside it, and stops that by moving the deadline into the past and back: a system call and three changes
// of a timer for each request, 7 % of its CPU time. Our handlers find what was asked for even if nobody waits for it
// any more, so that nothing would come of it.
type conn struct {
	*net.TCPConn
	accepted time.Time
	state    atomic.Uint64 // the phase, and in the higher bits how often it has changed

	recalled atomic.Bool   // the deadline for reading is in the past, or the connection closed
	recall   chan struct{} // has a token once recalled is set
	timed    bool          // TCPConn has a deadline for reading; net/http's goroutine alone uses it

	seen uint64        // the state when the listener's patrol came by last
	same time.Duration // for how long it has been that state
}

const phaseBits = 2

func (c *conn) phase() phase { return phase(c.state.Load() & (1<<phaseBits - 1)) }

// enter notes that a phase begins. Changes come one after the other, so that this needs no loop.
func (c *conn) enter(p phase) {
	c.state.Store((c.state.Load()>>phaseBits+1)<<phaseBits | uint64(p))
}

// Read notes the first byte of a request. While a request is being answered, a single byte is what net/http asks for
// to learn whether the client is still there, and is not read; a body is read in larger pieces. (A line between chunks
// that fills net/http's buffer but for one byte would wait here too, until the patrol ends it: no honest client sends one.)
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.phase() == answering {
		for !c.recalled.Load() {
			<-c.recall
		}
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.TCPConn.Read(p)
	if n > 0 && c.phase() <= idle {
		c.enter(reading)
	}
	return n, err
}

// SetReadDeadline ends a Read that waits for nothing, if t is so long ago that no clock can have been meant.
func (c *conn) SetReadDeadline(t time.Time) error {
	if t.IsZero() && !c.timed {
		c.recalled.Store(false)
		return nil
	}
	if !t.IsZero() && t.Before(c.accepted) {
		c.release()
		return nil
	}
	c.timed = !t.IsZero()
	return c.TCPConn.SetReadDeadline(t)
}

// Close closes the connection, and ends a Read that waits.
func (c *conn) Close() error {
	c.release()
	return c.TCPConn.Close()
}

func (c *conn) release() {
	c.recalled.Store(true)
	select {
	case c.recall <- struct{}{}:
	default: // one token is enough: whoever takes it looks again
	}
}

// patience is how long a connection may stay in each phase.
type patience [phases]time.Duration

func (c Config) patience() patience {
	return patience{fresh: c.HeaderTimeout, idle: c.IdleTimeout, reading: c.HeaderTimeout, answering: c.AnswerTimeout}
}

// patrol closes connections that stay in one phase for too long, until ctx ends. It comes by a few times in the
// shortest of the limits, so that each may be exceeded by that much.
//
// The timeouts of http.Server would do the same more precisely, but they set deadlines and read the clock several times
// in each request: 0.8 µs of about 20 that a request takes.
func (l *listener) patrol(ctx context.Context, limits patience) {
	every := max(slices.Min(limits[:])/8, time.Millisecond)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.closeSlow(every, limits)
		case <-ctx.Done():
			return
		}
	}
}

func (l *listener) closeSlow(elapsed time.Duration, limits patience) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		state := c.state.Load()
		if state != c.seen {
			c.seen, c.same = state, 0
			continue
		}
		if c.same += elapsed; c.same > limits[c.phase()] {
			_ = c.Close() // whoever uses it gets an error and gives it up
		}
	}
}
