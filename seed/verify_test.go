package seed

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
)

// TestVerifyNamesFaults verifies stores that have been tampered with.
func TestVerifyNamesFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper func(t *testing.T, dir string)
		want   []string
	}{
		{"one record of another seed", func(t *testing.T, dir string) { write1000(t, dir, 1000, otherAt(123)) },
			[]string{"faults in 1 of 1000 records: listing 123 is not as generated\nstart over with --drop"}},
		{"first and last record", func(t *testing.T, dir string) { write1000(t, dir, 1000, otherAt(0, 999)) },
			[]string{"faults in 2 of 1000 records: listing 0 is not as generated; listing 999 is not as generated"}},
		{"all records", func(t *testing.T, dir string) {
			other := NewGenerator(2)
			write1000(t, dir, 1000, other.AppendListing)
		}, []string{"faults in 1000 of 1000 records: listing 0", "listing 9 is not as generated; …"}},
		{"records missing", func(t *testing.T, dir string) {
			write1000(t, dir, 998, nil)
			replaceInFile(t, filepath.Join(dir, "imgsvc.json"), `"records": 998`, `"records": 1000`)
		}, []string{"faults in 2 of 1000 records: listing 998 is missing; listing 999 is missing"}},
		{"records too many", func(t *testing.T, dir string) {
			write1000(t, dir, 1001, nil)
			replaceInFile(t, filepath.Join(dir, "imgsvc.json"), `"records": 1001`, `"records": 1000`)
		}, []string{"faults in 1 of 1000 records: listing 1000 should not be there"}},
		{"a flipped bit on disk", func(t *testing.T, dir string) {
			write1000(t, dir, 1000, nil)
			flipBit(t, dir)
		}, []string{"of 1000 records: listing 0 cannot be read (listing 0: corrupt listing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "store")
			c.tamper(t, dir)
			sum, err := Run(t.Context(), Options{Store: "pebble:" + dir, Records: 1000, Verify: VerifyAll})
			if err == nil || sum.Verified == nil || sum.Verified.Faults == 0 || sum.Verified.Records != 1000 {
				t.Fatalf("%+v, %v", sum.Verified, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want %q", err, want)
				}
			}
			_, err = Run(t.Context(), Options{Store: "pebble:" + dir, Records: 1000, Verify: VerifySample})
			if many := sum.Verified.Faults > 40; many && err == nil {
				t.Errorf("a sample of a thousand finds none of %d faults", sum.Verified.Faults)
			}
		})
	}
}

// write1000 makes a complete store of records that appendListing encodes, or the right ones if it is nil.
func write1000(t *testing.T, dir string, records int64, appendListing func([]byte, int64) []byte) {
	t.Helper()
	if appendListing == nil {
		g := NewGenerator(1)
		appendListing = g.AppendListing
	}
	p, err := store.LoadPebble(dir, store.Meta{Seed: 1, Records: records, Generator: GeneratorVersion}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.LoadRange(context.Background(), store.Range{Hi: records}, appendListing); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// otherAt encodes the right records, but for some ids those of another seed.
func otherAt(ids ...int64) func([]byte, int64) []byte {
	right, other := NewGenerator(1), NewGenerator(2)
	return func(dst []byte, id int64) []byte {
		for _, wrong := range ids {
			if id == wrong {
				return other.AppendListing(dst, id)
			}
		}
		return right.AppendListing(dst, id)
	}
}

func replaceInFile(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s holds no %s: %v", path, old, err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(replacement), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// flipBit changes the beginning of the only table, which holds the first records.
func flipBit(t *testing.T, dir string) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "db", "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	text, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	text[1000] ^= 1
	if err := os.WriteFile(tables[0], text, 0o644); err != nil {
		t.Fatal(err)
	}
}
