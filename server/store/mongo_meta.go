package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// The documents of metaCollection.
const (
	markerID   = "store"
	progressID = "progress"
)

// mongoMarker says what the store is, as the marker file of an embedded store does.
type mongoMarker struct {
	ID        string `bson:"_id"`
	Kind      string `bson:"kind"`
	Format    int    `bson:"format"`
	Seed      string `bson:"seed"` // decimal: it has 64 bits, and no sign
	Records   int64  `bson:"records"`
	Generator int    `bson:"generator"`
	Complete  bool   `bson:"complete"`
	Ready     bool   `bson:"ready"` // else what is in the collection is left over from another store
}

func markerOf(want Meta) mongoMarker {
	return mongoMarker{
		ID: markerID, Kind: storeKind, Format: storeFormat,
		Seed: strconv.FormatUint(want.Seed, 10), Records: want.Records, Generator: want.Generator,
	}
}

// meta returns what the store was seeded with; readMarker has checked the seed.
func (m mongoMarker) meta() Meta {
	seed, _ := strconv.ParseUint(m.Seed, 10, 64)
	return Meta{Seed: seed, Records: m.Records, Generator: m.Generator, Complete: m.Complete}
}

// readMarker reads the marker, if there is one, and refuses one that is not ours or too new.
func (m *Mongo) readMarker(ctx context.Context) error {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	raw, err := m.meta.FindOne(ctx, bson.D{{Key: "_id", Value: markerID}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return m.firstError(ctx, err)
	}
	var marker mongoMarker
	err = bson.Unmarshal(raw, &marker)
	_, seedErr := strconv.ParseUint(marker.Seed, 10, 64)
	switch {
	case err != nil || seedErr != nil || marker.Kind != storeKind:
		return fmt.Errorf("%s is not a store: the document %q of its collection %s is not ours\nname another database",
			m, markerID, metaCollection)
	case marker.Format > storeFormat:
		return fmt.Errorf("the store in %s has format %d, and this imgsvc knows up to %d\nuse a newer imgsvc, or another database",
			m, marker.Format, storeFormat)
	}
	m.marker = marker
	return nil
}

// writeMarker makes marker the store's.
func (m *Mongo) writeMarker(ctx context.Context, marker mongoMarker) error {
	if err := m.replaceMeta(ctx, markerID, marker); err != nil {
		return err
	}
	m.marker = marker
	return nil
}

func (m *Mongo) replaceMeta(ctx context.Context, id string, doc any) error {
	err := m.retry(ctx, func(ctx context.Context) error {
		ctx, cancel := m.limit(ctx)
		defer cancel()
		_, err := m.meta.ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}}, doc, options.Replace().SetUpsert(true))
		return callError(ctx, err)
	})
	if err != nil {
		return fmt.Errorf("write the document %q of %s in %s: %w", id, metaCollection, m, err)
	}
	return nil
}

// progress says which ranges are loaded. Ranges come nearly in order, and those that touch are one, so that there are
// only about as many as goroutines that load.
type progress struct {
	ID   string  `bson:"_id"`
	Done []Range `bson:"done"`
}

func (m *Mongo) readProgress(ctx context.Context) error {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	var p progress
	err := m.meta.FindOne(ctx, bson.D{{Key: "_id", Value: progressID}}).Decode(&p)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return fmt.Errorf("read which listings are in %s: %w", m, callError(ctx, err))
	}
	m.done = nil
	for _, r := range p.Done {
		m.done = addRange(m.done, r)
	}
	return nil
}

// noteDone writes down that the listings of r are there.
func (m *Mongo) noteDone(ctx context.Context, r Range) error {
	defer addTime(&m.waited, time.Now())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = addRange(m.done, r)
	return m.replaceMeta(ctx, progressID, progress{ID: progressID, Done: m.done})
}

// addRange returns the ranges with r, in order, none of them touching.
func addRange(ranges []Range, r Range) []Range {
	if r.Len() <= 0 {
		return ranges
	}
	i, _ := slices.BinarySearchFunc(ranges, r, func(have, r Range) int { return cmp.Compare(have.Hi, r.Lo) })
	j := i
	for ; j < len(ranges) && ranges[j].Lo <= r.Hi; j++ {
		r = Range{min(r.Lo, ranges[j].Lo), max(r.Hi, ranges[j].Hi)}
	}
	return slices.Replace(ranges, i, j, r)
}

// gaps returns what the ranges leave out of the first records ids.
func gaps(ranges []Range, records int64) []Range {
	var missing []Range
	next := int64(0)
	for _, r := range append(slices.Clone(ranges), Range{records, records}) {
		if r.Lo > next {
			missing = append(missing, Range{next, r.Lo})
		}
		next = max(next, r.Hi)
	}
	return missing
}
