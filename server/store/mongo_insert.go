package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// The bounds of one insert command, below what any server takes. The driver copies it twice: with 2,000 records, which
// a processor's cache does not hold that often, each costs the client a fifth more.
const (
	insertRecords = 1000
	insertBytes   = 4 << 20
)

// commandLimits say how large an insert command may be, and how it begins.
type commandLimits struct {
	records, bytes int
	prefix         []byte // up to its documents
}

// readLimits asks the server what it takes. It is the first call of a seeding.
func (m *Mongo) readLimits(ctx context.Context) error {
	limited, cancel := m.limit(ctx)
	defer cancel()
	raw, err := m.listings.Database().RunCommand(limited, bson.D{{Key: "hello", Value: 1}}).Raw()
	if err != nil {
		return m.firstError(limited, err)
	}
	least := func(ours int, names ...string) int {
		for _, name := range names {
			if n, ok := raw.Lookup(name).AsInt64OK(); ok && n > 0 {
				ours = min(ours, int(n))
			}
		}
		return ours
	}
	m.limits.records = least(insertRecords, "maxWriteBatchSize")
	// A command that holds its documents is itself a document, of this size at most.
	m.limits.bytes = least(insertBytes, "maxBsonObjectSize", "maxMessageSizeBytes")
	m.limits.prefix, err = m.insertPrefix()
	return err
}

// insertPrefix is an insert command up to its documents. Its write concern is that of the URL: RunCommand adds none.
func (m *Mongo) insertPrefix() ([]byte, error) {
	command := bson.D{{Key: "insert", Value: listingsCollection}, {Key: "ordered", Value: false}}
	if wc := m.writeConcern; wc != nil {
		if !wc.Acknowledged() {
			return nil, fmt.Errorf("seed %s: its URL asks for writes that nobody confirms\nremove w=0 from it", m)
		}
		command = append(command, bson.E{Key: "writeConcern", Value: writeConcernDocument(wc)})
	}
	doc, err := bson.Marshal(command)
	if err != nil {
		return nil, err
	}
	return append(doc[:len(doc)-1], "\x04documents\x00"...), nil
}

func writeConcernDocument(wc *writeconcern.WriteConcern) bson.D {
	doc := bson.D{}
	if wc.W != nil {
		doc = append(doc, bson.E{Key: "w", Value: wc.W})
	}
	if wc.Journal != nil {
		doc = append(doc, bson.E{Key: "j", Value: *wc.Journal})
	}
	return doc
}

// insertCommand is an insert command that is being written. Its buffer is used again and again.
type insertCommand struct {
	limits  commandLimits
	buf     []byte
	n       int // documents
	longest int // bytes of one
}

func (c *insertCommand) begin(limits commandLimits) {
	c.limits, c.n = limits, 0
	c.buf = append(c.buf[:0], limits.prefix...)
	c.buf = append(c.buf, 0, 0, 0, 0)
}

// full says whether another document might be too much, if it is no longer than twice the longest so far.
func (c *insertCommand) full() bool {
	return c.n >= c.limits.records || c.n > 0 && len(c.buf)+2*c.longest+endBytes > c.limits.bytes
}

// endBytes are enough for what comes with one document and at the end.
const endBytes = 32

func (c *insertCommand) add(appendDocument func(dst []byte, id int64) []byte, id int64) {
	start := len(c.buf)
	c.buf = strconv.AppendInt(append(c.buf, 0x03), int64(c.n), 10) // arrays are documents with numbers for names
	c.buf = appendDocument(append(c.buf, 0), id)
	c.n++
	c.longest = max(c.longest, len(c.buf)-start)
}

// finish returns the command, which is valid until the next begins.
func (c *insertCommand) finish() []byte {
	c.buf = append(c.buf, 0, 0)
	array := len(c.limits.prefix)
	binary.LittleEndian.PutUint32(c.buf[array:], uint32(len(c.buf)-1-array))
	binary.LittleEndian.PutUint32(c.buf, uint32(len(c.buf)))
	return c.buf
}

// duplicates looks at how an insert went. Listings that are there already are counted, and no error.
func duplicates(err error) (int64, error) {
	var failed mongo.WriteException
	if !errors.As(err, &failed) {
		return 0, err
	}
	if wc := failed.WriteConcernError; wc != nil {
		return 0, fmt.Errorf("the write concern does not hold: %w", failed)
	}
	n := int64(0)
	for _, one := range failed.WriteErrors {
		if !isDuplicateID(one) {
			return 0, one
		}
		n++
	}
	return n, nil
}

// isDuplicateID says whether an error is that of an _id that is there already, not of another index that is unique.
// Not every server says which index it was; this store's has no other.
func isDuplicateID(e mongo.WriteError) bool {
	if e.Code != 11000 {
		return false
	}
	pattern, ok := e.Raw.Lookup("keyPattern").DocumentOK()
	return !ok || pattern.Lookup("_id").Type != 0
}

const retryAttempts = 8

// retry calls f until it does not fail, or fails in a way that another attempt cannot mend: eight times at most, with
// pauses from a twentieth of a second to 3 s, doubled each time, so that an election has the time it takes.
func (m *Mongo) retry(ctx context.Context, f func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := f(ctx)
		if err == nil || ctx.Err() != nil || attempt == retryAttempts || !retryable(err) {
			return err
		}
		wait := min(50*time.Millisecond<<attempt, 3*time.Second)
		m.opts.pause(ctx, wait/2+rand.N(wait/2))
	}
}

// retryableCodes are what the drivers' specification of retryable writes lists.
var retryableCodes = []int{6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}

// retryable says whether the same write may succeed later: all of ours may be done twice. What took too long is tried
// again as well.
func retryable(err error) bool {
	var labeled mongo.LabeledError
	var server mongo.ServerError
	switch {
	case errors.Is(err, ErrUnreachable):
		return true
	case errors.As(err, &labeled) && (labeled.HasErrorLabel("RetryableWriteError") || labeled.HasErrorLabel("RetryableError")):
		return true
	case errors.As(err, &server):
		return slices.ContainsFunc(retryableCodes, server.HasErrorCode)
	}
	return false
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
