package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// LoadMongo opens the store at url to be seeded with want, and makes it if it is missing. A store that is for something
// else is an error and stays as it is; with drop it is emptied first. Listings that no imgsvc has put there are an
// error even then. Listings that are there belong to want; Missing tells which may not be.
func LoadMongo(ctx context.Context, url string, want Meta, drop bool, opts MongoOptions) (*Mongo, error) {
	m, err := connectMongo(ctx, url, opts.withDefaults(), readpref.Primary())
	if err != nil {
		return nil, err
	}
	m.heap = make([]byte, loadingHeap)
	if err := m.startLoading(ctx, want, drop); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// loadingHeap is how many bytes of garbage may lie in the heap before the collector runs: memory that counts for its pace
// and is never touched, so that it takes none of the machine's. The driver leaves a copy of each command behind, and
// with a small heap the collector runs after every few of them, for a third of the CPU time of a record.
const loadingHeap = 32 << 20

func (m *Mongo) startLoading(ctx context.Context, want Meta, drop bool) error {
	if err := m.readLimits(ctx); err != nil {
		return err
	}
	if err := m.readMarker(ctx); err != nil {
		return err
	}
	if err := m.accept(ctx, want, drop); err != nil {
		return err
	}
	if err := m.prepare(ctx, want, drop); err != nil {
		return err
	}
	return m.readProgress(ctx)
}

// accept says whether the store may become the wanted one: there is none, it is to be dropped, it is the same, or there
// is nothing in it to lose.
func (m *Mongo) accept(ctx context.Context, want Meta, drop bool) error {
	have := m.marker.meta()
	have.Complete = false
	if m.marker.Kind != "" && (drop || have == want || !m.marker.Ready) {
		return nil
	}
	empty, err := m.empty(ctx)
	switch {
	case err != nil || empty:
		return err
	case m.marker.Kind == "":
		return fmt.Errorf("%s is not a store: its collection %s holds documents, and there is no %s\nname another database",
			m, listingsCollection, metaCollection)
	}
	return fmt.Errorf("the store in %s is for %s, not for %s\nname another database, or start over with --drop", m, have, want)
}

// empty says whether there are no listings, by looking for one.
func (m *Mongo) empty(ctx context.Context) (bool, error) {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	_, err := m.listings.FindOne(ctx, bson.D{}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return true, nil
	}
	return false, m.firstError(ctx, err)
}

// prepare makes the marker that of the wanted store and removes what is left of others. After a kill at any moment
// there is the old store or the beginning of the new one.
func (m *Mongo) prepare(ctx context.Context, want Meta, drop bool) error {
	have := m.marker.meta()
	have.Complete = false
	if m.marker.Kind == "" || drop || have != want {
		if err := m.writeMarker(ctx, markerOf(want)); err != nil {
			return err
		}
	}
	if m.marker.Ready {
		return nil
	}
	if err := m.clear(ctx); err != nil {
		return err
	}
	marker := m.marker
	marker.Ready = true
	return m.writeMarker(ctx, marker)
}

// clear removes the listings, and what is known of them. Dropping ten million takes a server longer than a call.
func (m *Mongo) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.opts.insertTimeout)
	defer cancel()
	err := m.listings.Drop(ctx)
	if err == nil {
		_, err = m.meta.DeleteOne(ctx, bson.D{{Key: "_id", Value: progressID}})
	}
	if err == nil {
		err = m.forgetChanges(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove the listings in %s: %w", m, callError(ctx, err))
	}
	return nil
}

// Missing returns the ranges of ids that are not known to be loaded, in order: a seeder that was killed may have loaded
// some of them, which does no harm. If somebody has removed listings meanwhile, all are missing.
func (m *Mongo) Missing(ctx context.Context) ([]Range, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marker.Complete {
		return nil, nil
	}
	missing := gaps(m.done, m.marker.Records)
	loaded := m.marker.Records
	for _, r := range missing {
		loaded -= r.Len()
	}
	there, err := m.Count(ctx)
	if err != nil {
		return nil, err
	}
	if there < loaded {
		m.done = nil
	}
	return gaps(m.done, m.marker.Records), nil
}

// LoadRange adds the listings of r. appendDocument appends the BSON document of the listing with the given id to dst;
// it is called for one id after the other. Listings that are there already stay as they are. After an error or a crash
// some of r may be there, and Missing still names all of it; loading a range again is no error. Once LoadRange returns
// nil, the listings are as safe as the write concern of the URL makes them.
//
// Its command takes 4 MiB of memory at most, usually 0.7, and the driver's copies of it twice as much, besides the
// garbage of loadingHeap for all calls together.
func (m *Mongo) LoadRange(ctx context.Context, r Range, appendDocument func(dst []byte, id int64) []byte) error {
	cmd := m.buffers.Get().(*insertCommand)
	defer m.buffers.Put(cmd)
	defer addTime(&m.loading, time.Now())
	present := int64(0)
	for next := r.Lo; next < r.Hi; {
		lo := next
		cmd.begin(m.limits)
		for ; next < r.Hi && !cmd.full(); next++ {
			cmd.add(appendDocument, next)
		}
		n, err := m.insert(ctx, cmd.finish())
		if err != nil {
			return fmt.Errorf("load listings %d-%d into %s: %w", lo, next-1, m, err)
		}
		present += n
	}
	if err := m.noteDone(ctx, r); err != nil {
		return err
	}
	m.present.Add(present)
	return nil
}

// insert runs an insert command until the server has done it, and returns how many of its listings were there before.
func (m *Mongo) insert(ctx context.Context, command []byte) (present int64, err error) {
	defer addTime(&m.waited, time.Now())
	attempts := 0
	err = m.retry(ctx, func(ctx context.Context) error {
		attempts++
		ctx, cancel := context.WithTimeout(ctx, m.opts.insertTimeout)
		defer cancel()
		reply := m.listings.Database().RunCommand(ctx, command)
		present, err = duplicates(reply.Err())
		return callError(ctx, err)
	})
	if attempts > 1 { // then a listing may be there from an attempt whose answer was lost
		present = 0
	}
	return present, err
}

// Finish marks the store as complete. It is an error if something is missing.
func (m *Mongo) Finish(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if missing := gaps(m.done, m.marker.Records); len(missing) > 0 {
		return fmt.Errorf("finish the store in %s: listings %d-%d are missing", m, missing[0].Lo, missing[0].Hi-1)
	}
	marker := m.marker
	marker.Complete = true
	return m.writeMarker(ctx, marker)
}

// LoadStats says what LoadRange spent its time on.
type LoadStats struct {
	Loading time.Duration // all of it, all goroutines together
	Waited  time.Duration // of this, for the database and the driver
	Present int64         // listings that were there already
}

// LoadStats returns what all calls of LoadRange have come to.
func (m *Mongo) LoadStats() LoadStats {
	return LoadStats{
		Loading: time.Duration(m.loading.Load()), Waited: time.Duration(m.waited.Load()), Present: m.present.Load(),
	}
}

// addTime adds to sum the nanoseconds since start.
func addTime(sum *atomic.Int64, start time.Time) { sum.Add(int64(time.Since(start))) }
