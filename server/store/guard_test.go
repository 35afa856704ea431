package store

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func closeAll(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// moody is a database in a test: it answers, fails, or hangs without heeding any context.
type moody struct {
	t     *testing.T
	mu    sync.Mutex
	fails error
	hangs chan struct{} // not nil: calls wait for its end
	calls atomic.Int64
}

func (m *moody) set(fails error, hangs chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails, m.hangs = fails, hangs
}

func (m *moody) FindListing(_ context.Context, id int64) (Listing, error) {
	m.calls.Add(1)
	m.mu.Lock()
	fails, hangs := m.fails, m.hangs
	m.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	if fails != nil {
		return Listing{}, fails
	}
	return sample(m.t, id, 500), nil
}

// TestGuardStalled has a database that hangs, as one on a disk that does, whatever the context says: every caller has an
// error within the limit, few are asked, and the database is back with its next answer.
func TestGuardStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, told := &moody{t: t}, &states{}
		g := NewGuard(db, GuardOptions{Timeout: 2 * time.Second, Inflight: 4, State: told.tell})
		defer closeAll(t, g)
		find(t, g, 7)
		stall := make(chan struct{})
		db.set(nil, stall)
		begin := time.Now()
		var late, refused atomic.Int64
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				_, err := g.FindListing(t.Context(), 7)
				switch {
				case errors.Is(err, context.DeadlineExceeded):
					late.Add(1)
				case errors.Is(err, ErrOverloaded):
					refused.Add(1)
				default:
					t.Errorf("error %v", err)
				}
			})
		}
		callers.Wait()
		if waited := time.Since(begin); waited != 2*time.Second || late.Load() != 8 || refused.Load() != 12 {
			t.Errorf("after %s %d were late and %d refused, want 8 and 12 after 2s", waited, late.Load(), refused.Load())
		}
		if err := g.Ready(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ready: %v", err)
		}
		// Four calls failed, and the look of Ready: that is five of ten.
		begin = time.Now()
		if _, err := g.FindListing(t.Context(), 7); !errors.Is(err, ErrLeftOut) || time.Since(begin) != 0 {
			t.Errorf("error %v after %s, want one at once", err, time.Since(begin))
		}
		if err := g.Ready(t.Context()); !errors.Is(err, ErrLeftOut) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ready: %v", err)
		}
		time.Sleep(time.Hour)
		if n := db.calls.Load(); n != 1+4+1+guardLooks {
			t.Errorf("asked %d times in an hour of silence", n)
		}
		close(stall)
		db.set(nil, nil)
		time.Sleep(time.Second)
		find(t, g, 7)
		if s := g.Stats(); !s.Up || s.Trips != 1 || s.Inflight != 0 || s.Waiting != 0 || s.Shed != 16 || s.Skipped != 1 {
			t.Errorf("stats %+v", s)
		}
		if got := told.get(); len(got) != 2 || got[0] == nil || got[1] != nil {
			t.Errorf("told %v, want an error and its end", got)
		}
	})
}

// TestGuardDead has a database that refuses every call, and is back at some time: it is left out after the fifth
// failure, and asked again within a second of its return.
func TestGuardDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &moody{t: t}
		g := NewGuard(db, GuardOptions{})
		defer closeAll(t, g)
		db.set(&unreachableError{errors.New("refused")}, nil)
		for n := range 100 {
			want := ErrUnreachable
			if n >= guardFailures {
				want = ErrLeftOut
			}
			if _, err := g.FindListing(t.Context(), 7); !errors.Is(err, want) {
				t.Errorf("error %v", err)
			}
		}
		if s := g.Stats(); db.calls.Load() != 5 || s.Skipped != 95 || s.Up {
			t.Errorf("asked %d times, stats %+v", db.calls.Load(), s)
		}
		time.Sleep(time.Minute)
		db.set(nil, nil)
		back := time.Now()
		for !g.Stats().Up {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(back); took > 300*time.Millisecond {
			t.Errorf("back after %s", took)
		}
		find(t, g, 7)
		if err := g.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestGuardForgives checks what says nothing against a database: answers without a listing, callers who leave, and a
// failure now and then.
func TestGuardForgives(t *testing.T) {
	db := &moody{t: t}
	g := NewGuard(db, GuardOptions{})
	defer closeAll(t, g)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 50 {
		for _, answer := range []error{ErrNotFound, ErrCorrupt, context.Canceled, nil, errors.New("once"), nil} {
			db.set(answer, nil)
			if _, err := g.FindListing(t.Context(), 7); !errors.Is(err, answer) {
				t.Fatalf("error %v, want %v", err, answer)
			}
		}
		if _, err := g.FindListing(gone, 7); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("a caller who has left: %v", err)
		}
	}
	if s := g.Stats(); s.Trips != 0 || !s.Up {
		t.Errorf("stats %+v", s)
	}
}

// TestGuardOldNews has a call that began before the database was left out fail after it came back.
func TestGuardOldNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &moody{t: t}
		g := NewGuard(db, GuardOptions{Timeout: time.Hour})
		defer closeAll(t, g)
		stall := make(chan struct{})
		db.set(errors.New("at last"), stall)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { _, _ = g.FindListing(t.Context(), 7) })
		}
		synctest.Wait()
		db.set(errors.New("down"), nil)
		for range 5 {
			_, _ = g.FindListing(t.Context(), 7)
		}
		db.set(nil, nil)
		time.Sleep(time.Second)
		close(stall)
		callers.Wait()
		if s := g.Stats(); s.Trips != 1 || !s.Up {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestGuardCloses checks that a guard that is closed waits for its calls, but not for those of a database that hangs.
func TestGuardCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &moody{t: t}
		stall := make(chan struct{})
		db.set(nil, stall)
		g := NewGuard(db, GuardOptions{Timeout: 2 * time.Second})
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = g.FindListing(t.Context(), 7) })
		synctest.Wait()
		begin := time.Now()
		if err := g.Close(); err == nil || time.Since(begin) != 2*time.Second {
			t.Errorf("closed with %v after %s", err, time.Since(begin))
		}
		close(stall)
		callers.Wait()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		begin = time.Now()
		if _, err := g.FindListing(t.Context(), 7); !errors.Is(err, context.Canceled) || time.Since(begin) != 0 {
			t.Errorf("a closed guard: %v after %s", err, time.Since(begin))
		}
	})
}

// TestGuardCallers checks that callers are used again, and are no more than the calls that may be under way.
func TestGuardCallers(t *testing.T) {
	db := &moody{t: t}
	g := NewGuard(db, GuardOptions{Timeout: time.Minute, Inflight: 4})
	defer closeAll(t, g)
	before := runtime.NumGoroutine()
	var readers sync.WaitGroup
	for range 4 { // so that none is ever refused
		readers.Go(func() {
			for range 500 {
				find(t, g, 7)
			}
		})
	}
	readers.Wait()
	if n := db.calls.Load(); n != 2000 {
		t.Errorf("%d calls", n)
	}
	until(t, "four callers are left, at most", func() bool { return runtime.NumGoroutine()-before <= 4 })
}

func BenchmarkGuard(b *testing.B) {
	listing := sample(b, 7, 700)
	g := NewGuard(finderFunc(func(context.Context, int64) (Listing, error) { return listing, nil }), GuardOptions{})
	defer g.Close()
	for b.Loop() {
		if _, err := g.FindListing(b.Context(), 7); err != nil {
			b.Fatal(err)
		}
	}
}
