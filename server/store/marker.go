package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	storeKind   = "imgsvc listings"
	storeFormat = 1
)

// Meta says what a store was seeded with.
type Meta struct {
	Seed      uint64 `json:"seed"`
	Records   int64  `json:"records"`   // ids run from 0 to Records-1
	Generator int    `json:"generator"` // version of the function from seed and id to record
	Complete  bool   `json:"complete"`  // all records are there, for good
}

// String says in words what the store was seeded with.
func (m Meta) String() string {
	return fmt.Sprintf("%d records of seed %d (generator %d)", m.Records, m.Seed, m.Generator)
}

type marker struct {
	Kind   string `json:"kind"`
	Format int    `json:"format"`
	Meta
	Ready bool `json:"ready"` // the database is there; else what is in its folder is left over from another store
}

// readMarker reads the marker, if there is one, and refuses one that is not ours or too new.
func (f *folder) readMarker() error {
	file, err := f.fs.Open(f.path(markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", f.path(markerFile), err)
	}
	var m marker
	switch err := json.Unmarshal(text, &m); {
	case err != nil || m.Kind != storeKind:
		return fmt.Errorf("%s is not a store: its %s is not ours\nname an empty or a new folder", f.dir, markerFile)
	case m.Format > storeFormat:
		return fmt.Errorf("the store in %s has format %d, and this imgsvc knows up to %d\nuse a newer imgsvc, or another folder",
			f.dir, m.Format, storeFormat)
	}
	f.marker = m
	return nil
}

// writeMarker makes m the marker. After a crash at any moment there is the old one or the new one.
func (f *folder) writeMarker(m marker) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := f.writeFile(f.path(markerTmpFile), append(text, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", f.path(markerFile), err)
	}
	if err := f.fs.Rename(f.path(markerTmpFile), f.path(markerFile)); err != nil {
		return err
	}
	f.marker = m
	return syncDir(f.fs, f.dir)
}

// writeFile writes a file and syncs it.
func (f *folder) writeFile(path string, text []byte) error {
	file, err := f.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err = file.Write(text); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
