package seed

import (
	"context"

	"github.com/starkillersystems/imgsvc/server/store"
)

// database is what a run needs of a store: to be filled, and read back.
type database interface {
	Sink
	Meta() store.Meta
	Missing(ctx context.Context) ([]store.Range, error)
	Finish(ctx context.Context) error
	FindListing(ctx context.Context, id int64) (store.Listing, error)
	Scan(ctx context.Context, r store.Range, visit func(id int64, raw []byte) error) error
	Trace(ctx context.Context, id int64) (store.Trace, error)
	Changed(ctx context.Context) (bool, error)
	DiskBytes(ctx context.Context) int64
	FreeBytes() (int64, bool)
	Close() error
}

// encoder is how a generator writes records for a kind of database.
type encoder func(g *Generator, dst []byte, id int64) []byte

// open opens the store that opts names, to be seeded, and sets what in opts depends on its kind.
func open(ctx context.Context, at store.Location, opts *Options) (database, error) {
	want := store.Meta{Seed: opts.Seed, Records: opts.Records, Generator: GeneratorVersion}
	if at.IsMongo() {
		opts.encode = (*Generator).AppendBSON
		return store.LoadMongo(ctx, at.Mongo, want, opts.Drop, store.MongoOptions{})
	}
	return store.LoadPebble(at.Dir, want, opts.Drop)
}

// waiter is a database that knows how long it kept its callers waiting.
type waiter interface {
	LoadStats() store.LoadStats
}

// The limits of a run.
const (
	LimitClient   = "client"
	LimitDatabase = "database"
)

// account corrects the summary by what the database knows: records that a killed run had written, and who waited.
func (s *Summary) account(db database) {
	w, ok := db.(waiter)
	if !ok || s.DurationNS <= 0 {
		return
	}
	stats := w.LoadStats()
	s.Existing += stats.Present
	s.Written -= stats.Present
	s.measure(s.DurationNS)
	s.WaitRatio = float64(stats.Waited) / float64(max(stats.Loading, 1))
	s.Limit = LimitClient
	if s.WaitRatio > 0.5 {
		s.Limit = LimitDatabase
	}
}
