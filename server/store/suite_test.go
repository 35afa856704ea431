package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// suiteStore is what all databases have in common.
type suiteStore interface {
	Meta() Meta
	Missing(ctx context.Context) ([]Range, error)
	LoadRange(ctx context.Context, r Range, appendRecord func(dst []byte, id int64) []byte) error
	Finish(ctx context.Context) error
	FindListing(ctx context.Context, id int64) (Listing, error)
	Scan(ctx context.Context, r Range, visit func(id int64, raw []byte) error) error
	DiskBytes(ctx context.Context) int64
	FreeBytes() (int64, bool)
	Close() error
}

// suiteDatabase is a place for one store.
type suiteDatabase struct {
	load   func(want Meta, drop bool) (suiteStore, error)
	open   func() (suiteStore, error)
	append func(dst []byte, id int64) []byte // writes a record as LoadRange takes it
}

// suiteDocument is the record of an id as a document; suiteListing is the same as it is read.
func suiteDocument(t testing.TB, id int64) []byte {
	return testDocument(t, map[string]any{"_id": id, "title": fmt.Sprint("é", strings.Repeat("x", int(id%50)))})
}

func suiteListing(t testing.TB, id int64) []byte {
	l, err := ParseDocument(suiteDocument(t, id))
	if err != nil {
		t.Fatal(err)
	}
	return l.Encoded()
}

// TestStores has every database show the same behaviour.
func TestStores(t *testing.T) {
	databases := map[string]func(t *testing.T) suiteDatabase{"pebble": suitePebble, "mongo": suiteMongo}
	behaviours := []struct {
		name  string
		check func(t *testing.T, db suiteDatabase)
	}{
		{"what is loaded is read", checkLoaded},
		{"ranges in any order", checkOrder},
		{"half a store", checkHalf},
		{"no store", checkNone},
		{"another store", checkOther},
		{"an ended context", checkEnded},
	}
	for name, open := range databases {
		for _, b := range behaviours {
			t.Run(name+"/"+b.name, func(t *testing.T) { b.check(t, open(t)) })
		}
	}
}

func suitePebble(t *testing.T) suiteDatabase {
	return suitePebbleAt(t, filepath.Join(t.TempDir(), "store"))
}

func suitePebbleAt(t *testing.T, dir string) suiteDatabase {
	return suiteDatabase{
		load:   func(want Meta, drop bool) (suiteStore, error) { return LoadPebble(dir, want, drop) },
		open:   func() (suiteStore, error) { return OpenPebble(dir, PebbleOptions{ReadOnly: true}) },
		append: func(dst []byte, id int64) []byte { return append(dst, suiteListing(t, id)...) },
	}
}

func suiteMongo(t *testing.T) suiteDatabase {
	return suiteMongoAt(t, mongotest.Start(t))
}

func suiteMongoAt(t *testing.T, url string) suiteDatabase {
	return suiteDatabase{
		load: func(want Meta, drop bool) (suiteStore, error) {
			return LoadMongo(t.Context(), url, want, drop, MongoOptions{})
		},
		open:   func() (suiteStore, error) { return OpenMongo(t.Context(), url, MongoOptions{}) },
		append: func(dst []byte, id int64) []byte { return append(dst, suiteDocument(t, id)...) },
	}
}

var suiteMeta = Meta{Seed: 1<<64 - 1, Records: 2500, Generator: 3}

// seed loads all of the store.
func (db suiteDatabase) seed(t *testing.T, want Meta, drop bool) {
	t.Helper()
	s := must(db.load(want, drop))
	defer closeStore(t, s)
	for _, r := range must(s.Missing(t.Context())) {
		if err := s.LoadRange(t.Context(), r, db.append); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t *testing.T, s suiteStore) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func checkLoaded(t *testing.T, db suiteDatabase) {
	db.seed(t, suiteMeta, false)
	s := must(db.open())
	defer closeStore(t, s)
	want := suiteMeta
	want.Complete = true
	if s.Meta() != want || s.DiskBytes(t.Context()) < 0 {
		t.Errorf("the store is for %+v, want %+v", s.Meta(), want)
	}
	for _, id := range []int64{0, 999, 1000, 2499} {
		if l, err := s.FindListing(t.Context(), id); err != nil || !bytes.Equal(l.Encoded(), suiteListing(t, id)) {
			t.Errorf("listing %d: %v, %s", id, err, l.Encoded())
		}
	}
	for _, id := range []int64{-1, 2500, 1 << 62} {
		if _, err := s.FindListing(t.Context(), id); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprint(id)) {
			t.Errorf("listing %d: error %v, want one that wraps ErrNotFound and names the id", id, err)
		}
	}
	if ids := scan(t, s, Range{0, 1 << 40}); len(ids) != 2500 || ids[2499] != 2499 {
		t.Errorf("a scan of everything sees %d listings", len(ids))
	}
	if ids := scan(t, s, Range{998, 1003}); fmt.Sprint(ids) != "[998 999 1000 1001 1002]" {
		t.Errorf("a scan of five listings sees %v", ids)
	}
	stop := errors.New("enough")
	if err := s.Scan(t.Context(), Range{0, 2500}, func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a scan whose visitor fails: %v", err)
	}
}

// scan returns the ids that a scan visits, and looks at the bytes of each.
func scan(t *testing.T, s suiteStore, r Range) (ids []int64) {
	t.Helper()
	err := s.Scan(t.Context(), r, func(id int64, raw []byte) error {
		if !bytes.Equal(raw, suiteListing(t, id)) {
			t.Errorf("a scan sees listing %d as %s", id, raw)
		}
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return ids
}

func checkOrder(t *testing.T, db suiteDatabase) {
	s := must(db.load(Meta{Seed: 1, Records: 100, Generator: 1}, false))
	defer closeStore(t, s)
	for _, r := range []Range{{10, 20}, {95, 100}, {20, 21}} {
		if err := s.LoadRange(t.Context(), r, db.append); err != nil {
			t.Fatal(err)
		}
	}
	if missing := must(s.Missing(t.Context())); fmt.Sprint(missing) != "[{0 10} {21 95}]" {
		t.Errorf("missing %v", missing)
	}
	if err := s.Finish(t.Context()); err == nil || !strings.Contains(err.Error(), "0-9 are missing") {
		t.Errorf("Finish of a store with gaps: %v", err)
	}
}

func checkHalf(t *testing.T, db suiteDatabase) {
	want := Meta{Seed: 5, Records: 60, Generator: 1}
	s := must(db.load(want, false))
	if err := s.LoadRange(t.Context(), Range{20, 40}, db.append); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if _, err := db.open(); err == nil || !strings.Contains(err.Error(), "seeded only in part\nfinish it: imgsvc seed --store") ||
		!strings.HasSuffix(err.Error(), "--records 60 --seed 5") {
		t.Errorf("half a store can be read: %v", err)
	}
	s = must(db.load(want, false))
	if missing := must(s.Missing(t.Context())); fmt.Sprint(missing) != "[{0 20} {40 60}]" {
		t.Errorf("the next run finds %v missing", missing)
	}
	closeStore(t, s)
	db.seed(t, want, false)
	s = must(db.load(want, false))
	defer closeStore(t, s)
	if missing := must(s.Missing(t.Context())); !s.Meta().Complete || len(missing) > 0 {
		t.Errorf("in a complete store %v is missing", missing)
	}
	if ids := scan(t, s, Range{0, 100}); len(ids) != 60 {
		t.Errorf("%d listings in a complete store of 60", len(ids))
	}
}

func checkNone(t *testing.T, db suiteDatabase) {
	if _, err := db.open(); err == nil || !strings.Contains(err.Error(), "there is no store in") ||
		!strings.Contains(err.Error(), "make one: imgsvc seed --store") {
		t.Errorf("a store that is not there: %v", err)
	}
}

func checkOther(t *testing.T, db suiteDatabase) {
	db.seed(t, Meta{Seed: 1, Records: 30, Generator: 1}, false)
	for _, other := range []Meta{{2, 30, 1, false}, {1, 31, 1, false}, {1, 30, 2, false}} {
		if _, err := db.load(other, false); err == nil || !strings.Contains(err.Error(), "is for 30 records of seed 1 (generator 1), not for") ||
			!strings.Contains(err.Error(), "--drop") {
			t.Errorf("%v: %v", other, err)
		}
	}
	db.seed(t, Meta{Seed: 1, Records: 20, Generator: 1}, true)
	s := must(db.open())
	defer closeStore(t, s)
	if ids := scan(t, s, Range{0, 100}); len(ids) != 20 || s.Meta().Records != 20 {
		t.Errorf("after --drop %d listings, %v", len(ids), s.Meta())
	}
}

func checkEnded(t *testing.T, db suiteDatabase) {
	db.seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
	s := must(db.load(Meta{Seed: 1, Records: 20, Generator: 1}, true))
	defer closeStore(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.FindListing(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("FindListing: %v", err)
	}
	if err := s.LoadRange(ctx, Range{0, 20}, db.append); !errors.Is(err, context.Canceled) {
		t.Errorf("LoadRange: %v", err)
	}
	if missing := must(s.Missing(t.Context())); fmt.Sprint(missing) != "[{0 20}]" {
		t.Errorf("missing %v after a range that was not loaded", missing)
	}
}
