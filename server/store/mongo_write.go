package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// revisionField is in each document that a service wrote: a value that no other writing of any document has. A change is
// an update of the one revision it is based on, so that of two that are based on the same the server does one, and the
// other is tried again on what that has made.
const revisionField = "imgsvc_revision"

// errConflict says that somebody else changed the listing first.
var errConflict = errors.New("the listing was changed by others all the time")

// ChangeListing changes a listing: in one update of its document, of which fields that listings do not have stay as they
// are. Once it returns nil, the change is as safe as the write concern of the URL says: majority and journaled, if it says
// nothing. The driver sends a write again on its own where the server can tell that it is the same (replica sets and
// sharded clusters, unless the URL has retryWrites=false). Other failures of which nobody knows what they left behind wrap
// ErrUncertain.
func (m *Mongo) ChangeListing(ctx context.Context, id int64, change Change) error {
	unlock, err := m.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	for {
		err := m.tryChange(ctx, id, change)
		if !errors.Is(err, errConflict) {
			return err
		}
		m.opts.pause(ctx, rand.N(10*time.Millisecond))
		if ctx.Err() != nil {
			return fmt.Errorf("change listing %d: %w: %w", id, errConflict, ctx.Err())
		}
	}
}

// tryChange changes a listing unless somebody else changes it meanwhile, which is errConflict.
func (m *Mongo) tryChange(ctx context.Context, id int64, change Change) error {
	doc, err := m.current.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return fmt.Errorf("read listing %d: %w", id, callError(ctx, err))
	}
	var old Listing
	if err == nil {
		if old, err = ParseDocument(doc); err != nil {
			return fmt.Errorf("listing %d: %w", id, err)
		}
		old = old.WithTag()
	}
	renewed, err := change(old)
	if err != nil || old.IsZero() && renewed.IsZero() {
		return err
	}
	if err := m.noteChanges(ctx); err != nil {
		return err
	}
	switch err := m.swap(ctx, id, doc, renewed); {
	case errors.Is(err, errConflict):
		return err
	case err != nil:
		return fmt.Errorf("write listing %d: %w", id, writeError(ctx, err))
	}
	return nil
}

// swap puts a listing in the place of a document, or of none if that is nil.
func (m *Mongo) swap(ctx context.Context, id int64, doc bson.Raw, renewed Listing) error {
	if renewed.IsZero() {
		return m.remove(ctx, id, doc)
	}
	fields, err := listingFields(renewed)
	if err != nil {
		return err
	}
	if doc == nil {
		_, err := m.current.InsertOne(ctx, append(bson.D{{Key: "_id", Value: id}}, fields...))
		if mongo.IsDuplicateKeyError(err) {
			return errConflict
		}
		return err
	}
	result, err := m.current.UpdateOne(ctx, sameRevision(id, doc), bson.D{{Key: "$set", Value: fields}})
	if err == nil && result.MatchedCount == 0 {
		return errConflict
	}
	return err
}

// remove deletes a document. That it is meant to be missing is noted first: a note about a listing that is there says
// nothing, so that none between the two leaves something wrong behind.
func (m *Mongo) remove(ctx context.Context, id int64, doc bson.Raw) error {
	if err := m.setMeta(ctx, id, bson.D{{Key: "deleted", Value: true}}); err != nil {
		return err
	}
	result, err := m.current.DeleteOne(ctx, sameRevision(id, doc))
	if err == nil && result.DeletedCount == 0 {
		return errConflict
	}
	return err
}

// sameRevision matches the document as it was read.
func sameRevision(id int64, doc bson.Raw) bson.D {
	filter := bson.D{{Key: "_id", Value: id}}
	if revision, err := doc.LookupErr(revisionField); err == nil {
		return append(filter, bson.E{Key: revisionField, Value: revision})
	}
	return append(filter, bson.E{Key: revisionField, Value: bson.D{{Key: "$exists", Value: false}}})
}

// listingFields are the fields of a document that is the listing, all but its _id, with the types that the seeder gives
// them, and with a new revision.
func listingFields(l Listing) (bson.D, error) {
	r, err := l.Record()
	if err != nil {
		return nil, err
	}
	images := bson.A{}
	for i, m := range r.Images {
		images = append(images, bson.D{
			{Key: "index", Value: int32(i)}, {Key: "url", Value: m.URL}, {Key: "caption", Value: m.Caption},
			{Key: "width", Value: whole(m.Width)}, {Key: "height", Value: whole(m.Height)},
		})
	}
	return bson.D{
		{Key: "title", Value: r.Title}, {Key: "description", Value: r.Description}, {Key: "price", Value: whole(r.Price)},
		{Key: "bedrooms", Value: whole(r.Bedrooms)}, {Key: "rating", Value: r.Rating}, {Key: "reviews", Value: whole(r.Reviews)},
		{Key: "keywords", Value: append([]string{}, r.Keywords...)}, {Key: "count", Value: int32(len(images))},
		{Key: "images", Value: images}, {Key: revisionField, Value: bson.NewObjectID()},
	}, nil
}

// whole returns a number as the seeder stores it, in 32 bits, unless it is one of somebody's own that has more.
func whole(n int64) any {
	if int64(int32(n)) == n {
		return int32(n)
	}
	return n
}

// writeError adds to an error of a write what callers test for. A write that found no server was not sent.
func writeError(ctx context.Context, err error) error {
	var selection topology.ServerSelectionError
	if errors.As(err, &selection) {
		return callError(ctx, err)
	}
	return fmt.Errorf("%w: %w", ErrUncertain, callError(ctx, err))
}
