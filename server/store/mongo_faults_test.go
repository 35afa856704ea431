package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// faultsOptions wait for nothing between attempts, and count them.
func faultsOptions(pauses *atomic.Int64) MongoOptions {
	return MongoOptions{Timeout: 10 * time.Second, pause: func(context.Context, time.Duration) { pauses.Add(1) }}
}

// TestMongoRetries loads a store whose server refuses an insert, or loses the connection in the middle of one: nothing
// is missing, nothing is an error, and what the lost answer was about does not count as there before.
func TestMongoRetries(t *testing.T) {
	for name, faults := range map[string]mongotest.Faults{
		"refused": {RefuseInsert: 2},
		"cut off": {CutInsert: 2},
		"both":    {RefuseInsert: 1, CutInsert: 3},
	} {
		t.Run(name, func(t *testing.T) {
			var pauses atomic.Int64
			want := Meta{Seed: 1, Records: 3500, Generator: 1}
			m, err := LoadMongo(t.Context(), mongotest.StartFake(t, faults), want, false, faultsOptions(&pauses))
			if err != nil {
				t.Fatal(err)
			}
			defer closeStore(t, m)
			if err := m.LoadRange(t.Context(), Range{0, 3500}, appendSuiteDocument(t)); err != nil {
				t.Fatal(err)
			}
			if ids := scan(t, m, Range{0, 1 << 40}); len(ids) != 3500 || pauses.Load() == 0 || m.LoadStats().Present != 0 {
				t.Errorf("%d listings after %d pauses, %+v", len(ids), pauses.Load(), m.LoadStats())
			}
		})
	}
}

// TestMongoWriteConcernError has a server whose writes are not as safe as was asked for: an error, and not tried again.
func TestMongoWriteConcernError(t *testing.T) {
	var pauses atomic.Int64
	url := mongotest.StartFake(t, mongotest.Faults{WriteConcernError: true})
	_, err := LoadMongo(t.Context(), url, Meta{Seed: 1, Records: 5, Generator: 1}, false, faultsOptions(&pauses))
	if err == nil || !strings.Contains(err.Error(), "write") || pauses.Load() > 0 {
		t.Errorf("%v after %d pauses", err, pauses.Load())
	}
}

// TestMongoUnauthorized logs in with a wrong password, and not at all.
func TestMongoUnauthorized(t *testing.T) {
	url := mongotest.StartFake(t, mongotest.Faults{Unauthorized: true})
	login := strings.Replace(url, "mongodb://", "mongodb://user:hush@", 1)
	for _, c := range []struct{ url, want string }{
		{url, "log in as a user"},
		{login, "\ncheck user name and password"},
	} {
		for name, open := range map[string]func() (*Mongo, error){
			"serving": func() (*Mongo, error) { return OpenMongo(t.Context(), c.url, MongoOptions{}) },
			"seeding": func() (*Mongo, error) { return LoadMongo(t.Context(), c.url, Meta{}, false, MongoOptions{}) },
		} {
			if _, err := open(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v, want an error that says %q and no password", name, err, c.want)
			}
		}
	}
}

// TestMongoHangs has servers that stop answering: each call ends in time, as an error that says so.
func TestMongoHangs(t *testing.T) {
	opts := MongoOptions{Timeout: 150 * time.Millisecond, insertTimeout: 150 * time.Millisecond, pause: func(context.Context, time.Duration) {}}
	for _, command := range []string{"*", "hello", "find", "insert"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		url := mongotest.StartFake(t, mongotest.Faults{Hang: command})
		m, err := LoadMongo(ctx, url, Meta{Seed: 1, Records: 5, Generator: 1}, false, opts)
		if err == nil {
			err = m.LoadRange(ctx, Range{0, 5}, appendSuiteDocument(t))
			closeStore(t, m)
		}
		if !errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
			t.Errorf("a server that never answers %s: %v", command, err)
		}
		cancel()
	}
}

// TestMongoDeadline has a read end when its caller's patience does, as Guard and the handlers know it.
func TestMongoDeadline(t *testing.T) {
	var hang atomic.Bool
	hanging := make(chan struct{})
	url := mongotest.StartFake(t, mongotest.Faults{Observe: func(_ string, command bson.Raw) {
		if _, err := command.LookupErr("find"); err == nil && hang.Load() {
			<-hanging
		}
	}})
	defer close(hanging)
	m := loadMongo(t, url, Meta{Seed: 1, Records: 5, Generator: 1})
	hang.Store(true)
	guard := NewGuard(m, GuardOptions{Timeout: 50 * time.Millisecond})
	defer closeAll(t, guard)
	_, err := guard.FindListing(t.Context(), 0)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("error %v, want one that wraps context.DeadlineExceeded", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.FindListing(ctx, 0); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Errorf("a read that was called off: %v", err)
	}
}

// TestMongoCommands looks at what a loading sends: bounded, unordered inserts with the write concern of the URL.
func TestMongoCommands(t *testing.T) {
	var inserts, documents atomic.Int64
	url := mongotest.StartFake(t, mongotest.Faults{Observe: func(_ string, command bson.Raw) {
		if name, ok := command.Lookup("insert").StringValueOK(); !ok || name != listingsCollection {
			return
		}
		inserts.Add(1)
		values, err := command.Lookup("documents").Array().Values()
		if err != nil || len(values) > insertRecords {
			t.Errorf("an insert of %d documents, %v", len(values), err)
		}
		documents.Add(int64(len(values)))
		if wc := fmt.Sprint(command.Lookup("writeConcern")); !strings.Contains(wc, "majority") || command.Lookup("ordered").Boolean() {
			t.Errorf("an insert with the write concern %s", wc)
		}
	}})
	m := loadMongo(t, url+"?w=majority", Meta{Seed: 1, Records: 2500, Generator: 1})
	if err := m.LoadRange(t.Context(), Range{0, 2500}, appendSuiteDocument(t)); err != nil {
		t.Fatal(err)
	}
	if inserts.Load() != 3 || documents.Load() != 2500 {
		t.Errorf("%d documents in %d commands", documents.Load(), inserts.Load())
	}
}
