package seed

import (
	"fmt"
	"runtime"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Options says what to seed, and how.
type Options struct {
	Store    string         // URL; empty means store.DefaultURL
	Records  int64          // 0 means DefaultRecords; at most MaxRecords
	Seed     uint64         // 0 means 1
	Workers  int            // ranges written at once; 0 means half as many again as there are processors
	Batch    int            // records written as one range; 0 means 131,072 (MongoDB: 16,384), less for a small store, more for a huge one
	Drop     bool           // start over, whatever the store holds
	Verify   Verify         // what to read back and compare with the generator
	Progress func(Progress) // told how far it is, one call after the other; nil means nobody

	encode encoder // for the kind of database; nil means that of embedded ones
}

// DefaultRecords is the number of records the original service was built for.
const DefaultRecords = 10_000_000

// The bounds of Options. A worker takes about 4 MiB of memory.
const (
	MaxWorkers = 32
	MaxBatch   = 1 << 22
)

// Verify says which records to read back.
type Verify string

// The kinds of verification.
const (
	VerifyNone   Verify = ""
	VerifyAll    Verify = "all"
	VerifySample Verify = "sample" // as many as 10,000, chosen at random from the seed
)

// Validate says what is wrong with the options, in the words of the flags they come from.
func (o Options) Validate() error {
	switch {
	case o.Records < 0 || o.Records > MaxRecords:
		return fmt.Errorf("--records must be from 1 to %d, not %d", int64(MaxRecords), o.Records)
	case o.Workers < 0 || o.Workers > MaxWorkers:
		return fmt.Errorf("--workers must be from 1 to %d, not %d", MaxWorkers, o.Workers)
	case o.Batch < 0 || o.Batch > MaxBatch:
		return fmt.Errorf("--batch must be from 1 to %d, not %d", MaxBatch, o.Batch)
	}
	switch o.Verify {
	case VerifyNone, VerifyAll, VerifySample:
		return nil
	}
	return fmt.Errorf("--verify must be all or sample, not %q", string(o.Verify))
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Store == "" {
		o.Store = store.DefaultURL
	}
	if o.Records == 0 {
		o.Records = DefaultRecords
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Workers == 0 {
		o.Workers = min(runtime.GOMAXPROCS(0)*3/2+1, MaxWorkers) // some wait for the disk while the others work
	}
	if o.encode == nil {
		o.encode = (*Generator).AppendListing
	}
	if o.Batch == 0 {
		o.Batch = defaultBatch(o.Records, int64(o.Workers))
	}
	return o
}

// defaultBatch is large enough for what a range costs, some milliseconds, to be lost in what its records cost, but
// small enough for each worker to have several ranges, and for a kill to undo less than a second. The database holds
// some hundred bytes in memory for each range, so a huge store has larger ranges rather than more.
func defaultBatch(records, workers int64) int {
	const usual, fewest, mostRanges = 1 << 17, 1 << 10, 1 << 14
	batch := min(max(records/(8*workers), fewest), usual)
	return int(min(max(batch, records/mostRanges), MaxBatch))
}

// mongoBatch is a second's work of a slow server, and some twenty times what is written to note that it is done.
const mongoBatch = 1 << 14
