package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// loadMongo opens a store to be seeded, and closes it at the end of the test.
func loadMongo(t *testing.T, url string, want Meta) *Mongo {
	t.Helper()
	m, err := LoadMongo(t.Context(), url, want, false, MongoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, m) })
	return m
}

func appendSuiteDocument(t *testing.T) func([]byte, int64) []byte {
	return func(dst []byte, id int64) []byte { return append(dst, suiteDocument(t, id)...) }
}

// TestMongoLoadsAgain loads ranges that are there, some of them noted and some not, as after a kill.
func TestMongoLoadsAgain(t *testing.T) {
	url := mongotest.Start(t)
	want := Meta{Seed: 1, Records: 3000, Generator: 1}
	m := loadMongo(t, url, want)
	if err := m.LoadRange(t.Context(), Range{0, 1500}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.meta.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: progressID}}); err != nil {
		t.Fatal(err)
	}
	again := loadMongo(t, url, want)
	if missing := must(again.Missing(t.Context())); fmt.Sprint(missing) != "[{0 3000}]" {
		t.Errorf("missing %v where nothing is noted", missing)
	}
	if err := again.LoadRange(t.Context(), Range{0, 3000}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	if stats := again.LoadStats(); stats.Present != 1500 || stats.Waited <= 0 {
		t.Errorf("of 3000 listings 1500 were there: %+v", stats)
	}
	if err := again.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := again.Count(t.Context()); err != nil || n != 3000 {
		t.Errorf("%d listings, %v", n, err)
	}
}

// TestMongoNoticesLostListings removes what a store notes as loaded.
func TestMongoNoticesLostListings(t *testing.T) {
	m := loadMongo(t, mongotest.Start(t), Meta{Seed: 1, Records: 100, Generator: 1})
	if err := m.LoadRange(t.Context(), Range{0, 50}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	if err := m.listings.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if missing := must(m.Missing(t.Context())); fmt.Sprint(missing) != "[{0 100}]" {
		t.Errorf("missing %v of a store without listings", missing)
	}
}

// TestMongoTouchesNothingElse has a database that is somebody else's, or a newer imgsvc's.
func TestMongoTouchesNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		collection string
		doc        bson.D
		want       string
	}{
		"listings of others": {listingsCollection, bson.D{{Key: "_id", Value: "a"}}, "is not a store: its collection listings holds documents"},
		"a marker of others": {metaCollection, bson.D{{Key: "_id", Value: markerID}, {Key: "kind", Value: "shop"}}, "is not ours"},
		"a newer store": {metaCollection, bson.D{{Key: "_id", Value: markerID}, {Key: "kind", Value: storeKind},
			{Key: "format", Value: 2}, {Key: "seed", Value: "1"}}, "has format 2, and this imgsvc knows up to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			url := mongotest.Start(t)
			m := must(connectMongo(t.Context(), url, MongoOptions{}.withDefaults(), nil))
			defer closeStore(t, m)
			collection := m.listings.Database().Collection(c.collection)
			if _, err := collection.InsertOne(t.Context(), c.doc); err != nil {
				t.Fatal(err)
			}
			for _, drop := range []bool{false, true} {
				_, err := LoadMongo(t.Context(), url, Meta{Seed: 1, Records: 5, Generator: 1}, drop, MongoOptions{})
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "another database") {
					t.Errorf("with drop %v: %v, want an error that says %q", drop, err, c.want)
				}
			}
			if n := must(collection.CountDocuments(t.Context(), bson.D{})); n != 1 {
				t.Errorf("of the document of others %d are left", n)
			}
		})
	}
}

// TestMongoKilledWhileDropping begins where a run with --drop was killed: marker of the new store, listings of the old.
func TestMongoKilledWhileDropping(t *testing.T) {
	url := mongotest.Start(t)
	old := loadMongo(t, url, Meta{Seed: 1, Records: 20, Generator: 1})
	if err := old.LoadRange(t.Context(), Range{0, 20}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	if err := old.writeMarker(t.Context(), markerOf(Meta{Seed: 2, Records: 20, Generator: 1})); err != nil {
		t.Fatal(err)
	}
	m := loadMongo(t, url, Meta{Seed: 2, Records: 20, Generator: 1})
	if missing := must(m.Missing(t.Context())); fmt.Sprint(missing) != "[{0 20}]" {
		t.Errorf("missing %v", missing)
	}
	if n := must(m.Count(t.Context())); n != 0 {
		t.Errorf("%d listings of the old store are left", n)
	}
}

// TestMongoCorrupt has one document that somebody has changed into no listing.
func TestMongoCorrupt(t *testing.T) {
	m := loadMongo(t, mongotest.Start(t), Meta{Seed: 1, Records: 3, Generator: 1})
	if err := m.LoadRange(t.Context(), Range{0, 3}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	change := bson.D{{Key: "$set", Value: bson.D{{Key: "title", Value: 5}}}}
	if _, err := m.listings.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: int64(1)}}, change); err != nil {
		t.Fatal(err)
	}
	if _, err := m.FindListing(t.Context(), 1); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "listing 1:") {
		t.Errorf("error %v, want one that wraps ErrCorrupt and names the id", err)
	}
	var seen []string
	err := m.Scan(t.Context(), Range{0, 3}, func(id int64, raw []byte) error {
		seen = append(seen, fmt.Sprint(id, raw == nil))
		return nil
	})
	if want := "[0 false 1 true 2 false]"; err != nil || fmt.Sprint(seen) != want {
		t.Errorf("a scan sees %v, %v; want %s", seen, err, want)
	}
}

// TestMongoInsertCommand looks at commands as a server reads them, and keeps them within its bounds.
func TestMongoInsertCommand(t *testing.T) {
	prefix := must(new(Mongo).insertPrefix())
	for _, limits := range []commandLimits{{5, 1 << 20, prefix}, {1000, 20_000, prefix}, {1000, 600, prefix}} {
		var cmd insertCommand
		next := int64(0)
		for range 3 {
			cmd.begin(limits)
			first := next
			for ; !cmd.full(); next++ {
				cmd.add(appendSuiteDocument(t), next)
			}
			raw := bson.Raw(cmd.finish())
			if err := raw.Validate(); err != nil || len(raw) > max(limits.bytes, 1000) {
				t.Fatalf("%d bytes: %v", len(raw), err)
			}
			documents, err := raw.Lookup("documents").Array().Values()
			if err != nil || len(documents) != int(next-first) || len(documents) > limits.records || len(documents) == 0 {
				t.Fatalf("%d documents for %d listings: %v", len(documents), next-first, err)
			}
			for i, doc := range documents {
				if !bytes.Equal(doc.Document(), suiteDocument(t, first+int64(i))) {
					t.Errorf("document %d is %s", i, doc)
				}
			}
			if raw.Lookup("insert").StringValue() != listingsCollection || raw.Lookup("ordered").Boolean() {
				t.Errorf("the command is %s", raw)
			}
		}
	}
}

// TestMongoDuplicates tells listings that are there already from what else can go wrong with a write.
func TestMongoDuplicates(t *testing.T) {
	writeError := func(code int, key string) mongo.WriteError {
		raw := must(bson.Marshal(bson.D{{Key: "keyPattern", Value: bson.D{{Key: key, Value: 1}}}}))
		return mongo.WriteError{Code: code, Message: "wrong", Raw: raw}
	}
	for _, c := range []struct {
		name string
		err  error
		n    int64
		ok   bool
	}{
		{"nothing", nil, 0, true},
		{"two listings there", mongo.WriteException{WriteErrors: []mongo.WriteError{writeError(11000, "_id"), {Code: 11000}}}, 2, true},
		{"another unique index", mongo.WriteException{WriteErrors: []mongo.WriteError{writeError(11000, "title")}}, 0, false},
		{"a document refused", mongo.WriteException{WriteErrors: []mongo.WriteError{writeError(11000, "_id"), {Code: 121}}}, 0, false},
		{"a write concern that does not hold", mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64}}, 0, false},
		{"a connection lost", net.ErrClosed, 0, false},
	} {
		if n, err := duplicates(c.err); n != c.n || (err == nil) != c.ok {
			t.Errorf("%s: %d, %v", c.name, n, err)
		}
	}
}

// TestMongoSilent connects to a server that accepts and never answers: an error in time, and no password in it.
func TestMongoSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	url := fmt.Sprintf("mongodb://user:hush@%s/db", l.Addr())
	opts := MongoOptions{Timeout: 200 * time.Millisecond}
	for name, open := range map[string]func(context.Context) (*Mongo, error){
		"serving": func(ctx context.Context) (*Mongo, error) { return OpenMongo(ctx, url, opts) },
		"seeding": func(ctx context.Context) (*Mongo, error) { return LoadMongo(ctx, url, Meta{}, false, opts) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := open(ctx)
		if !errors.Is(err, ErrUnreachable) || ctx.Err() != nil || strings.Contains(err.Error(), "hush") ||
			!strings.Contains(err.Error(), "\ncheck that it runs") {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

// TestMongoWriteConcern has the URL's in the inserts, and none that cannot be relied on.
func TestMongoWriteConcern(t *testing.T) {
	url := mongotest.Start(t)
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	_, err := LoadMongo(t.Context(), url+separator+"w=0", Meta{Seed: 1, Records: 5, Generator: 1}, false, MongoOptions{})
	if err == nil || !strings.Contains(err.Error(), "remove w=0") {
		t.Errorf("with w=0: %v", err)
	}
	m, err := LoadMongo(t.Context(), url+separator+"w=1&journal=true", Meta{Seed: 1, Records: 5, Generator: 1}, false, MongoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, m)
	var cmd insertCommand
	cmd.begin(m.limits)
	cmd.add(appendSuiteDocument(t), 0)
	if wc := bson.Raw(cmd.finish()).Lookup("writeConcern").String(); wc != `{"w": {"$numberInt":"1"},"j": true}` {
		t.Errorf("the write concern of inserts is %s", wc)
	}
}
