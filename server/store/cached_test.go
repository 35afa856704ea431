package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// finderFunc is a finder in a test.
type finderFunc func(ctx context.Context, id int64) (Listing, error)

func (f finderFunc) FindListing(ctx context.Context, id int64) (Listing, error) { return f(ctx, id) }

// sample returns a listing whose JSON is size bytes long or a little longer.
func sample(t testing.TB, id int64, size int) Listing {
	t.Helper()
	json := fmt.Appendf(nil, `{"id":%d,"images":[`, id)
	start := len(json)
	json = append(json, `{"url":"`...)
	json = append(json, strings.Repeat("x", max(0, size-len(json)-len(`"}]}`)))...)
	json = append(json, `"}`...)
	end := len(json)
	listing, err := ParseListing(AppendListing(nil, append(json, "]}"...), []int{start}, end))
	if err != nil {
		t.Fatal(err)
	}
	return listing
}

func TestCachedAsksOnce(t *testing.T) {
	var asked int
	cached := NewCached(finderFunc(func(_ context.Context, id int64) (Listing, error) {
		asked++
		return sample(t, id, 500), nil
	}), 1<<20)
	for range 3 {
		listing, err := cached.FindListing(t.Context(), 7)
		if err != nil || !strings.HasPrefix(string(listing.JSON()), `{"id":7,`) {
			t.Fatalf("listing %s, error %v", listing.JSON(), err)
		}
		if got, want := listing.Tag()[0], string(listing.AppendTag(nil)); got != want {
			t.Errorf("tag %s, want %s", got, want)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	cached.memory.CleanUp() // counts what has been written just now
	if s := cached.Stats(); s.Hits != 2 || s.Misses != 1 || s.Entries != 1 || s.Bytes < 500 {
		t.Errorf("stats %+v", s)
	}
}

func TestCachedKeepsNoErrors(t *testing.T) {
	broken := errors.New("broken")
	answers := []error{ErrNotFound, broken, ErrNotFound, nil}
	cached := NewCached(finderFunc(func(_ context.Context, id int64) (Listing, error) {
		err := answers[0]
		answers = answers[1:]
		if err != nil {
			return Listing{}, err
		}
		return sample(t, id, 500), nil
	}), 1<<20)
	for i, want := range answers {
		if _, err := cached.FindListing(t.Context(), 7); !errors.Is(err, want) {
			t.Errorf("call %d: error %v, want %v", i, err, want)
		}
	}
}

func TestCachedOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		answer := make(chan struct{})
		cached := NewCached(finderFunc(func(_ context.Context, id int64) (Listing, error) {
			asked.Add(1)
			<-answer
			return sample(t, id, 500), nil
		}), 1<<20)
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if _, err := cached.FindListing(t.Context(), 7); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		callers.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("20 callers asked %d times, want once", n)
		}
	})
}

func TestCachedCancelledCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		cached := NewCached(finderFunc(func(ctx context.Context, id int64) (Listing, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done() // the first caller's
				return Listing{}, ctx.Err()
			}
			return sample(t, id, 500), nil
		}), 1<<20)
		first, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := cached.FindListing(first, 7); !errors.Is(err, context.Canceled) {
				t.Errorf("the first caller got %v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			callers.Go(func() {
				if _, err := cached.FindListing(t.Context(), 7); err != nil {
					t.Errorf("another caller got %v", err)
				}
			})
		}
		impatient, cancelImpatient := context.WithCancel(t.Context())
		callers.Go(func() {
			if _, err := cached.FindListing(impatient, 7); !errors.Is(err, context.Canceled) {
				t.Errorf("the impatient caller got %v", err)
			}
		})
		synctest.Wait()
		cancelImpatient()
		synctest.Wait()
		cancel()
		callers.Wait()
		if n := calls.Load(); n != 2 {
			t.Errorf("asked %d times, want twice", n)
		}
	})
}

// TestCachedBound measures the heap that a full cache takes, for listings of several sizes.
func TestCachedBound(t *testing.T) {
	const limit = 4 << 20
	for _, size := range []int{400, 700, 4000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			listing := sample(t, 0, size)
			before := heap()
			cached := NewCached(finderFunc(func(context.Context, int64) (Listing, error) {
				return ParseListing(bytes.Clone(listing.raw))
			}), limit)
			for id := range int64(limit * 3 / 2 / size) {
				if _, err := cached.FindListing(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			cached.memory.CleanUp()
			used, s := heap()-before, cached.Stats()
			t.Logf("%d bytes of heap, %d counted, %d entries: %d bytes each", used, s.Bytes, s.Entries, used/int64(s.Entries))
			if used > limit*103/100 {
				t.Errorf("a cache of %d bytes takes %d", limit, used)
			}
			if used < limit*90/100 {
				t.Errorf("a cache of %d bytes uses only %d", limit, used)
			}
			runtime.KeepAlive(cached)
		})
	}
}

// heap returns how many bytes of the heap are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestParseCaches(t *testing.T) {
	for _, test := range []struct {
		urls string
		want int64
		err  string // what it must mention
	}{
		{"none", 0, ""},
		{"", 0, ""},
		{"memory:256MiB", 256 << 20, ""},
		{"memory:64MB", 64_000_000, ""},
		{"memory:2GiB", 2 << 30, ""},
		{"memory:1048576", 1 << 20, ""},
		{"memory:2048KiB", 2 << 20, ""},
		{"memory:", 0, "is not a size"},
		{"memory:lots", 0, "KiB, MiB"},
		{"memory:1.5GiB", 0, "whole number"},
		{"memory:-1MiB", 0, "is not a size"},
		{"memory:1mib", 0, "is not a size"},
		{"memory:1MiBMiB", 0, "is not a size"},
		{"memory:10KiB", 0, "1MiB or more"},
		{"memory:99999999999TiB", 0, "too large"},
		{"memory:99999999999999999999", 0, "too large"},
		{"memory", 0, "is not a size"},
		{"disk:/tmp", 0, "memory:256MiB"},
		{"memory:1MiB memory:1MiB", 0, "at most one"},
		{"memory:1MiB none", 0, "alone"},
		{"redis://h memory:1MiB", 0, "nearest first"},
		{"redis://h rediss://h", 0, "at most one"},
	} {
		t.Run(test.urls, func(t *testing.T) {
			got, err := ParseCaches(strings.Fields(test.urls))
			if test.err == "" && (err != nil || got != Caches{Memory: test.want}) {
				t.Errorf("%+v, %v, want %d bytes", got, err, test.want)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v does not mention %q", err, test.err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v tells the password", err)
			}
		})
	}
}
