package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The folder of an embedded store holds a marker that says what the store is, a lock, the database in a folder of
// its own, and tables that are being written:
//
//	imgsvc.json   the marker: replaced as a whole, never written in place
//	imgsvc.lock   held by the one process that has the store open; stays when the store goes
//	db-1/         the database that the marker names; any other db-N is left over from a drop
//	staging/      tables on their way in; whatever is there at the start of a seeding is left over from a kill
//
// Nothing else in it is ours, and nothing that is not ours is ever removed.
const (
	markerFile    = "imgsvc.json"
	markerTmpFile = "imgsvc.json.tmp"
	lockFile      = "imgsvc.lock"
	stagingDir    = "staging"
	dbPrefix      = "db-"
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
	DB int `json:"db"` // number of the database folder; 0 while there is none
}

// folder is the folder of an embedded store, locked for this process.
type folder struct {
	fs     vfs.FS
	dir    string
	lock   io.Closer
	marker marker // the zero marker if there is no store yet
}

func (f *folder) path(name string) string { return f.fs.PathJoin(f.dir, name) }
func (f *folder) dbDir(n int) string      { return f.path(fmt.Sprint(dbPrefix, n)) }

// openFolder locks the store in dir. With create there need not be one yet; dir is then made, or must be empty.
func openFolder(fsys vfs.FS, dir string, create bool) (*folder, error) {
	f := &folder{fs: fsys, dir: dir}
	if err := f.inspect(create); err != nil {
		return nil, err
	}
	if err := makeDir(fsys, dir); err != nil {
		return nil, withHint(fmt.Errorf("make the folder %s: %w", dir, err), hintWritable)
	}
	lock, err := fsys.Lock(f.path(lockFile))
	if err != nil {
		return nil, lockError(dir, err)
	}
	f.lock = lock
	if err := f.readMarker(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

// inspect refuses a folder that holds something other than a store, before anything is written to it.
func (f *folder) inspect(create bool) error {
	names, err := f.fs.List(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // which leaves out the path a second time
		}
		return fmt.Errorf("look into %s: %w\nname a folder that you can read", f.dir, err)
	}
	var strange string
	for _, name := range names {
		switch name {
		case markerFile:
			return nil
		case markerTmpFile, lockFile: // left over from a kill in the first moments
		case "lost+found": // in the root of a file system made for the store
		default:
			strange = name
		}
	}
	switch {
	case strange != "":
		return fmt.Errorf("%s is not a store: it holds %s, and no %s\nname an empty or a new folder", f.dir, strange, markerFile)
	case !create:
		return fmt.Errorf("there is no store in %s\nmake one: imgsvc seed --store pebble:%s", f.dir, f.dir)
	}
	return nil
}

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

// prepare makes f's marker that of the wanted store, and removes what is left of others. create makes an empty
// database in a folder that does not exist; the marker names it only once it is whole, so that after a crash at any
// moment there is the old store or the new one.
func (f *folder) prepare(want Meta, drop bool, create func(dir string) error) error {
	if f.marker.Kind == "" { // from here on the folder is known as ours
		if err := f.writeMarker(marker{Kind: storeKind, Format: storeFormat, Meta: want}); err != nil {
			return err
		}
	}
	have := f.marker.Meta
	have.Complete = false
	if have != want && !drop {
		return fmt.Errorf("the store in %s is for %s, not for %s\nname another folder, or start over with --drop", f.dir, have, want)
	}
	if err := f.sweep(); err != nil {
		return err
	}
	if f.marker.DB == 0 || drop {
		m := marker{Kind: storeKind, Format: storeFormat, Meta: want, DB: f.marker.DB + 1}
		if err := create(f.dbDir(m.DB)); err != nil {
			return err
		}
		if err := errors.Join(f.writeMarker(m), f.sweep()); err != nil {
			return err
		}
	}
	return f.removeLogs()
}

// sweep removes what kills and drops have left behind, and readies the staging folder.
func (f *folder) sweep() error {
	names, err := f.fs.List(f.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == stagingDir || isDB(name) && f.path(name) != f.dbDir(f.marker.DB) {
			if err := f.fs.RemoveAll(f.path(name)); err != nil {
				return err
			}
		}
	}
	return f.fs.MkdirAll(f.path(stagingDir), 0o755)
}

// removeLogs removes the logs of a database that is not complete. Nothing is ever logged while tables are loaded, and
// the empty logs of a process that was killed make the next one write to the journal in a goroutine of the database,
// where guard cannot catch that the disk is full.
func (f *folder) removeLogs() error {
	if f.marker.Complete {
		return nil
	}
	db := f.dbDir(f.marker.DB)
	names, err := f.fs.List(db)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			err = errors.Join(err, f.fs.Remove(f.fs.PathJoin(db, name)))
		}
	}
	return err
}

// isDB reports whether name is that of a database folder: db- and a number.
func isDB(name string) bool {
	number, found := strings.CutPrefix(name, dbPrefix)
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}
