package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Further documents of metaCollection, in stores that services write to. A document whose _id is a number notes that
// the listing of this id was deleted.
const (
	changedID    = "changed" // is there once a service has begun to change listings
	generationID = "caches"  // the generation of what shared caches may hold
)

// noteChanges notes, before the first change of this process, that the store is no longer as seeded.
func (m *Mongo) noteChanges(ctx context.Context) error {
	if m.noted.Load() {
		return nil
	}
	if err := m.setMeta(ctx, changedID, bson.D{{Key: "changed", Value: true}}); err != nil {
		return err
	}
	m.noted.Store(true)
	return nil
}

// setMeta sets fields of a document of metaCollection, and makes it if it is missing. Of several who make it at the same
// time some may be told that it is there already: then it is, to be updated.
func (m *Mongo) setMeta(ctx context.Context, id any, fields bson.D) error {
	update := bson.D{{Key: "$set", Value: fields}}
	_, err := m.meta.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}}, update, options.UpdateOne().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) {
		_, err = m.meta.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}}, update)
	}
	if err != nil {
		return fmt.Errorf("write the document %v of %s in %s: %w", id, metaCollection, m, callError(ctx, err))
	}
	return nil
}

// lookup returns a document of a collection, nil if there is none.
func (m *Mongo) lookup(ctx context.Context, from *mongo.Collection, id any) (bson.Raw, error) {
	ctx, cancel := m.limit(ctx)
	defer cancel()
	doc, err := from.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the document %v of %s in %s: %w", id, from.Name(), m, callError(ctx, err))
	}
	return doc, nil
}

// Trace returns what services have done to a listing since the store was seeded.
func (m *Mongo) Trace(ctx context.Context, id int64) (Trace, error) {
	doc, err := m.lookup(ctx, m.current, id)
	if err != nil {
		return Untouched, err
	}
	if doc != nil {
		if _, err := doc.LookupErr(revisionField); err == nil {
			return Written, nil
		}
		return Untouched, nil
	}
	note, err := m.lookup(ctx, m.meta, id)
	if err != nil || note == nil {
		return Untouched, err
	}
	return Deleted, nil
}

// Changed says whether a service has changed the store since it was seeded.
func (m *Mongo) Changed(ctx context.Context) (bool, error) {
	doc, err := m.lookup(ctx, m.meta, changedID)
	return doc != nil, err
}

// Generation returns the generation of what shared caches may hold of the store, empty until the first NewGeneration.
func (m *Mongo) Generation(ctx context.Context) (string, error) {
	doc, err := m.lookup(ctx, m.meta, generationID)
	if err != nil || doc == nil {
		return "", err
	}
	token, _ := doc.Lookup("generation").StringValueOK()
	return token, nil
}

// NewGeneration makes all that shared caches hold of the store past, durably.
func (m *Mongo) NewGeneration(ctx context.Context) (string, error) {
	token := newToken()
	return token, m.setMeta(ctx, generationID, bson.D{{Key: "generation", Value: token}})
}

// PrepareWrites readies the store for its first change. The first time it takes two seconds more, in which services that
// have the store open learn of its first generation. It is an error if the URL asks for writes that nobody confirms.
func (m *Mongo) PrepareWrites(ctx context.Context) error {
	if wc := m.writeConcern; wc != nil && !wc.Acknowledged() {
		return fmt.Errorf("write to %s: its URL asks for writes that nobody confirms\nremove w=0 from it", m)
	}
	if have, err := m.Generation(ctx); err != nil || have != "" {
		return err
	}
	limited, cancel := m.limit(ctx)
	defer cancel()
	if _, err := m.NewGeneration(limited); err != nil {
		return fmt.Errorf("%w\nlog in as a user who may write, or start without a write token", err)
	}
	m.opts.pause(ctx, 2*pollEvery)
	return ctx.Err()
}

// forgetChanges removes what is noted of changes, of a store that is emptied.
func (m *Mongo) forgetChanges(ctx context.Context) error {
	if _, err := m.meta.DeleteMany(ctx, bson.D{{Key: "deleted", Value: true}}); err != nil {
		return err
	}
	ids := bson.D{{Key: "$in", Value: bson.A{changedID, generationID}}}
	_, err := m.meta.DeleteMany(ctx, bson.D{{Key: "_id", Value: ids}})
	return err
}
