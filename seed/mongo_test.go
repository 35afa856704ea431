package seed

import (
	"context"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// TestMongo seeds a MongoDB, reads everything back, and finds it complete the next time.
func TestMongo(t *testing.T) {
	opts := Options{Store: mongotest.Start(t), Records: 2500, Workers: 3, Batch: 300, Verify: VerifyAll}
	sum, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if !sum.Complete || sum.Written != 2500 || sum.Records != 2500 || sum.Verified.Records != 2500 || sum.Verified.Faults != 0 {
		t.Errorf("summary %+v, %+v", sum, sum.Verified)
	}
	if sum.Limit == "" || sum.WaitRatio <= 0 || sum.WaitRatio > 1 || !strings.Contains(sum.String(), "waited for the database") {
		t.Errorf("the summary does not say what the limit was: %+v, %s", sum, sum)
	}
	again, err := Run(t.Context(), opts)
	if err != nil || again.Existing != 2500 || again.Written != 0 || !strings.Contains(again.String(), "nothing to do") {
		t.Errorf("on a complete store: %+v, %v", again, err)
	}
	opts.Seed = 2
	if _, err := Run(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "--drop") {
		t.Errorf("with another seed: %v", err)
	}
	opts.Drop, opts.Records, opts.Verify = true, 200, VerifySample
	if sum, err = Run(t.Context(), opts); err != nil || sum.Written != 200 || sum.Verified.Records != 200 {
		t.Errorf("with --drop: %+v, %v", sum, err)
	}
}

// TestMongoInterrupted ends the context in the middle of a run. The next run finds what was loaded, noted or not.
func TestMongoInterrupted(t *testing.T) {
	opts := Options{Store: mongotest.Start(t), Records: 2000, Workers: 2, Batch: 100}
	ctx, cancel := context.WithCancel(t.Context())
	opts.Progress = func(p Progress) {
		if p.Done >= 500 {
			cancel()
		}
	}
	sum, err := Run(ctx, opts)
	if err == nil || !strings.Contains(err.Error(), "run the same command again") || sum.Written < 500 || sum.Complete {
		t.Errorf("%+v, %v", sum, err)
	}
	opts.Progress, opts.Verify = nil, VerifyAll
	rest, err := Run(t.Context(), opts)
	if err != nil || rest.Existing < sum.Written || rest.Existing+rest.Written != 2000 {
		t.Errorf("after %d records: %+v, %v", sum.Written, rest, err)
	}
}

// TestMongoFaults has documents removed, changed and added behind the store's back.
func TestMongoFaults(t *testing.T) {
	opts := Options{Store: mongotest.Start(t), Records: 100, Verify: VerifyAll}
	if _, err := Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(opts.Store))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	listings := client.Database(databaseOf(opts.Store)).Collection("listings")
	id := func(n int64) bson.D { return bson.D{{Key: "_id", Value: n}} }
	set := func(key string, value any) bson.D {
		return bson.D{{Key: "$set", Value: bson.D{{Key: key, Value: value}}}}
	}
	g := NewGenerator(1)
	_, err1 := listings.DeleteOne(t.Context(), id(3))
	_, err2 := listings.UpdateOne(t.Context(), id(50), set("price", 1))
	_, err3 := listings.UpdateOne(t.Context(), id(60), set("images", "none"))
	_, err4 := listings.InsertOne(t.Context(), bson.Raw(g.AppendBSON(nil, 100)))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Run(t.Context(), opts)
	want := "faults in 4 of 100 records: listing 3 is missing; listing 50 is not as generated; listing 60 is not as generated; " +
		"listing 100 should not be there"
	if err == nil || !strings.Contains(err.Error(), want) || sum.Verified.Faults != 4 {
		t.Errorf("error %v, want one that says %q", err, want)
	}
}

// databaseOf returns the database that a test's URL names.
func databaseOf(url string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(url, "mongodb://"), "/")
	name, _, _ := strings.Cut(rest, "?")
	return name
}

// TestMongoPassword has no output of a run show the password of its URL.
func TestMongoPassword(t *testing.T) {
	sum, err := Run(t.Context(), Options{Store: "mongodb://user:hush@127.0.0.1:1/db?serverSelectionTimeoutMS=100", Records: 5})
	if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(sum.String()+sum.Store, "hush") {
		t.Errorf("%v, %+v", err, sum)
	}
}
