package mongotest_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

func TestFakeRefusesLogin(t *testing.T) {
	uri := mongotest.StartFake(t, mongotest.Faults{Unauthorized: true})
	var denied mongo.CommandError
	if err := ping(t, connect(t, uri)); !errors.As(err, &denied) || denied.Code != 13 {
		t.Errorf("without a user: %v, want code 13", err)
	}
	var login *auth.Error
	err := ping(t, connect(t, strings.Replace(uri, "mongodb://", "mongodb://somebody:secret@", 1)))
	if !errors.As(err, &login) {
		t.Errorf("with a user: %v, want an error of the login", err)
	}
}

func ping(t *testing.T, db *mongo.Database) error {
	return db.RunCommand(t.Context(), bson.D{{Key: "ping", Value: 1}}).Err()
}

func TestFakeRefusesOneInsert(t *testing.T) {
	coll := connect(t, mongotest.StartFake(t, mongotest.Faults{RefuseInsert: 2})).Collection("c")
	fill(t, coll, 0, 5)
	_, err := coll.InsertMany(t.Context(), records(5, 10))
	var labeled mongo.LabeledError
	if !errors.As(err, &labeled) || !labeled.HasErrorLabel("RetryableWriteError") {
		t.Errorf("want an error that says it may be retried, not %v", err)
	}
	var refused mongo.ServerError
	if !errors.As(err, &refused) || !refused.HasErrorCode(91) {
		t.Errorf("want code 91, not %v", err)
	}
	wantCount(t, coll, 5)
	fill(t, coll, 5, 10)
	wantCount(t, coll, 10)
}

func TestFakeCutsOneInsert(t *testing.T) {
	coll := connect(t, mongotest.StartFake(t, mongotest.Faults{CutInsert: 1})).Collection("c")
	if _, err := coll.InsertMany(t.Context(), records(0, 10)); !mongo.IsNetworkError(err) {
		t.Errorf("want an error of the network, not %v", err)
	}
	wantCount(t, coll, 5)
}

func TestFakeHangs(t *testing.T) {
	for _, command := range []string{"find", "*"} {
		coll := connect(t, mongotest.StartFake(t, mongotest.Faults{Hang: command})).Collection("c")
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := coll.FindOne(ctx, bson.D{}).Err(); !mongo.IsTimeout(err) {
			t.Errorf("%s: want a timeout, not %v", command, err)
		}
	}
}

func TestFakeWriteConcernError(t *testing.T) {
	coll := connect(t, mongotest.StartFake(t, mongotest.Faults{WriteConcernError: true})).Collection("c")
	_, err := coll.InsertOne(t.Context(), records(0, 1)[0])
	var failed mongo.WriteException
	if !errors.As(err, &failed) || failed.WriteConcernError == nil || failed.WriteConcernError.Code != 64 {
		t.Errorf("want a write concern error, not %v", err)
	}
	wantCount(t, coll, 1)
}

func TestFakeShowsCommands(t *testing.T) {
	var pings atomic.Int32
	uri := mongotest.StartFake(t, mongotest.Faults{Observe: func(_ string, command bson.Raw) {
		if command.Index(0).Key() == "ping" {
			pings.Add(1)
		}
	}})
	if err := ping(t, connect(t, uri)); err != nil || pings.Load() != 1 {
		t.Errorf("%d pings seen, %v", pings.Load(), err)
	}
}

// TestFakeRefusesWhatItDoesNotKnow: a condition that is overlooked would let a test pass.
func TestFakeRefusesWhatItDoesNotKnow(t *testing.T) {
	coll := connect(t, mongotest.StartFake(t, mongotest.Faults{})).Collection("c")
	fill(t, coll, 0, 1)
	for _, filter := range []bson.D{
		{{Key: "name", Value: bson.D{{Key: "$regex", Value: "x"}}}},
		{{Key: "$or", Value: bson.A{bson.D{}}}},
		{{Key: "a.b", Value: 1}},
	} {
		if err := coll.FindOne(t.Context(), filter).Err(); err == nil || errors.Is(err, mongo.ErrNoDocuments) {
			t.Errorf("%v: %v, want an error of the server", filter, err)
		}
	}
	stage := mongo.Pipeline{{{Key: "$collStats", Value: bson.D{}}}}
	if _, err := coll.Aggregate(t.Context(), stage); err == nil {
		t.Error("$collStats: want an error")
	}
}
