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

// Pebble is an embedded store: a folder with a database that maps ids to encoded listings. One process at a time
// can have it open. Its methods may be called from several goroutines at once.
type Pebble struct {
	folder   *folder
	settings *pebble.Options
	db       *pebble.DB

	ingesting sync.Mutex // held while a table goes in
	broken    error      // guarded by ingesting: why the database must not be touched any more

	locks   *keyLocks // of listings that are being changed
	commits commits
}

// PebbleOptions says how to open an embedded store.
type PebbleOptions struct {
	ReadOnly   bool
	CacheBytes int64 // blocks of the database held in memory; 0 means 64 MiB

	fs vfs.FS // the disk; tests have worse ones
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

// OpenPebble opens the complete store in dir. It is an error, which names the remedy, if there is none, if it is
// seeded only in part, if another process has it open, or if a newer imgsvc wrote it.
func OpenPebble(dir string, opts PebbleOptions) (*Pebble, error) {
	opts = opts.withDefaults()
	f, err := openFolder(opts.fs, dir, false)
	if err != nil {
		return nil, err
	}
	if !f.marker.Complete {
		err := fmt.Errorf("the store in %s is seeded only in part\nfinish it: imgsvc seed --store pebble:%s --records %d --seed %d",
			dir, dir, f.marker.Records, f.marker.Seed)
		return nil, errors.Join(err, f.lock.Close())
	}
	settings := pebbleSettings(opts)
	settings.ErrorIfNotExists = true
	return openDB(f, settings)
}

func openDB(f *folder, settings *pebble.Options) (*Pebble, error) {
	p := &Pebble{folder: f, settings: settings, locks: newKeyLocks()}
	_, err := guard(func() (err error) {
		p.db, err = pebble.Open(f.path(dbDir), settings)
		return err
	})
	if err != nil {
		return nil, errors.Join(withHint(fmt.Errorf("open the store in %s: %w", f.dir, err), ""), f.lock.Close())
	}
	return p, nil
}

// The format of the database and its tables is pinned, so that a newer library does not make stores which an older
// imgsvc cannot read. Measured with the records of the generator, blocks of 8, 16 and 32 KiB take 217, 183 and 159
// bytes of disk for a record, let 2 cores seed 0.9, 1.1 and 1.2 million a second, and make a read that is in no
// cache cost 14, 18 and 26 µs of CPU: the smallest that seeds a million a second with something to spare. MinLZ makes
// tables 8 % smaller than Snappy does, for the same CPU, and reads cost 14 % less. Tables have no filter: ids without
// a listing lie outside the bounds of every table, which are in memory anyway.
const (
	databaseFormat = pebble.FormatValueSeparation
	blockBytes     = 32 << 10
	indexBytes     = 256 << 10
)

// pebbleSettings are what writing and reading have in common.
func pebbleSettings(opts PebbleOptions) *pebble.Options {
	settings := &pebble.Options{
		FS:                 opts.fs,
		ReadOnly:           opts.ReadOnly,
		CacheSize:          opts.CacheBytes,
		FormatMajorVersion: databaseFormat,
		Logger:             quietLogger{},
		// The read that finds corrupt data returns an error; it is no reason to end the process.
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	for i := range settings.Levels {
		level := &settings.Levels[i]
		level.BlockSize, level.IndexBlockSize = blockBytes, indexBytes
		level.Compression = func() *sstable.CompressionProfile { return sstable.MinLZCompression }
	}
	settings.EnsureDefaults()
	return settings
}

// Meta returns what the store was seeded with.
func (p *Pebble) Meta() Meta { return p.folder.marker.Meta }

// DiskBytes returns how much of the disk the store takes, or 0 after a fatal error of the database.
func (p *Pebble) DiskBytes(context.Context) int64 {
	p.ingesting.Lock()
	defer p.ingesting.Unlock()
	if p.broken != nil {
		return 0
	}
	return int64(p.db.Metrics().DiskSpaceUsage())
}

// FreeBytes returns how much of the disk is free for the store, or false if that cannot be told.
func (p *Pebble) FreeBytes() (int64, bool) {
	usage, err := p.folder.fs.GetDiskUsage(p.folder.dir)
	return int64(usage.AvailBytes), err == nil
}

// FindListing returns the listing with the given id, or an error that wraps ErrNotFound or ErrCorrupt.
func (p *Pebble) FindListing(ctx context.Context, id int64) (Listing, error) {
	if err := ctx.Err(); err != nil {
		return Listing{}, err
	}
	value, closer, err := p.db.Get(appendKey(nil, id))
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return Listing{}, fmt.Errorf("listing %d: %w", id, ErrNotFound)
	case pebble.IsCorruptionError(err):
		return Listing{}, fmt.Errorf("listing %d: %w: %w", id, ErrCorrupt, err)
	case err != nil:
		return Listing{}, fmt.Errorf("read listing %d: %w", id, err)
	}
	raw := bytes.Clone(value) // value lies in the cache of blocks
	if err := closer.Close(); err != nil {
		return Listing{}, fmt.Errorf("read listing %d: %w", id, err)
	}
	l, err := ParseListing(raw)
	if err != nil {
		return Listing{}, fmt.Errorf("listing %d: %w", id, err)
	}
	return l, nil
}

// Scan calls visit with the id and the encoded bytes of each listing of r that is there, in order, until an error.
// The bytes are valid until visit returns, and need not be a listing.
func (p *Pebble) Scan(ctx context.Context, r Range, visit func(id int64, raw []byte) error) error {
	bounds := &pebble.IterOptions{LowerBound: appendKey(nil, r.Lo), UpperBound: appendKey(nil, r.Hi)}
	iter, err := p.db.NewIterWithContext(ctx, bounds)
	if err != nil {
		return fmt.Errorf("read listings %d-%d: %w", r.Lo, r.Hi-1, err)
	}
	for ok := iter.First(); ok && err == nil; ok = iter.Next() {
		err = visit(keyID(iter.Key()), iter.Value())
	}
	return errors.Join(err, iter.Error(), iter.Close())
}

// Close gives the store back. It is called once, when all other calls have returned. After a fatal error of the
// database, which LoadRange has reported, the store stays in use until the process ends.
func (p *Pebble) Close() error {
	p.commits.group.Wait()
	if p.broken != nil {
		return nil
	}
	if err := errors.Join(p.db.Close(), p.folder.lock.Close()); err != nil {
		return withHint(fmt.Errorf("close the store in %s: %w", p.folder.dir, err), "")
	}
	return nil
}

// appendKey appends the key of id: eight bytes that sort as ids do.
func appendKey(dst []byte, id int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(id)) }

func keyID(key []byte) int64 { return int64(binary.BigEndian.Uint64(key)) }
