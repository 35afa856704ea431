package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Change says what becomes of a listing: it is handed the listing as it is now, the zero Listing if there is none, and
// returns what it is to be, the zero Listing if there is to be none. It may be called again with what somebody else has
// made of the listing meanwhile. Its errors end the change, and reach the caller as they are.
type Change func(old Listing) (Listing, error)

// IsZero says whether l holds nothing.
func (l Listing) IsZero() bool { return l.raw == nil }

// ErrUncertain is wrapped by errors of a change of which nobody knows whether it was done, or will be.
var ErrUncertain = errors.New("it is not known whether this was written")

// changer is a database whose listings can be changed. What ChangeListing has returned nil for is as durable as the
// database makes it, and no change that somebody else made at the same time is lost.
type changer interface {
	ChangeListing(ctx context.Context, id int64, change Change) error
}

// Writer changes listings in a database, and has all that is cached of them forgotten, here and in the other services on
// the same Redis, before it says that it is done.
type Writer struct {
	db     changer
	limit  time.Duration
	memory *Cached
	redis  *Redis
	slots  chan struct{} // has a token for each change that is under way or waits

	work workers
	done chan struct{}
}

// NewWriter returns a writer to db that gives each change at most limit, and besides at most 300 ms to Redis, or limit
// to the database again if Redis does not answer. Twice inflight changes may be under way or wait for each other; what is
// more is refused at once. memory and redis are the caches in front of db, or nil.
func NewWriter(db changer, limit time.Duration, inflight int, memory *Cached, redis *Redis) *Writer {
	return &Writer{
		db: db, limit: limit, memory: memory, redis: redis,
		slots: make(chan struct{}, 2*inflight), done: make(chan struct{}),
	}
}

// ChangeListing changes a listing. When it returns nil, no read that begins afterwards at this service finds the old one.
// An error that wraps ErrUncertain leaves open whether it was changed; the caches forget the listing all the same. One that
// wraps ErrOverloaded says that the database was not asked.
func (w *Writer) ChangeListing(ctx context.Context, id int64, change Change) error {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	default:
		return fmt.Errorf("change listing %d: %w", id, ErrOverloaded)
	}
	limited, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	err := w.db.ChangeListing(limited, id, change)
	switch {
	case err == nil:
		return w.forget(ctx, id)
	case errors.Is(err, ErrUncertain):
		w.work.start(func() { w.forgetLater(context.WithoutCancel(ctx), id) })
		return errors.Join(err, w.forget(ctx, id))
	}
	return err
}

// forget has the caches forget a listing, the farther first: what is nearer is filled from there.
func (w *Writer) forget(ctx context.Context, id int64) (err error) {
	limited, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	if w.redis != nil {
		err = w.redis.Forget(limited, id)
	}
	if w.memory != nil {
		w.memory.Forget(id)
	}
	if err != nil {
		return fmt.Errorf("forget what is cached of listing %d: %w: %w", id, ErrUncertain, err)
	}
	return nil
}

// forgetLater forgets a listing again: a server that was asked and did not answer may do it still.
func (w *Writer) forgetLater(ctx context.Context, id int64) {
	for _, pause := range []time.Duration{w.limit, 4 * w.limit} {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			_ = w.forget(ctx, id) // if that fails now, the tiers' own bounds hold
		case <-w.done:
			timer.Stop()
			return
		}
	}
}

// Close waits for what the writer still does. No change may be under way.
func (w *Writer) Close() error {
	close(w.done)
	w.work.close()
	return nil
}

// keyLocks let one change of a listing at a time through, and few of different listings wait for each other.
type keyLocks [256]chan struct{}

func newKeyLocks() *keyLocks {
	var l keyLocks
	for i := range l {
		l[i] = make(chan struct{}, 1)
	}
	return &l
}

// lock waits for its turn, or until ctx ends. The caller must call what it returns.
func (l *keyLocks) lock(ctx context.Context, id int64) (unlock func(), err error) {
	place := l[uint64(id)%uint64(len(l))]
	select {
	case place <- struct{}{}:
		return func() { <-place }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("change listing %d: others are being changed: %w", id, ctx.Err())
	}
}

// Trace is what a store knows of the changes of one listing since it was seeded.
type Trace int

// The traces of a listing.
const (
	Untouched Trace = iota // no service has changed it
	Written                // a service wrote it last
	Deleted                // a service deleted it last
)

// newToken returns a text that nobody else has: 16 hexadecimal digits.
func newToken() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // does not fail
	return hex.EncodeToString(b[:])
}
