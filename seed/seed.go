// Package seed fills a store with listings, ten million of them in seconds.
//
// Record n is a pure function of the seed and n. Workers take ranges of n from one queue; each encodes its range
// with a generator of its own, record by record into what the store is writing, and takes the next: no channel of
// records, nothing shared, memory that does not grow with their number, and the same store every time. The store knows
// which ranges are whole, so a run that was killed is run again and does what is missing. A run ends with a Summary that
// is itself a measurement, and can end with reading everything back.
package seed

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Sink takes the records of a range. After an error the range counts as missing, and is loaded again by the next run.
// appendRecord appends the record with the given id to dst, as the sink holds it; the sink calls it for one id after the
// other, so that a record goes from the generator to where it is written without lying in between. LoadRange is called
// by several goroutines at once, for ranges that do not meet.
type Sink interface {
	LoadRange(ctx context.Context, r store.Range, appendRecord func(dst []byte, id int64) []byte) error
}

// Run seeds the store that opts names and says what it did; the summary is true, if not complete, whatever the
// error. When ctx ends it stops within some milliseconds and keeps the ranges that are whole. Its errors name the
// remedy. Unless it was told to drop the store, nothing that was in there before is lost, whatever happens.
func Run(ctx context.Context, opts Options) (Summary, error) {
	batch := opts.Batch
	opts = opts.withDefaults()
	sum := Summary{Seed: opts.Seed, Generator: GeneratorVersion}
	if err := opts.Validate(); err != nil {
		return sum, err
	}
	at, err := store.ParseURL(opts.Store)
	if err != nil {
		return sum, err
	}
	sum.Store = at.String()
	if at.IsMongo() && batch == 0 {
		opts.Batch = min(opts.Batch, mongoBatch)
	}
	db, err := open(ctx, at, &opts)
	if err != nil {
		return sum, err
	}
	err = run(ctx, db, opts, &sum)
	if closeErr := db.Close(); err == nil { // what goes wrong at the end of what went wrong adds nothing
		err = closeErr
	}
	return sum, err
}

func run(ctx context.Context, db database, opts Options, sum *Summary) error {
	missing, err := db.Missing(ctx)
	if err != nil {
		return err
	}
	sum.Existing = opts.Records - total(missing)
	if !db.Meta().Complete {
		err = write(ctx, db, missing, opts, sum)
	} else if sum.Changed, err = db.Changed(ctx); err != nil {
		return err
	}
	sum.Records = sum.Existing + sum.Written
	sum.Bytes, sum.Complete = db.DiskBytes(context.WithoutCancel(ctx)), db.Meta().Complete
	if err != nil || opts.Verify == VerifyNone {
		return err
	}
	sum.Verified, err = verify(ctx, db, opts)
	return err
}

// write loads what is missing and marks the store as complete.
func write(ctx context.Context, db database, missing []store.Range, opts Options, sum *Summary) error {
	if free, ok := db.FreeBytes(); ok {
		if err := checkSpace(sum.Store, total(missing), free); err != nil {
			return err
		}
	}
	meter := newMeter(StageSeed, sum.Existing, opts)
	err := fill(ctx, db, missing, opts, meter)
	sum.Written = meter.done() - sum.Existing
	sum.measure(meter.elapsed())
	sum.account(db)
	switch {
	case err == nil:
		return db.Finish(ctx)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fmt.Errorf("stopped with %d of %d records stored\nrun the same command again: it goes on with what is missing",
			meter.done(), opts.Records)
	}
	return err
}

// fill loads the missing ranges into sink. It returns when all workers have, with the first of their errors.
func fill(ctx context.Context, sink Sink, missing []store.Range, opts Options, meter *meter) error {
	work := &queue{ranges: missing, batch: int64(opts.Batch)}
	group, ctx := errgroup.WithContext(ctx)
	for range opts.Workers {
		group.Go(func() error {
			g := NewGenerator(opts.Seed)
			appendRecord := func(dst []byte, id int64) []byte { return opts.encode(&g, dst, id) }
			for r, ok := work.next(); ok; r, ok = work.next() {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := sink.LoadRange(ctx, r, appendRecord); err != nil {
					return err
				}
				meter.add(r.Len())
			}
			return nil
		})
	}
	return group.Wait()
}

// diskBytesPerRecord is what a record takes on disk, compressed: measured, see TestSpace.
const diskBytesPerRecord = 159

// checkSpace refuses to start what cannot end well.
func checkSpace(url string, records, free int64) error {
	need := records * diskBytesPerRecord
	if need <= free {
		return nil
	}
	return fmt.Errorf("%d records need about %d MB in %s, and %d MB are free\nfree some space, name another store or fewer --records",
		records, need/1e6, url, free/1e6)
}

func total(ranges []store.Range) (n int64) {
	for _, r := range ranges {
		n += r.Len()
	}
	return n
}
