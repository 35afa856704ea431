package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The folder of an embedded store holds a marker that says what the store is, a lock, the database, and tables that
// are being written. Nothing else in it is ours, and nothing that is not ours is ever removed.
const (
	markerFile    = "imgsvc.json" // replaced as a whole, never written in place
	markerTmpFile = "imgsvc.json.tmp"
	lockFile      = "imgsvc.lock" // held by the one process that has the store open; stays when the store goes
	dbDir         = "db"
	stagingDir    = "staging" // what is there at the start of a seeding is left over from a kill
)

// folder is the folder of an embedded store, locked for this process.
type folder struct {
	fs     vfs.FS
	dir    string
	lock   io.Closer
	marker marker // the zero marker if there is no store yet
}

func (f *folder) path(name string) string { return f.fs.PathJoin(f.dir, name) }

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

// accept says whether the store in f is, or may become, the wanted one: there is none, it is to be dropped, it is the
// same, or there is nothing in it to lose.
func (f *folder) accept(want Meta, drop bool) error {
	have := f.marker.Meta
	have.Complete = false
	if f.marker.Kind == "" || drop || have == want {
		return nil
	}
	tables, err := f.list(dbDir, ".sst")
	if err == nil && len(tables) > 0 {
		err = fmt.Errorf("the store in %s is for %s, not for %s\nname another folder, or start over with --drop", f.dir, have, want)
	}
	return err
}

// prepare makes f's marker that of the wanted store, removes what is left of others and has create make an empty
// database. After a crash at any moment there is the old store or the beginning of the new one.
func (f *folder) prepare(want Meta, drop bool, create func(dir string) error) error {
	have := f.marker.Meta
	have.Complete = false
	if f.marker.Kind == "" || drop || have != want {
		if err := f.writeMarker(marker{Kind: storeKind, Format: storeFormat, Meta: want}); err != nil {
			return err
		}
	}
	if err := f.sweep(); err != nil || f.marker.Complete {
		return err
	}
	if !f.marker.Ready {
		if err := create(f.path(dbDir)); err != nil {
			return err
		}
		m := f.marker
		m.Ready = true
		if err := f.writeMarker(m); err != nil {
			return err
		}
	}
	return f.removeLogs()
}

// sweep removes what kills and drops have left behind, and readies the staging folder.
func (f *folder) sweep() error {
	if err := f.fs.RemoveAll(f.path(stagingDir)); err != nil {
		return err
	}
	if !f.marker.Ready {
		if err := f.fs.RemoveAll(f.path(dbDir)); err != nil {
			return err
		}
	}
	return f.fs.MkdirAll(f.path(stagingDir), 0o755)
}

// removeLogs removes the logs of the database. Nothing is ever logged while tables are loaded, and the empty logs of
// a process that was killed make the next one write to the journal in a goroutine of the database, where guard
// cannot catch that the disk is full.
func (f *folder) removeLogs() error {
	logs, err := f.list(dbDir, ".log")
	for _, name := range logs {
		err = errors.Join(err, f.fs.Remove(f.fs.PathJoin(f.path(dbDir), name)))
	}
	return err
}

// list returns the names of files in one of f's folders that end in suffix. The folder may be missing.
func (f *folder) list(dir, suffix string) ([]string, error) {
	names, err := f.fs.List(f.path(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, suffix) }), nil
}
