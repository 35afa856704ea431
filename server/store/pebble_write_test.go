package store

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// writable seeds a store of ten records on a disk and opens it to be written. With hurt set to true, the disk is full.
func writable(t *testing.T, disk *vfs.MemFS, hurt *atomic.Bool) *Pebble {
	t.Helper()
	s := testStore{fs: disk, dir: "/store", meta: Meta{Seed: 1, Records: 10, Generator: 1}}
	if err := s.seed(10, ignore); err != nil {
		t.Fatal(err)
	}
	full := onWrite(disk, func(int) error {
		if hurt.Load() {
			return syscall.ENOSPC
		}
		return nil
	})
	return must(OpenPebble("/store", PebbleOptions{fs: full, CacheBytes: 1 << 20}))
}

// TestPebbleWritesSurvive cuts the power, or ends the process, right after each change was answered for.
func TestPebbleWritesSurvive(t *testing.T) {
	disk := vfs.NewCrashableMem()
	p := writable(t, disk, new(atomic.Bool))
	defer func() { _ = p.Close() }()
	for _, id := range []int64{0, 1, 2, 4, 5, 6} { // of listing 3 there is a version for each that is deleted
		written := p.ChangeListing(t.Context(), 3, put(versionOf(3, id)))
		if err := errors.Join(written, p.ChangeListing(t.Context(), id, put(Listing{}))); err != nil {
			t.Fatal(err)
		}
		for name, after := range map[string]*vfs.MemFS{"power cut": afterPowerCut(disk), "kill": afterExit(disk)} {
			again := must(OpenPebble("/store", PebbleOptions{fs: after, CacheBytes: 1 << 20, ReadOnly: true}))
			if got := version(t, again, 3); got != id {
				t.Errorf("%s after version %d: %d is there", name, id, got)
			}
			if _, err := again.FindListing(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s after the delete of %d: %v", name, id, err)
			}
			if trace := must(again.Trace(t.Context(), id)); trace != Deleted {
				t.Errorf("%s: the trace of %d is %d", name, id, trace)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPebbleFullDisk fills the disk under a service. Changes fail from then on, none hangs, and all that can be read still is.
func TestPebbleFullDisk(t *testing.T) {
	var full atomic.Bool
	disk := vfs.NewCrashableMem()
	p := writable(t, disk, &full)
	if err := p.ChangeListing(t.Context(), 3, put(versionOf(3, 1))); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	results := make(chan error, 20)
	for i := range int64(20) {
		go func() { results <- p.ChangeListing(context.Background(), i, put(versionOf(i, 2))) }()
	}
	for range 20 {
		if err := <-results; !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("on a full disk: %v", err)
		}
	}
	if got := version(t, p, 3); got != 1 && got != 2 {
		t.Errorf("version %d", got)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	again := must(OpenPebble("/store", PebbleOptions{fs: afterPowerCut(disk), CacheBytes: 1 << 20, ReadOnly: true}))
	if got := version(t, again, 3); got < 1 {
		t.Errorf("what was answered for is lost: version %d", got)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
