package main

import (
	"context"

	"github.com/starkillersystems/imgsvc/server/store"
)

// database is what serve needs of a store.
type database interface {
	FindListing(ctx context.Context, id int64) (store.Listing, error)
	Meta() store.Meta
	Close() error
}

// open opens the complete store at the location, to be read.
func (f serveFlags) open(ctx context.Context, at store.Location) (database, error) {
	if at.IsMongo() {
		return store.OpenMongo(ctx, at.Mongo, store.MongoOptions{Timeout: f.storeTimeout, Conns: f.storeConns})
	}
	return store.OpenPebble(at.Dir, store.PebbleOptions{ReadOnly: true})
}
