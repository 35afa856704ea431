package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble is an embedded store: a folder with one database that maps ids to encoded listings. One process at a
// time can have it open. Its methods may be called from several goroutines.
type Pebble struct {
	folder *folder
	db     *pebble.DB

	ingest sync.Mutex // held while tables go in
	broken error      // guarded by ingest: why the database can no longer be used
}

// PebbleOptions says how to open an embedded store.
type PebbleOptions struct {
	ReadOnly   bool
	CacheBytes int64 // for blocks of the database held in memory; 0 means 64 MiB

	fs vfs.FS // the disk, in tests something worse
}

func (o PebbleOptions) withDefaults() PebbleOptions {
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	if o.fs == nil {
		o.fs = vfs.Default
	}
	return o
}

// OpenPebble opens the complete store in dir. It is an error if there is none, if it is seeded only in part, if
// another process has it open, or if a newer imgsvc wrote it.
func OpenPebble(dir string, opts PebbleOptions) (*Pebble, error) {
	opts = opts.withDefaults()
	f, err := openFolder(opts.fs, dir, false)
	if err != nil {
		return nil, err
	}
	if !f.marker.Complete {
		err := fmt.Errorf("the store in %s is seeded only in part\nfinish it with: imgsvc seed --store pebble:%s --records %d --seed %d",
			dir, dir, f.marker.Records, f.marker.Seed)
		return nil, errors.Join(err, f.lock.Close())
	}
	settings := pebbleSettings(opts)
	settings.ReadOnly, settings.ErrorIfNotExists = opts.ReadOnly, true
	return openDB(f, settings)
}

func openDB(f *folder, settings *pebble.Options) (*Pebble, error) {
	p := &Pebble{folder: f}
	err := guard(func() (err error) {
		p.db, err = pebble.Open(f.dbDir(), settings)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store in %s: %w", f.dir, err), f.lock.Close())
	}
	return p, nil
}

// pebbleSettings are the settings that writing and reading share.
func pebbleSettings(opts PebbleOptions) *pebble.Options {
	settings := &pebble.Options{
		FS:                 opts.fs,
		CacheSize:          opts.CacheBytes,
		FormatMajorVersion: pebble.FormatValueSeparation,
		Logger:             quietLogger{},
		LoggerAndTracer:    nil,
	}
	for i := range settings.Levels {
		settings.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	}
	settings.EnsureDefaults()
	return settings
}

// Meta returns what was seeded into the store.
func (p *Pebble) Meta() Meta { return p.folder.marker.Meta }

// FindListing returns the listing with the given id, or an error that wraps ErrNotFound or ErrCorrupt.
func (p *Pebble) FindListing(ctx context.Context, id int64) (Listing, error) {
	if err := ctx.Err(); err != nil {
		return Listing{}, err
	}
	value, closer, err := p.db.Get(appendKey(nil, id))
	if errors.Is(err, pebble.ErrNotFound) {
		return Listing{}, fmt.Errorf("listing %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Listing{}, fmt.Errorf("read listing %d: %w", id, err)
	}
	raw := bytes.Clone(value) // value lies in the block cache
	if err := closer.Close(); err != nil {
		return Listing{}, fmt.Errorf("read listing %d: %w", id, err)
	}
	l, err := ParseListing(raw)
	if err != nil {
		return Listing{}, fmt.Errorf("listing %d: %w", id, err)
	}
	return l, nil
}

// Close gives the store back. It must be called once, after all other methods have returned.
func (p *Pebble) Close() error {
	if p.broken != nil {
		return p.folder.lock.Close()
	}
	return errors.Join(p.db.Close(), p.folder.lock.Close())
}

// appendKey appends the key of id: eight bytes that sort as the ids do.
func appendKey(dst []byte, id int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(id)) }

// quietLogger drops what the database reports of its daily business. What it cannot survive becomes a panic, which
// guard turns into an error.
type quietLogger struct{}

type fatalError struct{ err error }

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(format string, args ...any) {
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			panic(fatalError{err})
		}
	}
	panic(fatalError{fmt.Errorf(format, args...)})
}

// guard calls f and returns its error. The database ends the whole process when its journal of tables cannot be
// written, most likely because the disk is full; here that is an error like any other, but f's database is then
// locked for good and must not be touched again.
func guard(f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fatalError:
			err = r.err
		default:
			panic(r)
		}
	}()
	return f()
}
