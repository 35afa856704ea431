package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// ErrUnreachable is wrapped by errors of a store whose server does not answer, or not in time.
var ErrUnreachable = errors.New("the store does not answer")

// The collections of a store in MongoDB. Nothing else in its database is ours.
const (
	listingsCollection = "listings"    // a document for each listing; _id is its id, a 64-bit integer
	metaCollection     = "imgsvc_meta" // what the store is, and which ranges are loaded
)

// Mongo is a store in a MongoDB: a database with one document for each listing. Any number of processes can have it
// open. Its methods may be called from several goroutines at once.
type Mongo struct {
	url      string // as it may be shown
	database string
	client   *mongo.Client
	listings *mongo.Collection
	current  *mongo.Collection // the listings, read from the primary, written durably
	meta     *mongo.Collection // read from the primary, written durably
	opts     MongoOptions
	limits   commandLimits

	writeConcern *writeconcern.WriteConcern // of the URL; nil leaves it to the server

	mu     sync.Mutex // guards what follows, and is held while it is written to the database
	marker mongoMarker
	done   []Range // loaded, in order, none of them touching

	locks *keyLocks   // of listings that this process is changing
	noted atomic.Bool // whether it is written down that services change listings

	buffers sync.Pool    // of *insertCommand
	heap    []byte       // never touched, see loadingHeap
	loading atomic.Int64 // nanoseconds spent in LoadRange, all goroutines together
	waited  atomic.Int64 // of these, in the driver
	present atomic.Int64 // listings that LoadRange found to be there already
}

// MongoOptions says how to use a store in MongoDB.
type MongoOptions struct {
	Timeout time.Duration // limit of one call, and of finding a server; 0 means 5 s
	Conns   int           // most connections to each server; 0 leaves it to the URL, which has 100 unless it says more

	insertTimeout time.Duration                              // limit of one attempt at an insert
	pause         func(ctx context.Context, d time.Duration) // between two attempts; tests do not wait
}

func (o MongoOptions) withDefaults() MongoOptions {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.insertTimeout == 0 {
		o.insertTimeout = 60 * time.Second
	}
	if o.pause == nil {
		o.pause = pause
	}
	return o
}

// OpenMongo opens the complete store at url to be read. It is an error, which names the remedy and no password, if
// there is none, if it is seeded only in part, if a newer imgsvc wrote it, or if no server answers in time.
func OpenMongo(ctx context.Context, url string, opts MongoOptions) (*Mongo, error) {
	m, err := connectMongo(ctx, url, opts.withDefaults(), nil)
	if err != nil {
		return nil, err
	}
	if err = m.readMarker(ctx); err == nil {
		err = m.checkServable()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Mongo) checkServable() error {
	switch {
	case m.marker.Kind == "":
		return fmt.Errorf("there is no store in %s\nmake one: imgsvc seed --store %s", m, m.url)
	case !m.marker.Complete:
		return fmt.Errorf("the store in %s is seeded only in part\nfinish it: imgsvc seed --store %s --records %d --seed %s",
			m, m.url, m.marker.Records, m.marker.Seed)
	}
	return nil
}

// String says where the store is, without secrets.
func (m *Mongo) String() string { return fmt.Sprintf("database %s of %s", m.database, m.url) }

// Meta returns what the store was seeded with.
func (m *Mongo) Meta() Meta {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marker.meta()
}

// FindListing returns the listing with the given id, or an error that wraps ErrNotFound, ErrCorrupt or ErrUnreachable.
func (m *Mongo) FindListing(ctx context.Context, id int64) (Listing, error) {
	if _, limited := ctx.Deadline(); !limited { // a service has its own
		var cancel context.CancelFunc
		ctx, cancel = m.limit(ctx)
		defer cancel()
	}
	doc, err := m.listings.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return Listing{}, fmt.Errorf("listing %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Listing{}, fmt.Errorf("read listing %d: %w", id, callError(ctx, err))
	}
	l, err := ParseDocument(doc)
	if err != nil {
		return Listing{}, fmt.Errorf("listing %d: %w", id, err)
	}
	return l, nil
}

// Scan calls visit with the id and the encoded bytes of each listing of r that is there, in order, until an error. The
// bytes are nil for a document that is no listing, and else nobody else's.
func (m *Mongo) Scan(ctx context.Context, r Range, visit func(id int64, raw []byte) error) error {
	first, cancel := m.limit(ctx)
	defer cancel()
	within := bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: r.Lo}, {Key: "$lt", Value: r.Hi}}}}
	cursor, err := m.listings.Find(first, within, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return fmt.Errorf("read listings %d-%d: %w", r.Lo, r.Hi-1, callError(first, err))
	}
	for err == nil && m.next(ctx, cursor) {
		err = visitDocument(cursor.Current, visit)
	}
	if err == nil && cursor.Err() != nil {
		err = fmt.Errorf("read listings %d-%d: %w", r.Lo, r.Hi-1, callError(ctx, cursor.Err()))
	}
	closing, cancelClosing := m.limit(context.WithoutCancel(ctx))
	defer cancelClosing()
	_ = cursor.Close(closing) // all was read, or what went wrong is known
	return err
}

// next moves cursor along; a call to the server, which not each step needs, has a limit.
func (m *Mongo) next(ctx context.Context, cursor *mongo.Cursor) bool {
	if cursor.RemainingBatchLength() > 0 {
		return cursor.Next(ctx)
	}
	ctx, cancel := m.limit(ctx)
	defer cancel()
	return cursor.Next(ctx)
}

func visitDocument(doc []byte, visit func(id int64, raw []byte) error) error {
	id, err := documentID(doc)
	if err != nil {
		return err
	}
	l, err := ParseDocument(doc)
	if err != nil {
		return visit(id, nil)
	}
	return visit(id, l.Encoded())
}

// Count returns how many listings the server thinks there are: exact unless the server was killed lately, or is a
// sharded cluster that is moving listings.
func (m *Mongo) Count(ctx context.Context) (int64, error) {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	n, err := m.listings.EstimatedDocumentCount(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the listings in %s: %w", m, callError(ctx, err))
	}
	return n, nil
}

// DiskBytes returns how much of the disks of its servers the listings take, with their index; 0 if the server does not
// tell.
func (m *Mongo) DiskBytes(ctx context.Context) int64 {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	stage := bson.D{{Key: "$collStats", Value: bson.D{{Key: "storageStats", Value: bson.D{}}}}}
	cursor, err := m.listings.Aggregate(ctx, mongo.Pipeline{stage})
	if err != nil {
		return 0
	}
	var shards []struct {
		Stats struct {
			Storage int64 `bson:"storageSize"`
			Indexes int64 `bson:"totalIndexSize"`
		} `bson:"storageStats"`
	}
	if err := cursor.All(ctx, &shards); err != nil {
		return 0
	}
	total := int64(0)
	for _, shard := range shards {
		total += shard.Stats.Storage + shard.Stats.Indexes
	}
	return total
}

// FreeBytes returns false: a MongoDB does not tell how much of its disks is free.
func (m *Mongo) FreeBytes() (int64, bool) { return 0, false }

// Close ends the connections. It is called once, when all other calls have returned.
func (m *Mongo) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), m.opts.Timeout)
	defer cancel()
	if err := m.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("close %s: %w", m, err)
	}
	return nil
}

// limit gives a call at most the store's time-out.
func (m *Mongo) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, m.opts.Timeout)
}
