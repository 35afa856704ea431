package mongotest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// TestServer has the driver do what a store does. It runs on whichever server the environment chooses, so that the
// stand-in is held to what real servers answer.
func TestServer(t *testing.T) {
	db := connect(t, mongotest.Start(t))
	for _, test := range []struct {
		name string
		run  func(*testing.T, *mongo.Collection)
	}{
		{"duplicates are named and the others stored", testDuplicates},
		{"an ordered insert stops at a duplicate", testOrdered},
		{"raw insert command", testRawInsert},
		{"find by id, range, list", testFind},
		{"cursor over many batches", testCursor},
		{"replace, set and upsert", testUpdate},
		{"delete, count, drop", testDeleteAndCount},
		{"unknown command", testUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			coll := db.Collection(bson.NewObjectID().Hex())
			test.run(t, coll)
		})
	}
}

// connect returns the database of a URI. Its client, too, is done when the test is.
func connect(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(10 * time.Second).SetTimeout(30 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.Background()); err != nil {
			t.Error(err)
		}
	})
	place, _, _ := strings.Cut(uri, "?")
	return client.Database(place[strings.LastIndex(place, "/")+1:])
}

func records(lo, hi int64) []any {
	var docs []any
	for id := lo; id < hi; id++ {
		docs = append(docs, bson.D{{Key: "_id", Value: id}, {Key: "name", Value: "listing"}, {Key: "half", Value: id / 2}})
	}
	return docs
}

func fill(t *testing.T, coll *mongo.Collection, lo, hi int64) {
	t.Helper()
	if _, err := coll.InsertMany(t.Context(), records(lo, hi)); err != nil {
		t.Fatal(err)
	}
}

func wantCount(t *testing.T, coll *mongo.Collection, want int64) {
	t.Helper()
	if n, err := coll.CountDocuments(t.Context(), bson.D{}); err != nil || n != want {
		t.Errorf("CountDocuments: %d, %v, want %d", n, err, want)
	}
	if n, err := coll.EstimatedDocumentCount(t.Context()); err != nil || n != want {
		t.Errorf("EstimatedDocumentCount: %d, %v, want %d", n, err, want)
	}
}

func testDuplicates(t *testing.T, coll *mongo.Collection) {
	fill(t, coll, 3, 5)
	_, err := coll.InsertMany(t.Context(), records(0, 10), options.InsertMany().SetOrdered(false))
	var failed mongo.BulkWriteException
	if !errors.As(err, &failed) {
		t.Fatalf("want a BulkWriteException, not %v", err)
	}
	var at []int
	for _, e := range failed.WriteErrors {
		if e.Code != 11000 {
			t.Errorf("code %d, want 11000", e.Code)
		}
		at = append(at, e.Index)
	}
	if !slices.Equal(at, []int{3, 4}) {
		t.Errorf("errors at %v, want 3 and 4", at)
	}
	wantCount(t, coll, 10)
}

func testOrdered(t *testing.T, coll *mongo.Collection) {
	fill(t, coll, 3, 4)
	if _, err := coll.InsertMany(t.Context(), records(0, 10)); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("want a duplicate key error, not %v", err)
	}
	wantCount(t, coll, 4)
}

// testRawInsert sends the documents in the command itself, as a seeder does.
func testRawInsert(t *testing.T, coll *mongo.Collection) {
	insert := bson.D{{Key: "insert", Value: coll.Name()}, {Key: "ordered", Value: false}, {Key: "documents", Value: records(0, 5)}}
	if err := coll.Database().RunCommand(t.Context(), insert).Err(); err != nil {
		t.Fatal(err)
	}
	err := coll.Database().RunCommand(t.Context(), insert).Err()
	var failed mongo.WriteException
	if !errors.As(err, &failed) || len(failed.WriteErrors) != 5 || failed.WriteErrors[4].Index != 4 {
		t.Errorf("want five write errors, not %v", err)
	}
	wantCount(t, coll, 5)
}

func testFind(t *testing.T, coll *mongo.Collection) {
	fill(t, coll, 0, 20)
	if err := coll.FindOne(t.Context(), bson.D{{Key: "_id", Value: 77}}).Err(); !errors.Is(err, mongo.ErrNoDocuments) {
		t.Errorf("a missing document: %v", err)
	}
	one, err := coll.FindOne(t.Context(), bson.D{{Key: "_id", Value: int64(7)}}).Raw()
	if err != nil || one.Lookup("half").AsInt64() != 3 {
		t.Errorf("found %v, %v", one, err)
	}
	for _, test := range []struct {
		name   string
		filter bson.D
		opts   *options.FindOptionsBuilder
		want   []int64
	}{
		{"a range", bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: int64(5)}, {Key: "$lt", Value: int64(8)}}}}, ascending(), []int64{5, 6, 7}},
		{"the end, excluded", bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: 17}, {Key: "$lte", Value: 19}}}}, ascending(), []int64{18, 19}},
		{"a list", bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{9, int64(2), 99}}}}}, ascending(), []int64{2, 9}},
		{"another field", bson.D{{Key: "half", Value: 4}}, ascending(), []int64{8, 9}},
		{"no such type", bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: "a"}}}}, ascending(), nil},
		{"backwards, some", bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(2).SetSkip(1), []int64{18, 17}},
		{"ids alone", bson.D{{Key: "_id", Value: 1}}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}), []int64{1}},
	} {
		cursor, err := coll.Find(t.Context(), test.filter, test.opts)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := ids(t, cursor); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func ascending() *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
}

func ids(t *testing.T, cursor *mongo.Cursor) []int64 {
	t.Helper()
	var found []int64
	for cursor.Next(t.Context()) {
		found = append(found, cursor.Current.Lookup("_id").AsInt64())
	}
	if err := cursor.Err(); err != nil {
		t.Error(err)
	}
	return found
}

func testCursor(t *testing.T, coll *mongo.Collection) {
	fill(t, coll, 0, 500)
	cursor, err := coll.Find(t.Context(), bson.D{}, ascending().SetBatchSize(7))
	if err != nil {
		t.Fatal(err)
	}
	got := ids(t, cursor)
	if len(got) != 500 || !slices.IsSorted(got) {
		t.Errorf("%d documents, want 500 in order", len(got))
	}
	if cursor, err = coll.Find(t.Context(), bson.D{}, ascending()); err != nil {
		t.Fatal(err)
	}
	if err := cursor.Close(t.Context()); err != nil {
		t.Errorf("close a cursor that is not done: %v", err)
	}
}

func testUpdate(t *testing.T, coll *mongo.Collection) {
	one := bson.D{{Key: "_id", Value: "store"}}
	for _, seed := range []int64{1, 1 << 40} {
		replacement := bson.D{{Key: "_id", Value: "store"}, {Key: "seed", Value: seed}}
		if _, err := coll.ReplaceOne(t.Context(), one, replacement, options.Replace().SetUpsert(true)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := coll.UpdateOne(t.Context(), one, bson.D{{Key: "$set", Value: bson.D{{Key: "complete", Value: true}}}})
	if err != nil || result.MatchedCount != 1 || result.ModifiedCount != 1 {
		t.Errorf("$set: %+v, %v", result, err)
	}
	doc, err := coll.FindOne(t.Context(), one).Raw()
	if err != nil || doc.Lookup("seed").AsInt64() != 1<<40 || !doc.Lookup("complete").Boolean() {
		t.Errorf("the document is %v, %v", doc, err)
	}
	made, err := coll.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "other"}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: 1}}}}, options.UpdateOne().SetUpsert(true))
	if err != nil || made.UpsertedID != "other" || made.MatchedCount != 0 {
		t.Errorf("upsert: %+v, %v", made, err)
	}
	wantCount(t, coll, 2)
}

func testDeleteAndCount(t *testing.T, coll *mongo.Collection) {
	fill(t, coll, 0, 20)
	if result, err := coll.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: 3}}); err != nil || result.DeletedCount != 1 {
		t.Errorf("DeleteOne: %+v, %v", result, err)
	}
	wantCount(t, coll, 19)
	many := bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: 10}}}}
	if n, err := coll.CountDocuments(t.Context(), many); err != nil || n != 9 {
		t.Errorf("count some: %d, %v, want 9", n, err)
	}
	if result, err := coll.DeleteMany(t.Context(), many); err != nil || result.DeletedCount != 9 {
		t.Errorf("DeleteMany: %+v, %v", result, err)
	}
	names, err := coll.Database().ListCollectionNames(t.Context(), bson.D{{Key: "name", Value: coll.Name()}})
	if err != nil || len(names) != 1 {
		t.Errorf("the collections are %v, %v", names, err)
	}
	if err := coll.Drop(t.Context()); err != nil {
		t.Error(err)
	}
	wantCount(t, coll, 0)
	if err := coll.Drop(t.Context()); err != nil {
		t.Errorf("drop what is gone: %v", err)
	}
}

func testUnknown(t *testing.T, coll *mongo.Collection) {
	err := coll.Database().RunCommand(t.Context(), bson.D{{Key: "wat", Value: 1}}).Err()
	var failed mongo.CommandError
	if !errors.As(err, &failed) || failed.Code != 59 {
		t.Errorf("want error 59, not %v", err)
	}
}

// TestDatabases: what one test puts into its database no other sees.
func TestDatabases(t *testing.T) {
	fill(t, connect(t, mongotest.Start(t)).Collection("listings"), 0, 3)
	wantCount(t, connect(t, mongotest.Start(t)).Collection("listings"), 0)
}
