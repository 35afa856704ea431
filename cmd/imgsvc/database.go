package main

import (
	"context"
	"errors"

	"github.com/starkillersystems/imgsvc/server/store"
)

// database is what serve needs of a store.
type database interface {
	FindListing(ctx context.Context, id int64) (store.Listing, error)
	Meta() store.Meta
	PrepareWrites(ctx context.Context) error
	ChangeListing(ctx context.Context, id int64, change store.Change) error
	store.Generations
	Close() error
}

// open opens the complete store at the location, to be read, and with a write token to be written.
func (f serveFlags) open(ctx context.Context, at store.Location) (database, error) {
	db, err := f.openToRead(ctx, at)
	if err != nil || f.writeToken == "" {
		return db, err
	}
	if err := db.PrepareWrites(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (f serveFlags) openToRead(ctx context.Context, at store.Location) (database, error) {
	if at.IsMongo() {
		return store.OpenMongo(ctx, at.Mongo, store.MongoOptions{Timeout: f.storeTimeout, Conns: f.storeConns})
	}
	return store.OpenPebble(at.Dir, store.PebbleOptions{ReadOnly: f.writeToken == ""})
}
