package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Range is the ids from Lo up to, but without, Hi.
type Range struct{ Lo, Hi int64 }

// LoadPebble opens the store in dir for seeding with want, and makes it if it is missing. A store that holds
// something else is an error, and stays as it is; with drop it is emptied first. What is not a store is an error
// even then.
func LoadPebble(dir string, want Meta, drop bool) (*Pebble, error) {
	return loadPebble(dir, want, drop, PebbleOptions{})
}

func loadPebble(dir string, want Meta, drop bool, opts PebbleOptions) (*Pebble, error) {
	opts = opts.withDefaults()
	f, err := openFolder(opts.fs, dir, true)
	if err != nil {
		return nil, err
	}
	want.Complete = false
	if err := f.prepare(want, drop); err != nil {
		return nil, errors.Join(err, f.lock.Close())
	}
	settings := pebbleSettings(opts)
	settings.ErrorIfNotExists = f.marker.Complete
	settings.DisableWAL = true // nothing is written but whole tables
	settings.DisableAutomaticCompactions = true
	settings.DisableTableStats = true
	return openDB(f, settings)
}

// prepare makes f's marker that of the wanted store and removes what is left over from others.
func (f *folder) prepare(want Meta, drop bool) error {
	have := f.marker.Meta
	have.Complete = false
	switch {
	case f.marker.Kind == "" || drop:
		if err := f.start(want); err != nil {
			return err
		}
	case have != want:
		return fmt.Errorf("the store in %s is for %s, not for %s\nname another folder, or start over with --drop", f.dir, have, want)
	}
	return f.sweep()
}

// String says what was seeded, in words.
func (m Meta) String() string {
	return fmt.Sprintf("%d records of seed %d from generator %d", m.Records, m.Seed, m.Generator)
}

// Missing returns the ranges of ids that are still to be loaded, in order. A table that went in holds all ids
// between its first and its last, so the tables' bounds tell; it is an error if a table has gaps all the same.
func (p *Pebble) Missing() ([]Range, error) {
	levels, err := p.db.SSTables(pebble.WithProperties())
	if err != nil {
		return nil, fmt.Errorf("list the tables of the store in %s: %w", p.folder.dir, err)
	}
	var missing []Range
	next := int64(0)
	for _, table := range levels[len(levels)-1] {
		lo, hi := keyID(table.Smallest.UserKey), keyID(table.Largest.UserKey)+1
		if hi-lo != int64(table.Properties.NumEntries) {
			return nil, fmt.Errorf("%w", ErrCorrupt)
		}
		if lo > next {
			missing = append(missing, Range{next, lo})
		}
		next = hi
	}
	if next < p.Meta().Records {
		missing = append(missing, Range{next, p.Meta().Records})
	}
	return missing, nil
}

func keyID(key []byte) int64 { return int64(binary.BigEndian.Uint64(key)) }

// LoadRange adds the listings of r, which must all be missing: all of them or, in case of an error or a crash at
// any moment, none. Once it returns nil they outlive a power cut. appendListing appends the encoded listing with
// the given id to dst; it is called for one id after the other.
func (p *Pebble) LoadRange(ctx context.Context, r Range, appendListing func(dst []byte, id int64) []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := p.folder.fs.PathJoin(p.folder.path(stagingDir), fmt.Sprintf("%d.sst", r.Lo))
	err := p.writeTable(path, r, appendListing)
	if err == nil {
		err = p.ingestTable(ctx, path)
	}
	if err != nil {
		return fmt.Errorf("load listings %d-%d into %s: %w", r.Lo, r.Hi-1, p.folder.dir, err)
	}
	return nil
}

func (p *Pebble) writeTable(path string, r Range, appendListing func(dst []byte, id int64) []byte) error {
	file, err := p.folder.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	settings := pebbleSettings(PebbleOptions{fs: p.folder.fs})
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(file), settings.MakeWriterOptions(6, pebble.FormatValueSeparation.MaxTableFormat()))
	var key, record []byte
	for id := r.Lo; id < r.Hi && err == nil; id++ {
		key, record = appendKey(key[:0], id), appendListing(record[:0], id)
		err = w.Set(key, record)
	}
	return errors.Join(err, w.Close())
}

func (p *Pebble) ingestTable(ctx context.Context, path string) error {
	p.ingest.Lock()
	defer p.ingest.Unlock()
	return p.db.Ingest(ctx, []string{path})
}

// Finish marks the store as complete.
func (p *Pebble) Finish() error {
	m := p.folder.marker
	m.Complete = true
	return p.folder.writeMarker(m)
}

// Scan calls visit with the id and the encoded bytes of each listing of r that is there, in order.
func (p *Pebble) Scan(ctx context.Context, r Range, visit func(id int64, raw []byte) error) error {
	iter, err := p.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: appendKey(nil, r.Lo), UpperBound: appendKey(nil, r.Hi)})
	if err != nil {
		return err
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		if err := visit(keyID(iter.Key()), iter.Value()); err != nil {
			return errors.Join(err, iter.Close())
		}
	}
	return errors.Join(iter.Error(), iter.Close())
}

// Metrics is temporary.
func (p *Pebble) Metrics() string { return p.db.Metrics().String() }
