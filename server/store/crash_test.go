package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// onWrite returns fsys with f called before each operation that changes it, with the number of the operation. The
// database has goroutines of its own that write, so f runs beside the test, though never twice at a time.
func onWrite(fsys vfs.FS, f func(op int) error) vfs.FS {
	var mu sync.Mutex
	n := 0
	return errorfs.Wrap(fsys, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		return f(n)
	}))
}

// moment is what is on disk after a crash, and the ranges that were reported as loaded by then.
type moment struct {
	name   string
	fs     *vfs.MemFS
	loaded []Range
}

// moments runs seed on a disk and returns what is left of it by the end of the process and by a power cut, before
// each operation: all that was written, and only what was synced.
func moments(t *testing.T, disk *vfs.MemFS, s testStore) (all []moment) {
	t.Helper()
	var mu sync.Mutex
	var loaded []Range
	s.fs = onWrite(disk, func(op int) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all,
			moment{fmt.Sprintf("process killed before operation %d", op), afterExit(disk), loaded},
			moment{fmt.Sprintf("power cut before operation %d", op), afterPowerCut(disk), loaded})
		return nil
	})
	err := s.seed(20, func(r Range) {
		mu.Lock()
		defer mu.Unlock()
		loaded = append(loaded, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d operations", len(all)/2)
	return append(all, moment{"power cut at the end", afterPowerCut(disk), loaded})
}

// afterExit returns what the next process finds on disk: all that was written, synced or not.
func afterExit(disk *vfs.MemFS) *vfs.MemFS {
	return disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))})
}

// afterPowerCut returns what the next process finds on disk if only what was synced has reached it.
func afterPowerCut(disk *vfs.MemFS) *vfs.MemFS { return disk.CrashClone(vfs.CrashCloneCfg{}) }

// TestCrash kills the process, or cuts the power, before each operation on the disk. What was reported as loaded is
// there, and the same command completes the rest.
func TestCrash(t *testing.T) {
	t.Parallel()
	s := testStore{dir: "/var/store", meta: Meta{Seed: 1, Records: 35, Generator: 1}}
	for _, m := range moments(t, vfs.NewCrashableMem(), s) {
		s.fs = m.fs
		p, err := s.load()
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		for _, missing := range must(p.Missing(t.Context())) {
			for _, r := range m.loaded {
				if r.Lo < missing.Hi && missing.Lo < r.Hi {
					t.Errorf("%s: %v was loaded, and %v is missing", m.name, r, missing)
				}
			}
		}
		if err := errors.Join(s.fill(p, 20, ignore), p.Close()); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		s.check(t)
	}
}

// TestCrashInDrop does so in a drop. There is the old store or the beginning of the new one, and nothing in between.
func TestCrashInDrop(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	old := testStore{fs: disk, dir: "/store", meta: Meta{Seed: 1, Records: 40, Generator: 1}}
	if err := old.seed(20, ignore); err != nil {
		t.Fatal(err)
	}
	renewed := testStore{dir: "/store", meta: Meta{Seed: 2, Records: 30, Generator: 1}, drop: true}
	kept := 0
	for _, m := range moments(t, disk, renewed) {
		old.fs, renewed.fs, renewed.drop = m.fs, m.fs, false
		p, err := renewed.load()
		if err != nil {
			kept++
			if !strings.Contains(err.Error(), "--drop") {
				t.Fatalf("%s: %v", m.name, err)
			}
			old.check(t)
			continue
		}
		if err := errors.Join(renewed.fill(p, 20, ignore), p.Close()); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		renewed.check(t)
	}
	if kept == 0 {
		t.Error("the old store was never there: the test did not see the drop")
	}
}

// TestFullDisk has the disk full from each operation on: in the middle of a table, of the journal, of the marker.
// Seeding ends with an error that says so and what to do; with more space the same command completes the store.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := testStore{dir: "/store", meta: Meta{Seed: 1, Records: 35, Generator: 1}}
	for full := 1; ; full++ {
		disk := vfs.NewCrashableMem()
		var hit atomic.Bool
		s.fs = onWrite(disk, func(op int) error {
			if op < full {
				return nil
			}
			hit.Store(true)
			return syscall.ENOSPC
		})
		var loaded []Range
		err := s.seed(20, func(r Range) { loaded = append(loaded, r) })
		if err != nil && (!errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "\nfree some space")) {
			t.Errorf("full from operation %d: error %q does not name the cause and the remedy", full, err)
		}
		if !hit.Load() {
			return
		}
		s.fs = afterExit(disk)
		err = s.seed(20, func(r Range) {
			for _, before := range loaded {
				if before.Lo < r.Hi && r.Lo < before.Hi {
					t.Errorf("full from operation %d: %v was loaded before and again", full, r)
				}
			}
		})
		if err != nil {
			t.Fatalf("full from operation %d, then not: %v", full, err)
		}
		s.check(t)
	}
}
