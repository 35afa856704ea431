package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// versions is a store of one listing, whose reviews count its versions.
type versions struct{ now atomic.Int64 }

func (v *versions) FindListing(_ context.Context, id int64) (Listing, error) {
	return versionOf(id, v.now.Load()), nil
}

func versionOf(id, version int64) Listing {
	r := testRecord(id)
	r.Reviews = version
	return must(r.Encode())
}

func version(t *testing.T, f finder, id int64) int64 {
	t.Helper()
	l, err := f.FindListing(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return must(l.Record()).Reviews
}

// TestForgetDuringLoad changes a listing while an old one is on its way into memory: it does not stay there, and who
// waited for it does not get it.
func TestForgetDuringLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var db versions
		started, release := make(chan struct{}, 9), make(chan struct{})
		cached := NewCached(finderFunc(func(ctx context.Context, id int64) (Listing, error) {
			old, err := db.FindListing(ctx, id)
			started <- struct{}{}
			<-release
			return old, err
		}), 1<<20)
		var readers sync.WaitGroup
		readers.Go(func() { version(t, cached, 7) })
		<-started
		db.now.Store(1)
		cached.Forget(7)
		readers.Go(func() {
			if got := version(t, cached, 7); got != 1 {
				t.Errorf("a read after the change finds version %d", got)
			}
		})
		synctest.Wait()
		close(release)
		readers.Wait()
		if got := version(t, cached, 7); got != 1 {
			t.Errorf("version %d stays in memory", got)
		}
	})
}

// TestForgetAllDuringRenewal forgets everything while a listing that was forgotten before is on its way: who reads
// afterwards does not wait for that.
func TestForgetAllDuringRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var db versions
		var held atomic.Bool
		release := make(chan struct{})
		cached := NewCached(finderFunc(func(ctx context.Context, id int64) (Listing, error) {
			found, err := db.FindListing(ctx, id)
			if held.CompareAndSwap(true, false) {
				<-release
			}
			return found, err
		}), 1<<20)
		forgetAll := func() {
			time.Sleep(time.Nanosecond) // or it would be the same moment
			cached.ForgetAll()
		}
		version(t, cached, 7)
		forgetAll()
		held.Store(true)
		var readers sync.WaitGroup
		readers.Go(func() { version(t, cached, 7) })
		synctest.Wait()
		db.now.Store(1)
		forgetAll()
		readers.Go(func() {
			if got := version(t, cached, 7); got != 1 {
				t.Errorf("a read after everything was forgotten finds version %d", got)
			}
		})
		synctest.Wait()
		close(release)
		readers.Wait()
		if got := version(t, cached, 7); got != 1 {
			t.Errorf("version %d stays in memory", got)
		}
	})
}

// TestForgetRaces has readers and a writer at the same listing: no read that begins after a change finds an older one.
func TestForgetRaces(t *testing.T) {
	var db versions
	cached := NewCached(&db, 1<<20)
	var written atomic.Int64
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for written.Load() < 3000 {
				least := written.Load()
				if got := version(t, cached, 7); got < least {
					t.Errorf("version %d after %d was written", got, least)
					return
				}
			}
		})
	}
	for n := int64(1); n <= 3000; n++ {
		db.now.Store(n)
		if n%10 == 0 {
			cached.ForgetAll()
		} else {
			cached.Forget(7)
		}
		written.Store(n)
	}
	readers.Wait()
}

// TestMaxAge lets time pass. Nobody tells of changes: a listing is used for as long as it may be, and no longer, unless
// the store does not answer.
func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var db versions
		var trouble error
		cached := NewCached(finderFunc(func(ctx context.Context, id int64) (Listing, error) {
			if trouble != nil {
				return Listing{}, trouble
			}
			return db.FindListing(ctx, id)
		}), 1<<20)
		want := func(what string, wanted int64) {
			t.Helper()
			if got := version(t, cached, 7); got != wanted {
				t.Errorf("%s: version %d, want %d", what, got, wanted)
			}
		}
		want("at first", 0)
		db.now.Store(1)
		time.Sleep(time.Hour)
		want("without a limit", 0)
		cached.SetMaxAge(5 * time.Second)
		want("an hour old, with a limit of 5 s", 1)
		db.now.Store(2)
		time.Sleep(5 * time.Second)
		want("5 s old", 1)
		time.Sleep(time.Nanosecond)
		want("older", 2)
		cached.Trust(true)
		db.now.Store(3)
		time.Sleep(time.Hour)
		want("while changes are told", 2)
		cached.ForgetAll()
		want("all forgotten", 3)
		time.Sleep(time.Nanosecond)
		cached.ForgetAll()
		trouble = errors.New("gone")
		want("all forgotten, and no store", 3)
		trouble = ErrNotFound
		if _, err := cached.FindListing(t.Context(), 7); !errors.Is(err, ErrNotFound) {
			t.Errorf("a listing that is gone: %v", err)
		}
		trouble = nil
		want("and back", 3)
	})
}
