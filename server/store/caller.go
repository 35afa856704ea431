package store

import (
	"context"
	"fmt"
)

// caller is a goroutine of a Guard that calls the database, so that whoever wants to know can leave when time is up. It is
// used again: a new goroutine's stack would have to grow for each call, which cost 10 µs more.
// There are no more of them than calls may be under way, and they stay until the guard is closed.
type caller struct {
	calls chan call // has room for one
}

// call is a question to the database.
type call struct {
	ctx      context.Context
	id       int64
	answered chan answer // has room for the answer
}

type answer struct {
	listing Listing
	err     error
}

// call asks the database and waits no longer than ctx lasts. A database that does not heed ctx keeps its slot until it
// has answered.
func (g *Guard) call(ctx context.Context, id int64) (Listing, error) {
	if g.done.Err() != nil {
		<-g.slots
		return Listing{}, fmt.Errorf("find listing %d: the store is closed: %w", id, context.Canceled)
	}
	c := call{ctx, id, make(chan answer, 1)}
	select {
	case free := <-g.idle:
		free.calls <- c
	default:
		fresh := &caller{calls: make(chan call, 1)}
		fresh.calls <- c
		if !g.work.start(func() { g.serve(fresh) }) {
			<-g.slots
			c.answered <- answer{err: context.Canceled} // it was closed just now
		}
	}
	select {
	case a := <-c.answered:
		return a.listing, a.err
	case <-ctx.Done():
		return Listing{}, ctx.Err()
	}
}

// serve does the calls of one caller until the guard is closed.
func (g *Guard) serve(c *caller) {
	for {
		select {
		case next := <-c.calls:
			listing, err := g.next.FindListing(next.ctx, next.id)
			g.idle <- c // before the slot is free: who has a slot finds a caller, or there are fewer than slots
			<-g.slots
			next.answered <- answer{listing, err}
		case <-g.done.Done():
			return
		}
	}
}
