package seed

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// BenchmarkSeed seeds two million records, durably, and reports records a second and the most memory that the
// process has ever had, which does not depend on the number of records.
func BenchmarkSeed(b *testing.B) {
	opts := Options{Store: "pebble:" + filepath.Join(b.TempDir(), "store"), Records: 2_000_000, Drop: true}
	var written int64
	var took time.Duration
	for b.Loop() {
		sum, err := Run(b.Context(), opts)
		if err != nil {
			b.Fatal(err)
		}
		written, took = written+sum.Written, took+sum.DurationNS
	}
	b.ReportMetric(float64(written)/took.Seconds(), "records/s")
	b.ReportMetric(float64(peakKiB(b))/1024, "MiB-resident")
}

// BenchmarkVerify reads them back.
func BenchmarkVerify(b *testing.B) {
	opts := Options{Store: "pebble:" + filepath.Join(b.TempDir(), "store"), Records: 500_000}
	if _, err := Run(b.Context(), opts); err != nil {
		b.Fatal(err)
	}
	opts.Verify = VerifyAll
	records := int64(0)
	for b.Loop() {
		sum, err := Run(b.Context(), opts)
		if err != nil {
			b.Fatal(err)
		}
		records += sum.Verified.Records
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// peakKiB returns the most memory that the process has had resident; the unit is that of Linux.
func peakKiB(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Maxrss
}

// BenchmarkFind reads random records, of which the database has next to none in its cache.
func BenchmarkFind(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	const records = 500_000
	if _, err := Run(b.Context(), Options{Store: "pebble:" + dir, Records: records}); err != nil {
		b.Fatal(err)
	}
	db, err := store.OpenPebble(dir, store.PebbleOptions{ReadOnly: true, CacheBytes: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := db.FindListing(b.Context(), int64(mix(uint64(i))%records)); err != nil {
			b.Fatal(err)
		}
	}
}
