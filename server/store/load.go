package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Range is the ids from Lo up to, but without, Hi.
type Range struct{ Lo, Hi int64 }

// Len returns how many ids r has.
func (r Range) Len() int64 { return r.Hi - r.Lo }

// LoadPebble opens the store in dir to be seeded with want, and makes it if it is missing. A store that is for
// something else is an error and stays as it is; with drop it is emptied first. A folder with anything else in it
// is an error even then. Everything that is in the store is as want says; Meta().Complete tells whether that is
// all, and if so nothing can be added.
func LoadPebble(dir string, want Meta, drop bool) (*Pebble, error) {
	return loadPebble(dir, want, drop, PebbleOptions{CacheBytes: 16 << 20})
}

func loadPebble(dir string, want Meta, drop bool, opts PebbleOptions) (*Pebble, error) {
	opts = opts.withDefaults()
	f, err := openFolder(opts.fs, dir, true)
	if err != nil {
		return nil, err
	}
	if err := f.accept(want, drop); err != nil {
		return nil, errors.Join(err, f.lock.Close())
	}
	settings := pebbleSettings(opts)
	// Tables come whole, ready and in nobody's way: there is nothing to log ahead of them and nothing to merge.
	settings.DisableWAL, settings.DisableAutomaticCompactions, settings.DisableTableStats = true, true, true
	err = f.prepare(want, drop, func(dir string) error { return createDB(dir, settings) })
	if err != nil {
		return nil, errors.Join(withHint(fmt.Errorf("prepare %s: %w", dir, err), ""), f.lock.Close())
	}
	settings.ErrorIfNotExists, settings.ReadOnly = true, f.marker.Complete
	return openDB(f, settings)
}

// createDB makes an empty database in dir.
func createDB(dir string, settings *pebble.Options) error {
	if err := makeDir(settings.FS, dir); err != nil {
		return err
	}
	_, err := guard(func() error {
		db, err := pebble.Open(dir, settings)
		if err != nil {
			return err
		}
		return db.Close()
	})
	return err
}

// Missing returns the ranges of ids that are still to be loaded, in order. It reads the bounds of the tables only,
// which is enough since a table comes whole; that it has an entry for each id within its bounds is checked.
func (p *Pebble) Missing(context.Context) ([]Range, error) {
	if p.Meta().Complete {
		return nil, nil
	}
	present, err := p.present()
	if err != nil {
		return nil, fmt.Errorf("list the tables in %s: %w", p.folder.dir, err)
	}
	return gaps(present, p.Meta().Records), nil
}

// present returns the ranges of ids that the tables hold, in order.
func (p *Pebble) present() ([]Range, error) {
	levels, err := p.db.SSTables(pebble.WithProperties())
	if err != nil {
		return nil, err
	}
	var present []Range
	for _, table := range slices.Concat(levels...) {
		r := Range{keyID(table.Smallest.UserKey), keyID(table.Largest.UserKey) + 1}
		if n := int64(table.Properties.NumEntries); n != r.Len() {
			return nil, fmt.Errorf("%d entries for the ids %d-%d\nstart over with --drop", n, r.Lo, r.Hi-1)
		}
		present = append(present, r)
	}
	slices.SortFunc(present, func(a, b Range) int { return cmp.Compare(a.Lo, b.Lo) })
	return present, nil
}

// LoadRange adds the listings of r, which must all be missing: all of them or, after an error or a crash at any
// moment, none. Once it returns nil they outlive a power cut. appendListing appends the encoded listing with the
// given id to dst; it is called for one id after the other.
func (p *Pebble) LoadRange(ctx context.Context, r Range, appendListing func(dst []byte, id int64) []byte) error {
	path := p.folder.fs.PathJoin(p.folder.path(stagingDir), fmt.Sprintf("%d.sst", r.Lo))
	err := p.writeTable(ctx, path, r, appendListing)
	if err == nil {
		err = p.ingestTable(ctx, path)
	}
	if err != nil {
		_ = p.folder.fs.Remove(path) // gives its space back; the next run would remove it too
		return withHint(fmt.Errorf("load listings %d-%d into %s: %w", r.Lo, r.Hi-1, p.folder.dir, err), "")
	}
	return nil
}

// ingestTable moves a table into the database, durably. One at a time: the database does the main part of it one at
// a time anyway, and should that be fatal no other goroutine must be caught inside.
func (p *Pebble) ingestTable(ctx context.Context, path string) error {
	p.ingesting.Lock()
	defer p.ingesting.Unlock()
	if p.broken != nil {
		return p.broken
	}
	fatal, err := guard(func() error { return p.db.Ingest(ctx, []string{path}) })
	if fatal {
		p.broken = err
	}
	return err
}

// Finish marks the store as complete. It is an error if something is missing.
func (p *Pebble) Finish(ctx context.Context) error {
	missing, err := p.Missing(ctx)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fmt.Errorf("finish the store in %s: listings %d-%d are missing", p.folder.dir, missing[0].Lo, missing[0].Hi-1)
	}
	m := p.folder.marker
	m.Complete = true
	return withHint(p.folder.writeMarker(m), "")
}
