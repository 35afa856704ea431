// Package seed fills a store with listings.
//
// Record n is a pure function of the seed and n. Workers take ranges of n from one counter; each encodes its range
// with a generator of its own, straight into what the store is writing, and takes the next: no channel of records,
// nothing shared, memory that does not grow with their number, and the same store every time. A run that was
// killed is run again and does what is missing. It ends with a Summary that is itself a measurement.
package seed

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Sink takes the records of a range: all of them or, in case of an error, none. appendListing appends the encoded
// record with the given id to dst. LoadRange is called by several goroutines at once, for ranges that do not meet.
type Sink interface {
	LoadRange(ctx context.Context, r store.Range, appendListing func(dst []byte, id int64) []byte) error
}

// Options says what to seed, and how.
type Options struct {
	Store    string         // URL; empty means store.DefaultURL
	Records  int64          // 0 means 10,000,000; at most MaxRecords
	Seed     uint64         // 0 means 1
	Workers  int            // 0 means GOMAXPROCS
	Batch    int            // records in one table; 0 means 16,384
	Drop     bool           // start over if the store holds something
	Verify   Verify         // whether to read the records back
	Progress func(Progress) // told how far it is, one call after the other; nil for nobody
}

// Verify says how much of a store to compare with the generator.
type Verify string

// The ways to verify.
const (
	VerifyNone   Verify = ""
	VerifyAll    Verify = "all"
	VerifySample Verify = "sample"
)

// Progress says how far a stage has come.
type Progress struct {
	Stage     string        // "seed" or "verify"
	Done      int64         // records, what was there before included
	Total     int64         // records
	Rate      float64       // records a second since the stage began
	Remaining time.Duration // at this rate
}

// Summary says what was done.
type Summary struct {
	Store      string  `json:"store"`
	Seed       uint64  `json:"seed"`
	Generator  int     `json:"generator"`
	Records    int64   `json:"records"`     // in the store
	Existing   int64   `json:"existing"`    // of these, there before
	Written    int64   `json:"written"`     // of these, by this run
	DurationNS int64   `json:"duration_ns"` // of the writing
	Rate       float64 `json:"rate"`        // records written a second
	Bytes      int64   `json:"bytes"`       // on disk
	Complete   bool    `json:"complete"`    // Records is all that was asked for
}

func (o Options) withDefaults() Options {
	if o.Records == 0 {
		o.Records = 10_000_000
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Batch == 0 {
		o.Batch = 16384
	}
	return o
}

// Run seeds.
func Run(ctx context.Context, opts Options) (Summary, error) {
	opts = opts.withDefaults()
	loc, err := store.ParseURL(opts.Store)
	if err != nil {
		return Summary{}, err
	}
	p, err := store.LoadPebble(loc.Dir, store.Meta{Seed: opts.Seed, Records: opts.Records, Generator: GeneratorVersion}, opts.Drop)
	if err != nil {
		return Summary{}, err
	}
	defer p.Close()
	missing, err := p.Missing()
	if err != nil {
		return Summary{}, err
	}
	ranges := split(missing, int64(opts.Batch))
	start := time.Now()
	var next, written atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range opts.Workers {
		group.Go(func() error {
			g := NewGenerator(opts.Seed)
			for {
				i := next.Add(1) - 1
				if i >= int64(len(ranges)) {
					return nil
				}
				if err := p.LoadRange(ctx, ranges[i], g.AppendListing); err != nil {
					return err
				}
				written.Add(ranges[i].Hi - ranges[i].Lo)
			}
		})
	}
	if err := group.Wait(); err != nil {
		return Summary{}, err
	}
	d := time.Since(start)
	if err := p.Finish(); err != nil {
		return Summary{}, err
	}
	fmt.Println(p.Metrics())
	return Summary{Records: opts.Records, Written: written.Load(), DurationNS: int64(d), Rate: float64(written.Load()) / d.Seconds()}, nil
}

func split(missing []store.Range, batch int64) []store.Range {
	var out []store.Range
	for _, r := range missing {
		for lo := r.Lo; lo < r.Hi; lo = min(lo+batch, r.Hi) {
			out = append(out, store.Range{Lo: lo, Hi: min(lo+batch, r.Hi)})
		}
	}
	return out
}
