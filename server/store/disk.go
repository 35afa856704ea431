package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// makeDir makes dir and the parents it lacks. A new folder survives a power cut once its parent is synced.
func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir); err == nil {
		return nil
	}
	parent := fsys.PathDir(dir)
	if parent != dir {
		if err := makeDir(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return syncDir(fsys, parent)
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockError tells a store in use from one whose lock cannot be made. If another process holds the lock, err is a
// bare EAGAIN or EACCES; if this one does, it has no type of its own.
func lockError(dir string, err error) error {
	var path *fs.PathError
	var errno syscall.Errno
	if errors.As(err, &path) || errors.As(err, &errno) && errno != syscall.EAGAIN && errno != syscall.EACCES {
		return withHint(fmt.Errorf("lock the store in %s: %w", dir, err), hintWritable)
	}
	return fmt.Errorf("the store in %s is in use, and only one process at a time can open it\nstop the other, or name another folder",
		dir)
}

const hintWritable = "name a folder that you can write to"

// withHint adds to err, which may be nil, a line on what can be done about it: free some space if the disk is full,
// or what otherwise says.
func withHint(err error, otherwise string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w\nfree some space and run the same command again: it goes on with what is missing", err)
	case otherwise != "":
		return fmt.Errorf("%w\n%s", err, otherwise)
	}
	return err
}
