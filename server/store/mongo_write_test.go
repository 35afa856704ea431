package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// TestMongoChangesSafely looks at the commands that change listings: they are as safe as the URL says, and by default
// acknowledged by a majority with its journals.
func TestMongoChangesSafely(t *testing.T) {
	for query, want := range map[string]string{
		"":                    `{"w":"majority","j":true}`,
		"?w=1":                `{"w":1}`,
		"?w=majority&j=false": `{"w":"majority"}`,
	} {
		t.Run(query, func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			watching := false
			url := mongotest.StartFake(t, mongotest.Faults{Observe: func(_ string, command bson.Raw) {
				mu.Lock()
				defer mu.Unlock()
				if name := command.Index(0).Key(); watching && (name == "insert" || name == "update" || name == "delete") {
					wc, _ := bson.MarshalExtJSON(command.Lookup("writeConcern").Document(), false, false)
					seen = append(seen, string(wc))
				}
			}})
			suiteMongoAt(t, url).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
			m := must(OpenMongo(t.Context(), url+query, MongoOptions{}))
			defer closeStore(t, m)
			mu.Lock()
			watching = true
			mu.Unlock()
			for _, id := range []int64{3, 99} {
				for _, change := range []Change{put(must(testRecord(id).Encode())), put(Listing{})} {
					if err := m.ChangeListing(t.Context(), id, change); err != nil {
						t.Fatal(err)
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if len(seen) != 7 { // the note that the store changes, an update, an insert, two deletes and two notes of them
				t.Errorf("%d commands that write", len(seen))
			}
			for _, wc := range seen {
				if wc != want {
					t.Errorf("write concern %s, want %s", wc, want)
				}
			}
		})
	}
	url := mongotest.StartFake(t, mongotest.Faults{})
	suiteMongoAt(t, url).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
	m := must(OpenMongo(t.Context(), url+"?w=0", MongoOptions{}))
	defer closeStore(t, m)
	if err := m.PrepareWrites(t.Context()); err == nil || !strings.Contains(err.Error(), "remove w=0 from it") {
		t.Errorf("writes that nobody confirms: %v", err)
	}
}

// TestMongoKeepsFields: what people have added to a document stays there, whatever services write.
func TestMongoKeepsFields(t *testing.T) {
	url := mongotest.Start(t)
	suiteMongoAt(t, url).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
	m := must(OpenMongo(t.Context(), url, MongoOptions{}))
	defer closeStore(t, m)
	own := bson.D{{Key: "$set", Value: bson.D{{Key: "note", Value: "ours"}}}}
	if _, err := m.listings.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: int64(3)}}, own); err != nil {
		t.Fatal(err)
	}
	for _, change := range []Change{put(must(testRecord(3).Encode())), addImage("more")} {
		if err := m.ChangeListing(t.Context(), 3, change); err != nil {
			t.Fatal(err)
		}
	}
	doc := must(m.listings.FindOne(t.Context(), bson.D{{Key: "_id", Value: int64(3)}}).Raw())
	if note, _ := doc.Lookup("note").StringValueOK(); note != "ours" {
		t.Errorf("the document is %s", doc)
	}
	if values, err := doc.Lookup("images").Array().Values(); err != nil || len(values) != 4 {
		t.Errorf("%d images, %v", len(values), err)
	}
}

// TestMongoUncertain has a server that does not say whether it wrote, or not as safely as was asked for.
func TestMongoUncertain(t *testing.T) {
	for name, faults := range map[string]mongotest.Faults{"no answer": {Hang: "update"}, "no majority": {WriteConcernError: true}} {
		t.Run(name, func(t *testing.T) {
			good := mongotest.StartFake(t, mongotest.Faults{})
			suiteMongoAt(t, good).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
			m := must(OpenMongo(t.Context(), good, MongoOptions{}))
			defer closeStore(t, m)
			m.noted.Store(true)
			bad := must(connectMongo(t.Context(), mongotest.StartFake(t, faults), MongoOptions{}.withDefaults(), nil))
			defer closeStore(t, bad)
			l := must(testRecord(3).Encode())
			doc := must(bson.Marshal(append(bson.D{{Key: "_id", Value: int64(3)}}, must(listingFields(l))...)))
			_, _ = bad.listings.InsertOne(t.Context(), doc) // whose write concern does not hold
			m.current = bad.current
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if err := m.ChangeListing(ctx, 3, addImage("more")); !errors.Is(err, ErrUncertain) {
				t.Errorf("error %v, want one that wraps ErrUncertain", err)
			}
		})
	}
	gone := must(connectMongo(t.Context(), "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50", MongoOptions{}.withDefaults(), nil))
	defer closeStore(t, gone)
	if err := gone.ChangeListing(t.Context(), 3, put(Listing{})); !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrUncertain) {
		t.Errorf("with no server: %v", err)
	}
}

// TestMongoDropForgetsChanges seeds again what was written to.
func TestMongoDropForgetsChanges(t *testing.T) {
	url := mongotest.Start(t)
	meta := Meta{Seed: 1, Records: 10, Generator: 1}
	suiteMongoAt(t, url).seed(t, meta, false)
	m := must(OpenMongo(t.Context(), url, MongoOptions{pause: func(context.Context, time.Duration) {}}))
	defer closeStore(t, m)
	if err := m.PrepareWrites(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{3, 4} {
		if err := m.ChangeListing(t.Context(), id, put(Listing{})); err != nil {
			t.Fatal(err)
		}
	}
	suiteMongoAt(t, url).seed(t, meta, true)
	changed, generation := must(m.Changed(t.Context())), must(m.Generation(t.Context()))
	if trace := must(m.Trace(t.Context(), 3)); changed || generation != "" || trace != Untouched {
		t.Errorf("after --drop: changed %v, generation %q, trace %d", changed, generation, trace)
	}
	if l := must(m.FindListing(t.Context(), 3)); !bytes.Equal(l.Encoded(), suiteListing(t, 3)) {
		t.Error(fmt.Sprint("listing 3 is ", string(l.JSON())))
	}
}

// TestMongoFirstChanges has many writers be the first: they all make the same note.
func TestMongoFirstChanges(t *testing.T) {
	url := mongotest.Start(t)
	suiteMongoAt(t, url).seed(t, Meta{Seed: 1, Records: 10, Generator: 1}, false)
	m := must(OpenMongo(t.Context(), url, MongoOptions{}))
	defer closeStore(t, m)
	var writers sync.WaitGroup
	for id := range int64(20) {
		writers.Go(func() {
			if err := m.ChangeListing(t.Context(), id, put(must(testRecord(id).Encode()))); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
}
