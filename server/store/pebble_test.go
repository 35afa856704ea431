package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// appendTestListing makes listings whose size and content depend on the seed and the id.
func appendTestListing(seed uint64) func([]byte, int64) []byte {
	return func(dst []byte, id int64) []byte {
		random := rand.New(rand.NewPCG(seed, uint64(id)))
		json := fmt.Appendf(nil, `{"id":%d,"noise":"`, id)
		for range 100 + random.IntN(300) {
			json = append(json, byte('a'+random.IntN(26)))
		}
		json = append(json, `","images":[`...)
		start := len(json)
		json = append(json, `{"index":0}`...)
		return AppendListing(dst, append(json, `]}`...), []int{start}, start+len(`{"index":0}`))
	}
}

// testStore is a store to be seeded with some records.
type testStore struct {
	fs   vfs.FS
	dir  string
	meta Meta
	drop bool
}

func (s testStore) load() (*Pebble, error) {
	return loadPebble(s.dir, s.meta, s.drop, PebbleOptions{fs: s.fs, CacheBytes: 1 << 20})
}

func (s testStore) open() (*Pebble, error) {
	return OpenPebble(s.dir, PebbleOptions{fs: s.fs, CacheBytes: 1 << 20, ReadOnly: true})
}

// seed loads what is missing, in ranges of at most batch, and calls loaded after each. It returns the first error,
// having closed what it opened.
func (s testStore) seed(batch int64, loaded func(Range)) error {
	p, err := s.load()
	if err != nil {
		return err
	}
	err = s.fill(p, batch, loaded)
	p.DiskBytes(context.Background()) // as a summary wants to know it, however the filling went
	return errors.Join(err, p.Close())
}

func (s testStore) fill(p *Pebble, batch int64, loaded func(Range)) error {
	missing, err := p.Missing(context.Background())
	for _, m := range missing {
		for lo := m.Lo; lo < m.Hi && err == nil; lo += batch {
			r := Range{lo, min(lo+batch, m.Hi)}
			if err = p.LoadRange(context.Background(), r, appendTestListing(s.meta.Seed)); err == nil {
				loaded(r)
			}
		}
	}
	if err == nil && !p.Meta().Complete {
		err = p.Finish(context.Background())
	}
	return err
}

// check reads the complete store back.
func (s testStore) check(t *testing.T) {
	t.Helper()
	p, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	want := s.meta
	want.Complete = true
	if p.Meta() != want {
		t.Errorf("store is for %+v, want %+v", p.Meta(), want)
	}
	appendListing := appendTestListing(s.meta.Seed)
	next := int64(0)
	err = p.Scan(context.Background(), Range{0, 1 << 40}, func(id int64, raw []byte) error {
		if id != next || !bytes.Equal(raw, appendListing(nil, id)) {
			return fmt.Errorf("listing %d, or its bytes, where listing %d should be", id, next)
		}
		next++
		return nil
	})
	if err := errors.Join(err, p.Close()); err != nil || next != s.meta.Records {
		t.Fatalf("%d of %d listings are right: %v", next, s.meta.Records, err)
	}
}

func ignore(Range) {}

func diskStore(t *testing.T, records int64) testStore {
	return testStore{vfs.Default, filepath.Join(t.TempDir(), "a", "store"), Meta{Seed: 1, Records: records, Generator: 1}, false}
}

func TestFindListing(t *testing.T) {
	s := diskStore(t, 1000)
	if err := s.seed(300, ignore); err != nil {
		t.Fatal(err)
	}
	p, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, id := range []int64{0, 299, 300, 999} {
		l, err := p.FindListing(t.Context(), id)
		if err != nil || !bytes.Equal(l.Encoded(), appendTestListing(1)(nil, id)) {
			t.Errorf("listing %d: %v, %s", id, err, l.Encoded())
		}
	}
	for _, id := range []int64{-1, 1000, 1 << 62} {
		if _, err := p.FindListing(t.Context(), id); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprint(id)) {
			t.Errorf("listing %d: error %v, want one that wraps ErrNotFound and names the id", id, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.FindListing(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestMissing(t *testing.T) {
	s := diskStore(t, 100)
	p, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, r := range []Range{{10, 20}, {95, 100}, {20, 21}} { // out of order, as workers are
		if err := p.LoadRange(t.Context(), r, appendTestListing(1)); err != nil {
			t.Fatal(err)
		}
	}
	missing, err := p.Missing(context.Background())
	if want := "[{0 10} {21 95}]"; err != nil || fmt.Sprint(missing) != want {
		t.Errorf("missing %v, %v; want %s", missing, err, want)
	}
	if err := p.Finish(context.Background()); err == nil || !strings.Contains(err.Error(), "0-9 are missing") {
		t.Errorf("Finish of a store with gaps: %v", err)
	}
	for level, tables := range must(p.db.SSTables()) {
		if bottom := level == len(p.settings.Levels)-1; !bottom && len(tables) > 0 {
			t.Errorf("%d tables in level %d: they will have to be merged", len(tables), level)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestInterruptedRangeLeavesNothing(t *testing.T) {
	s := diskStore(t, 100_000)
	p, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	appendListing := appendTestListing(1)
	err = p.LoadRange(ctx, Range{0, 100_000}, func(dst []byte, id int64) []byte {
		if id == 5000 {
			cancel()
		}
		if id > 10_000 {
			t.Fatal("LoadRange does not notice that its context has ended")
		}
		return appendListing(dst, id)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if missing := must(p.Missing(t.Context())); fmt.Sprint(missing) != "[{0 100000}]" {
		t.Errorf("missing %v after a range that was not finished", missing)
	}
	if left := must(os.ReadDir(filepath.Join(s.dir, stagingDir))); len(left) > 0 {
		t.Errorf("%s is left in the staging folder", left[0].Name())
	}
}

func TestOneProcessAtATime(t *testing.T) {
	s := diskStore(t, 10)
	if err := s.seed(10, ignore); err != nil {
		t.Fatal(err)
	}
	p, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*Pebble, error){
		"serving": s.open,
		"seeding": s.load,
		"drop":    testStore{s.fs, s.dir, s.meta, true}.load,
	} {
		if _, err := open(); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%s a store that is open: %v, want an error that says it is in use", name, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	s.check(t)
}
