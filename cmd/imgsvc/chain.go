package main

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// config begins the chain of finders: a guard, what counts calls, the database. addCaches puts the caches in front.
func (f serveFlags) config(db database, log *slog.Logger, traces trace.TracerProvider) (server.Config, *store.Guard) {
	handicap, _ := parseShare("--handicap", f.handicap) // checked before
	calls := server.NewCalls(server.TraceStore(traces, dbSystem(db), db))
	guard := store.NewGuard(calls, store.GuardOptions{
		Timeout: f.storeTimeout, Inflight: f.maxInflight, State: logStore(log),
	})
	cfg := server.Config{
		Finder:        guard,
		Ready:         guard.Ready,
		ReadyTimeout:  f.storeTimeout,
		AnswerTimeout: f.storeTimeout + 13*time.Second, // the default, with time for the store to use up its own
		MaxConns:      f.maxConns,
		DrainDelay:    f.drainDelay,
		DrainTimeout:  f.drainTimeout,
		Guard:         guard.Stats,
		Calls:         calls,
		Pools:         map[string]func() store.PoolStats{},
		Traces:        traces,
		Handicap:      handicap,
		Log:           log,
	}
	if pooled, ok := db.(interface{ PoolStats() store.PoolStats }); ok {
		cfg.Pools["store"] = pooled.PoolStats
	}
	return cfg, guard
}

// dbSystem is the name OpenTelemetry has, or would have, for a database.
func dbSystem(db database) string {
	if _, ok := db.(*store.Mongo); ok {
		return "mongodb"
	}
	return "pebble"
}

// fresh is how old a listing in memory may be. Nobody but this process can write to a Pebble.
func (f serveFlags) fresh(at store.Location) time.Duration {
	if f.freshFor == 0 && at.IsMongo() {
		return time.Minute
	}
	return f.freshFor
}

// closeStore ends the guard and then the database, unless that still has something to answer.
func closeStore(guard *store.Guard, db database) error {
	if err := guard.Close(); err != nil {
		return err
	}
	return db.Close()
}
