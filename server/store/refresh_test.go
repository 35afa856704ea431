package store

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// numbered is a database in a test whose listings differ each time; a version can be told by its length.
type numbered struct {
	t       *testing.T
	version atomic.Int64
	calls   atomic.Int64
	fails   atomic.Pointer[error]
	slow    atomic.Int64 // nanoseconds
}

func (n *numbered) FindListing(ctx context.Context, id int64) (Listing, error) {
	n.calls.Add(1)
	listing := sample(n.t, id, 500+int(n.version.Load()))
	select {
	case <-time.After(time.Duration(n.slow.Load())):
	case <-ctx.Done():
		return Listing{}, ctx.Err()
	}
	if err := n.fails.Load(); err != nil {
		return Listing{}, *err
	}
	return listing, nil
}

func (n *numbered) fail(err error) {
	if err == nil {
		n.fails.Store(nil)
		return
	}
	n.fails.Store(&err)
}

// get returns the version and the age of listing 7.
func (n *numbered) get(c *Cached) (version int, age time.Duration) {
	n.t.Helper()
	listing, err := c.FindListing(n.t.Context(), 7)
	if err != nil {
		n.t.Fatal(err)
	}
	return len(listing.JSON()) - 500, listing.Age()
}

// TestFresh checks that a listing is had anew once it is older than it may be, and not before.
func TestFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &numbered{t: t}
		c := NewCached(db, 1<<20)
		c.SetFresh(time.Minute)
		defer closeAll(t, c)
		for minute := range 5 {
			db.version.Store(int64(minute))
			for range 3 {
				if version, age := db.get(c); version != minute || age != 0 {
					t.Errorf("version %d, age %s in minute %d", version, age, minute)
				}
			}
			time.Sleep(time.Minute + time.Second)
		}
		if s := c.Stats(); db.calls.Load() != 5 || s.Refreshed != 4 || s.Stale != 0 {
			t.Errorf("%d calls, stats %+v", db.calls.Load(), s)
		}
		c.SetFresh(0)
		time.Sleep(1000 * time.Hour)
		if version, age := db.get(c); version != 4 || age != 0 {
			t.Errorf("version %d, age %s, want what is in memory", version, age)
		}
	})
}

// TestStale checks that what cannot be had anew is handed out with its age, that few try, and that all is well when the
// store is back.
func TestStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &numbered{t: t}
		c := NewCached(db, 1<<20)
		c.SetFresh(time.Minute)
		defer closeAll(t, c)
		db.get(c)
		db.fail(ErrUnreachable)
		db.version.Store(1)
		time.Sleep(30 * time.Second)
		if _, age := db.get(c); age != 0 {
			t.Errorf("age %s of a listing that is fresh", age)
		}
		time.Sleep(60 * time.Second)
		for range 1000 {
			if version, age := db.get(c); version != 0 || age < 90*time.Second || age > 91*time.Second {
				t.Fatalf("version %d, age %s", version, age)
			}
		}
		if s := c.Stats(); s.Stale != 1000 || db.calls.Load() != 2 {
			t.Errorf("%d calls, stats %+v", db.calls.Load(), s)
		}
		db.fail(nil)
		time.Sleep(refreshRest + time.Millisecond)
		if version, age := db.get(c); version != 1 || age != 0 {
			t.Errorf("afterwards: version %d, age %s", version, age)
		}
		db.fail(ErrNotFound) // deleted
		time.Sleep(2 * time.Minute)
		for range 2 {
			if _, err := c.FindListing(t.Context(), 7); !errors.Is(err, ErrNotFound) {
				t.Errorf("a listing that is gone: %v", err)
			}
		}
	})
}

// TestStaleSlow has a store that takes seconds: a listing in memory is answered all the same, and replaced when the
// answer is there.
func TestStaleSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &numbered{t: t}
		c := NewCached(db, 1<<20)
		c.SetFresh(time.Minute)
		defer closeAll(t, c)
		db.get(c)
		time.Sleep(2 * time.Minute)
		db.version.Store(1)
		db.slow.Store(int64(2 * time.Second))
		begin := time.Now()
		if version, age := db.get(c); version != 0 || age == 0 || time.Since(begin) != refreshPatience {
			t.Errorf("version %d, age %s after %s", version, age, time.Since(begin))
		}
		begin = time.Now()
		if _, age := db.get(c); age == 0 || time.Since(begin) != 0 {
			t.Errorf("age %s after %s, want an answer at once", age, time.Since(begin))
		}
		time.Sleep(2 * time.Second)
		if version, age := db.get(c); version != 1 || age != 0 || db.calls.Load() != 2 {
			t.Errorf("version %d, age %s after %d calls", version, age, db.calls.Load())
		}
	})
}

// TestRefreshMeetsWrite writes a listing while the one before it is fetched anew: what was fetched replaces nothing, and
// nobody who asks after the write is handed it.
func TestRefreshMeetsWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &numbered{t: t}
		c := NewCached(db, 1<<20)
		c.SetFresh(time.Minute)
		defer closeAll(t, c)
		db.get(c)
		time.Sleep(2 * time.Minute)
		db.slow.Store(int64(time.Second))
		if version, age := db.get(c); version != 0 || age == 0 { // fetches version 0 again
			t.Errorf("version %d, age %s", version, age)
		}
		db.version.Store(1)
		written := sample(t, 7, 501).WithTag()
		c.memory.Set(7, written)
		time.Sleep(refreshRest)
		if version, _ := db.get(c); version != 1 {
			t.Errorf("version %d after the write", version)
		}
		time.Sleep(2 * time.Second)
		if version, age := db.get(c); version != 1 || age != 0 {
			t.Errorf("version %d, age %s in the end", version, age)
		}
	})
}
