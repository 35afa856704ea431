package store

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// writeTable writes the listings of r to a new table at path and syncs it. The table takes about 4 MiB of memory
// while it is written, whatever its length.
func (p *Pebble) writeTable(ctx context.Context, path string, r Range, appendListing func([]byte, int64) []byte) error {
	file, err := p.folder.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	bottom := len(p.settings.Levels) - 1 // where a table that overlaps no other goes
	w := sstable.NewWriter(&tableFile{File: file}, p.settings.MakeWriterOptions(bottom, databaseFormat.MaxTableFormat()))
	var key, listing []byte
	for id := r.Lo; id < r.Hi && err == nil; id++ {
		key, listing = appendKey(key[:0], id), appendListing(listing[:0], id)
		if err = w.Set(key, listing); err == nil && id%4096 == 0 {
			err = ctx.Err()
		}
	}
	return errors.Join(err, w.Close())
}

// tableFile is a file as tables are written to: in a few large writes, and synced at the end.
type tableFile struct {
	vfs.File
	buf []byte
}

const tableBufferBytes = 512 << 10

// Write takes p, which the caller may use again.
func (f *tableFile) Write(p []byte) error {
	if f.buf == nil {
		f.buf = make([]byte, 0, tableBufferBytes)
	}
	if len(f.buf)+len(p) > cap(f.buf) {
		if err := f.flush(); err != nil {
			return err
		}
	}
	f.buf = append(f.buf, p...)
	return nil
}

func (f *tableFile) flush() error {
	_, err := f.File.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

// Finish makes all that was written durable.
func (f *tableFile) Finish() error {
	err := f.flush()
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Abort closes the file as it is.
func (f *tableFile) Abort() { _ = f.Close() }
