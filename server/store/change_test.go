package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// changedStore is a store that can be changed, opened as often as its kind allows.
type changedStore interface {
	changer
	finder
	Generations
	PrepareWrites(ctx context.Context) error
	Trace(ctx context.Context, id int64) (Trace, error)
	Changed(ctx context.Context) (bool, error)
	Close() error
}

// forWriters runs a test on each kind of store, seeded with ten records. open opens it once more.
func forWriters(t *testing.T, run func(t *testing.T, open func() changedStore)) {
	meta := Meta{Seed: 1, Records: 10, Generator: 1}
	t.Run("pebble", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "store")
		suitePebbleAt(t, dir).seed(t, meta, false)
		run(t, func() changedStore { return must(OpenPebble(dir, PebbleOptions{})) })
	})
	t.Run("mongo", func(t *testing.T) {
		url := mongotest.Start(t)
		suiteMongoAt(t, url).seed(t, meta, false)
		run(t, func() changedStore {
			return must(OpenMongo(t.Context(), url, MongoOptions{pause: func(context.Context, time.Duration) {}}))
		})
	})
}

// put returns a change that makes a listing this one, whatever it was.
func put(l Listing) Change { return func(Listing) (Listing, error) { return l, nil } }

// addImage returns a change that adds an image with the caption.
func addImage(caption string) Change {
	return func(old Listing) (Listing, error) {
		r, err := old.Record()
		if err != nil {
			return old, err
		}
		r.Images = append(r.Images, Image{URL: "/n.jpg", Caption: caption, Width: 1, Height: 1})
		return r.Encode()
	}
}

func TestChangeListing(t *testing.T) {
	forWriters(t, func(t *testing.T, open func() changedStore) {
		db := open()
		change := func(id int64, c Change) {
			t.Helper()
			if err := db.ChangeListing(t.Context(), id, c); err != nil {
				t.Fatal(err)
			}
		}
		if changed := must(db.Changed(t.Context())); changed {
			t.Error("a store that was seeded only counts as changed")
		}
		refused := errors.New("no")
		if err := db.ChangeListing(t.Context(), 3, func(Listing) (Listing, error) { return Listing{}, refused }); !errors.Is(err, refused) {
			t.Errorf("a change that refuses: %v", err)
		}
		change(99, func(old Listing) (Listing, error) { return old, nil }) // of nothing into nothing
		want := map[int64]string{3: "", 4: "", 5: "", 1 << 40: ""}
		for _, id := range []int64{3, 1 << 40} { // one that is there, one that is not
			l := must(testRecord(id).Encode())
			change(id, put(l))
			want[id] = string(l.JSON())
		}
		change(3, addImage("more"))
		change(4, put(Listing{}))
		change(5, put(Listing{}))
		l := must(testRecord(5).Encode())
		change(5, put(l))
		want[5] = string(l.JSON())
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		checkChanged(t, open(), want)
	})
}

// checkChanged looks at what TestChangeListing has left behind, and closes the store.
func checkChanged(t *testing.T, db changedStore, want map[int64]string) {
	t.Helper()
	three := must(db.FindListing(t.Context(), 3))
	if r := must(three.Record()); len(r.Images) != 4 || r.Images[3].Caption != "more" || three.Count() != 4 {
		t.Errorf("listing 3 is %s", three.JSON())
	}
	for _, id := range []int64{5, 1 << 40} {
		if l, err := db.FindListing(t.Context(), id); err != nil || string(l.JSON()) != want[id] {
			t.Errorf("listing %d is %s, %v, want %s", id, l.JSON(), err, want[id])
		}
	}
	if _, err := db.FindListing(t.Context(), 4); !errors.Is(err, ErrNotFound) {
		t.Errorf("listing 4 was deleted: %v", err)
	}
	for id, trace := range map[int64]Trace{0: Untouched, 3: Written, 4: Deleted, 5: Written, 99: Untouched, 1 << 40: Written} {
		if got, err := db.Trace(t.Context(), id); err != nil || got != trace {
			t.Errorf("the trace of listing %d is %d, %v, want %d", id, got, err, trace)
		}
	}
	if changed := must(db.Changed(t.Context())); !changed {
		t.Error("the store does not count as changed")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestConcurrentAppends has many writers add images to few listings at the same time. None is lost, and each has an
// index of its own.
func TestConcurrentAppends(t *testing.T) {
	forWriters(t, func(t *testing.T, open func() changedStore) { appendConcurrently(t, open()) })
}

// TestConcurrentServices does so in three services on one database. FerretDB 1.24 does not do for it: of two updates at
// the same time one may undo the other there, which MongoDB's never do.
func TestConcurrentServices(t *testing.T) {
	url := os.Getenv(mongotest.EnvMongo)
	if url == "" {
		url = mongotest.StartFake(t, mongotest.Faults{})
	} else {
		url = mongotest.Start(t)
	}
	suiteMongoAt(t, url).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
	var services []changedStore
	for range 3 {
		services = append(services, must(OpenMongo(t.Context(), url, MongoOptions{})))
	}
	appendConcurrently(t, services...)
}

// appendConcurrently adds images to three listings by way of all services, which it closes.
func appendConcurrently(t *testing.T, services ...changedStore) {
	const listings, writers = 3, 29
	var all sync.WaitGroup
	for id := range int64(listings) {
		if err := services[0].ChangeListing(t.Context(), id, put(must(testRecord(id).Encode()))); err != nil {
			t.Fatal(err)
		}
		for w := range writers {
			all.Go(func() {
				if err := services[w%len(services)].ChangeListing(t.Context(), id, addImage(fmt.Sprint(w))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for id := range int64(listings) {
		r := must(must(services[0].FindListing(t.Context(), id)).Record())
		seen := map[string]bool{}
		for _, m := range r.Images {
			seen[m.Caption] = true
		}
		if len(r.Images) != 3+writers || len(seen) != 1+writers {
			t.Errorf("listing %d has %d images with %d captions", id, len(r.Images), len(seen))
		}
	}
	for _, s := range services {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGenerations: what one service begins the others see.
func TestGenerations(t *testing.T) {
	forWriters(t, func(t *testing.T, open func() changedStore) {
		db := open()
		if g := must(db.Generation(t.Context())); g != "" {
			t.Errorf("a store that nobody writes to has the generation %q", g)
		}
		for range 2 { // the second time it is there
			if err := db.PrepareWrites(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		first := must(db.Generation(t.Context()))
		second := must(db.NewGeneration(t.Context()))
		if first == "" || second == "" || first == second {
			t.Errorf("generations %q and %q", first, second)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		again := open()
		if g := must(again.Generation(t.Context())); g != second {
			t.Errorf("the next to open it finds %q, want %q", g, second)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
}

// stuckChanger holds every change until it is let go.
type stuckChanger struct{ under, free chan struct{} }

func (s stuckChanger) ChangeListing(context.Context, int64, Change) error {
	s.under <- struct{}{}
	<-s.free
	return nil
}

// More changes than a writer has places for are refused at once, and the database is not asked.
func TestWriterSheds(t *testing.T) {
	const inflight = 2
	db := stuckChanger{make(chan struct{}, 4*inflight), make(chan struct{})}
	w := NewWriter(db, time.Minute, inflight, nil, nil)
	var changes sync.WaitGroup
	for id := range int64(2 * inflight) {
		changes.Go(func() {
			if err := w.ChangeListing(t.Context(), id, nil); err != nil {
				t.Errorf("a change that had a place: %v", err)
			}
		})
	}
	for range 2 * inflight {
		<-db.under
	}
	if err := w.ChangeListing(t.Context(), 9, nil); !errors.Is(err, ErrOverloaded) || len(db.under) > 0 {
		t.Errorf("one more: %v, and the database was asked %d times", err, len(db.under))
	}
	close(db.free)
	changes.Wait()
	if err := errors.Join(w.ChangeListing(t.Context(), 9, nil), w.Close()); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}
