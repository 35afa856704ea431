package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestRefusals opens folders that hold no store, or not the wanted one. Each error names the remedy, and what is in
// the folder stays as it is.
func TestRefusals(t *testing.T) {
	seeded := func(t *testing.T, dir string) {
		if err := (testStore{vfs.Default, dir, Meta{Seed: 1, Records: 20, Generator: 1}, false}).seed(10, ignore); err != nil {
			t.Fatal(err)
		}
	}
	begun := func(t *testing.T, dir string) {
		s := testStore{vfs.Default, dir, Meta{Seed: 1, Records: 20, Generator: 1}, false}
		p := must(s.load())
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { writeTestFile(t, filepath.Join(dir, name), text) }
	}
	load := func(meta Meta, drop bool) func(string) (*Pebble, error) {
		return func(dir string) (*Pebble, error) { return LoadPebble(dir, meta, drop) }
	}
	serve := func(dir string) (*Pebble, error) { return OpenPebble(dir, PebbleOptions{ReadOnly: true}) }
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, dir string)
		open  func(dir string) (*Pebble, error)
		want  []string
	}{
		{"serve nothing", func(*testing.T, string) {}, serve, []string{"there is no store in", "imgsvc seed --store pebble:"}},
		{"serve an empty folder", func(t *testing.T, dir string) { writeTestFile(t, filepath.Join(dir, lockFile), "") }, serve,
			[]string{"there is no store in"}},
		{"serve half a store", begun, serve, []string{"seeded only in part", "--records 20 --seed 1"}},
		{"serve a newer store", file(markerFile, `{"kind":"imgsvc listings","format":2}`), serve, []string{"format 2", "newer imgsvc"}},
		{"serve a damaged store", file(markerFile, `{"kind":"imgsvc listings","format":1,"complete":true,"ready":true}`), serve,
			[]string{"open the store in"}},
		{"seed another seed", seeded, load(Meta{Seed: 2, Records: 20, Generator: 1}, false),
			[]string{"is for 20 records of seed 1 (generator 1), not for 20 records of seed 2", "--drop"}},
		{"seed more records", seeded, load(Meta{Seed: 1, Records: 30, Generator: 1}, false), []string{"not for 30 records", "--drop"}},
		{"seed from another generator", seeded, load(Meta{Seed: 1, Records: 20, Generator: 2}, false), []string{"(generator 2)", "--drop"}},
		{"seed other things", file("thesis.doc", "years of work"), load(Meta{Records: 1}, false), []string{"holds thesis.doc", "new folder"}},
		{"drop other things", file("thesis.doc", "years of work"), load(Meta{Records: 1}, true), []string{"is not a store"}},
		{"drop another database", file("MANIFEST-000001", "x"), load(Meta{Records: 1}, true), []string{"is not a store"}},
		{"drop another imgsvc.json", file(markerFile, `{"port":3000}`), load(Meta{Records: 1}, true), []string{"is not a store"}},
		{"drop a torn imgsvc.json", file(markerFile, `{"kind":"imgs`), load(Meta{Records: 1}, true), []string{"is not a store"}},
		{"drop a newer store", file(markerFile, `{"kind":"imgsvc listings","format":2}`), load(Meta{Records: 1}, true), []string{"format 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			c.setup(t, dir)
			before := listFiles(t, dir)
			_, err := c.open(dir)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			for name, text := range before {
				if after := listFiles(t, dir); after[name] != text {
					t.Errorf("%s was %q and is %q", name, text, after[name])
				}
			}
		})
	}
}

// TestDropKeepsWhatIsNotOurs drops a store in whose folder somebody has put a file.
func TestDropKeepsWhatIsNotOurs(t *testing.T) {
	s := diskStore(t, 20)
	if err := s.seed(10, ignore); err != nil {
		t.Fatal(err)
	}
	mine := []string{"notes.txt", "db.backup/000004.sst", "staging.txt"}
	for _, name := range mine {
		writeTestFile(t, filepath.Join(s.dir, name), "mine")
	}
	s.drop, s.meta.Seed, s.meta.Records = true, 2, 30
	if err := s.seed(10, ignore); err != nil {
		t.Fatal(err)
	}
	s.check(t)
	files := listFiles(t, s.dir)
	for _, name := range mine {
		if files[name] != "mine" {
			t.Errorf("%s, which is not ours, is gone", name)
		}
	}
}

// TestEmptyStore makes another store of one that was begun and holds nothing yet.
func TestEmptyStore(t *testing.T) {
	s := diskStore(t, 20)
	if err := must(s.load()).Close(); err != nil {
		t.Fatal(err)
	}
	s.meta.Seed, s.meta.Records = 2, 30
	if err := s.seed(10, ignore); err != nil {
		t.Fatal(err)
	}
	s.check(t)
}

func TestUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeTestFile(t, file, "x")
	for _, dir := range []string{file, filepath.Join(file, "store")} {
		if _, err := LoadPebble(dir, Meta{Seed: 1, Records: 1}, false); err == nil || !strings.Contains(err.Error(), "name a") {
			t.Errorf("store in %s: error %v, want one that names the remedy", dir, err)
		}
	}
	// Permissions do not stop root, so the disk refuses.
	denied := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return &os.PathError{Op: "open", Path: op.Path, Err: syscall.EACCES}
		}
		return nil
	}))
	for _, dir := range []string{"/", "/new"} {
		_, err := loadPebble(dir, Meta{Seed: 1, Records: 1}, false, PebbleOptions{fs: denied})
		if err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), "that you can write to") {
			t.Errorf("store in %s of a disk that cannot be written to: %v", dir, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ url, dir, wrong string }{
		{"", "./imgsvc-data", ""},
		{"pebble:./x", "./x", ""},
		{"pebble:/var/lib/a:b", "/var/lib/a:b", ""},
		{"pebble:", "", "names no folder"},
		{"./x", "", "write pebble:./x"},
		{"mongodb:user:hush@host", "", "no // after the scheme"},
		{"mongodb://user:hush@", "", "user:xxxxx@"},
		{"mongodb://user:hush@host/db?readPreference=wat", "", "unknown read preference wat"},
		{"mongodb://user:hush/hush@host/db", "", "percent-encoded"},
		{"mongodb://user:%hush@host/db", "", "percent-encoded"},
		{"mongodb://user:hush@host:port/db", "", "write mongodb://HOST/DATABASE"},
		{"mongodb://user:hush@host/a.b", "", `"a.b" is no name of a database`},
		{"mongodb+srv://user:hush@host/a%20b", "", `"a b" is no name of a database`},
		{"postgres://user:hush@host/db", "", `unknown kind of store "postgres"`},
	} {
		at, err := ParseURL(c.url)
		if c.wrong == "" && (err != nil || at.Dir != c.dir) {
			t.Errorf("%q: folder %q, %v; want %q", c.url, at.Dir, err, c.dir)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%q: error %v, want one that says %q and shows no password", c.url, err, c.wrong)
		}
	}
}

func writeTestFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// listFiles returns the contents of all files in dir, by path.
func listFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // a folder that is not there has no files
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
