package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// format is a way to write a report.
type format struct {
	name  string
	write func(*Report, io.Writer) error
}

func formats() []format {
	return []format{
		{"text", (*Report).writeText},
		{"json", (*Report).writeJSON},
		{"csv", (*Report).writeCSV},
		{"markdown", (*Report).writeMarkdown},
		{"artillery", (*Report).writeArtillery},
		{"hdr", (*Report).writeHDR},
		{"html", (*Report).writeHTML},
	}
}

// Formats returns the names of what Write can write, the usual one first.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// CheckFormat returns an error that lists what exists if Write does not know a format of that name.
func CheckFormat(name string) error {
	_, err := findFormat(name)
	return err
}

func findFormat(name string) (format, error) {
	for _, f := range formats() {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("there is no format %q; there are %s", name, strings.Join(Formats(), ", "))
}

// Write writes the report as text for people, json (the whole document), csv (the series), markdown (a summary),
// artillery (the JSON document that artillery run --output writes), hdr (the percentile distribution of response, in
// ms) or html (a page that needs nothing else).
func (r *Report) Write(w io.Writer, name string) error {
	f, err := findFormat(name)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	if err = f.write(r, buffered); err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write report as %s: %w", name, err)
	}
	return nil
}

func (r *Report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// WriteFile writes the report as JSON. A file is replaced whole or, if anything goes wrong, left as it was; what is
// not a regular file, like a pipe or a device, is written to.
func (r *Report) WriteFile(path string) error {
	if err := replaceFile(path, r.writeJSON); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return nil
}

// replaceFile lets write write a new file that then takes the place of path's. Errors are without a path: the caller
// names the one its user knows, not that of the new file.
func replaceFile(path string, write func(io.Writer) error) error {
	err := replace(path, write)
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func replace(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := fs.FileMode(0o666) // less the umask
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return writeInto(path, write)
		}
		mode = info.Mode().Perm()
	}
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.tmp", filepath.Base(path), os.Getpid()))
	err := writeSynced(temp, mode, write)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	return syncDir(filepath.Dir(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func writeInto(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

func writeSynced(path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes a rename in dir last. Where a folder cannot be synced, the rename is as good as it gets.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = d.Sync()
	return d.Close()
}
