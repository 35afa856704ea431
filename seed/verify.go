package seed

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store"
)

const (
	sampleRecords = 10_000
	verifyBatch   = 16_384 // records that a worker compares before it tells
	shownFaults   = 10
	manyFaults    = 10_000
)

// verifier compares what is in a store with what belongs there.
type verifier struct {
	db    database
	opts  Options
	meter *meter

	mu      sync.Mutex
	faults  int64
	changed int64
	shown   []fault // the first of the faults by id, at most shownFaults
}

// ErrDiffers is wrapped by the error of a verification that found a store not to be as seeded.
var ErrDiffers = errors.New("the store is not as seeded")

// fault is a record that is not as it should be.
type fault struct {
	id   int64
	what string
}

// verify reads back all of db or a sample. If a record is not as generated the error names it.
func verify(ctx context.Context, db database, opts Options) (*Verified, error) {
	v := &verifier{db: db, opts: opts}
	check := v.checkRange
	if opts.Verify == VerifySample {
		check, opts.Records = v.checkSample, min(opts.Records, sampleRecords)
	}
	v.meter = newMeter(StageVerify, 0, opts)
	err := v.eachRange(ctx, opts, check)
	if err == nil && opts.Verify == VerifyAll {
		err = v.checkRest(ctx)
	}
	done := &Verified{Mode: opts.Verify, Records: v.meter.done(), Faults: v.faults, Changed: v.changed, DurationNS: v.meter.elapsed()}
	switch {
	case ctx.Err() != nil:
		return done, fmt.Errorf("stopped with %d of %d records verified", done.Records, opts.Records)
	case err != nil:
		return done, err
	}
	return done, v.verdict(done)
}

// eachRange has workers check the ranges of opts.Records numbers, and waits for them.
func (v *verifier) eachRange(ctx context.Context, opts Options, check func(context.Context, *Generator, store.Range) error) error {
	work := &queue{ranges: []store.Range{{Hi: opts.Records}}, batch: verifyBatch}
	group, ctx := errgroup.WithContext(ctx)
	for range opts.Workers {
		group.Go(func() error {
			g := NewGenerator(opts.Seed)
			for r, ok := work.next(); ok; r, ok = work.next() {
				if err := check(ctx, &g, r); err != nil {
					return err
				}
				v.meter.add(r.Len())
			}
			return nil
		})
	}
	return group.Wait()
}

// checkRange compares the records of r. Where the scan of a range breaks off, what is left of it is read one by one.
func (v *verifier) checkRange(ctx context.Context, g *Generator, r store.Range) error {
	var want []byte
	next := r.Lo
	var lost error // of a question about one record; what else goes wrong in a scan is looked at below
	_ = v.db.Scan(ctx, r, func(id int64, raw []byte) error {
		for ; next < id && lost == nil; next++ {
			lost = v.missing(ctx, next)
		}
		if want = g.AppendListing(want[:0], id); !bytes.Equal(raw, want) && lost == nil {
			lost = v.differs(ctx, id, raw)
		}
		next = id + 1
		return errors.Join(lost, ctx.Err())
	})
	if lost != nil {
		return lost
	}
	for ; next < r.Hi && ctx.Err() == nil; next++ {
		if err := v.checkOne(ctx, g, next); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// checkSample compares one record for each number of r: which, only the number and the seed decide.
func (v *verifier) checkSample(ctx context.Context, g *Generator, r store.Range) error {
	for i := r.Lo; i < r.Hi && ctx.Err() == nil; i++ {
		d := dice(mix(v.opts.Seed ^ mix(uint64(i))))
		if err := v.checkOne(ctx, g, int64(d.roll(int(v.opts.Records)))); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// checkOne reads one record. Its error ends the verification: a server that is gone is no fault of the records.
func (v *verifier) checkOne(ctx context.Context, g *Generator, id int64) error {
	have, err := v.db.FindListing(ctx, id)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, store.ErrUnreachable):
		return err
	case errors.Is(err, store.ErrNotFound):
		return v.missing(ctx, id)
	case err != nil:
		v.fault(id, fmt.Sprintf("cannot be read (%v)", err))
	case !bytes.Equal(have.Encoded(), g.AppendListing(nil, id)):
		return v.differs(ctx, id, have.Encoded())
	}
	return nil
}

// checkRest looks for records with ids beyond the last.
func (v *verifier) checkRest(ctx context.Context) error {
	return v.db.Scan(ctx, store.Range{Lo: v.opts.Records, Hi: math.MaxInt64}, func(id int64, raw []byte) error {
		err := v.judge(ctx, id, store.Written, raw, "should not be there")
		return errors.Join(err, ctx.Err())
	})
}

// missing and differs note what became of a record: a change by a service, or a fault.
func (v *verifier) missing(ctx context.Context, id int64) error {
	return v.judge(ctx, id, store.Deleted, nil, "is missing")
}

func (v *verifier) differs(ctx context.Context, id int64, raw []byte) error {
	return v.judge(ctx, id, store.Written, raw, "is not as generated")
}

// judge notes a change if the store has the trace of it, and what a service wrote is whole; else a fault. The store is
// asked for each such record, so no more once there are many faults.
func (v *verifier) judge(ctx context.Context, id int64, trace store.Trace, raw []byte, what string) error {
	if trace == store.Written {
		if _, err := store.ParseListing(raw); err != nil {
			v.fault(id, what)
			return nil
		}
	}
	if v.hopeless() {
		v.fault(id, what)
		return nil
	}
	switch have, err := v.db.Trace(ctx, id); {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case have == trace:
		v.mu.Lock()
		v.changed++
		v.mu.Unlock()
	default:
		v.fault(id, what)
	}
	return nil
}

// hopeless says whether there are so many faults that it does not matter which of the rest are changes.
func (v *verifier) hopeless() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.faults > manyFaults
}

// fault notes one.
func (v *verifier) fault(id int64, what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults++
	v.shown = append(v.shown, fault{id, what})
	slices.SortFunc(v.shown, func(a, b fault) int { return cmp.Compare(a.id, b.id) })
	v.shown = v.shown[:min(len(v.shown), shownFaults)]
}

// verdict is the error that names the faults, or nil if there are none.
func (v *verifier) verdict(done *Verified) error {
	changed := ""
	if v.changed > 0 {
		changed = fmt.Sprintf("%d listings changed since seeding, by services that write", v.changed)
	}
	if v.faults == 0 && v.changed == 0 {
		return nil
	}
	if v.faults == 0 {
		return fmt.Errorf("%w: %s\nstart over with --drop", ErrDiffers, changed)
	}
	var names []string
	for _, f := range v.shown {
		names = append(names, fmt.Sprintf("listing %d %s", f.id, f.what))
	}
	if v.faults > shownFaults {
		names = append(names, "…")
	}
	if changed != "" {
		changed = "; besides " + changed
	}
	return fmt.Errorf("%w: faults in %d of %d records: %s%s\nstart over with --drop", ErrDiffers, v.faults, done.Records,
		strings.Join(names, "; "), changed)
}
