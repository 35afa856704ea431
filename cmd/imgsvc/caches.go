package main

import (
	"errors"
	"log/slog"
	"slices"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// addCaches puts the caches in front of what cfg finds listings with: memory, then Redis, then what was there; and with a
// write token what changes listings behind them. What it returns ends them, after the last request and before the store.
// A Redis that is not there is logged, no error.
func (f serveFlags) addCaches(cfg *server.Config, caches store.Caches, db database, at store.Location) (func() error, error) {
	var tier *store.Redis
	var memory *store.Cached
	var ends []func() error
	if caches.Redis != "" {
		opened, err := store.OpenRedis(cfg.Finder, caches.Redis, db.Meta(), store.RedisOptions{
			State:       logState(cfg.Log, store.Redacted(caches.Redis)),
			Generations: db,
		})
		if err != nil {
			return func() error { return nil }, usageError(err)
		}
		tier = opened
		cfg.Finder, cfg.Redis, ends = server.TraceCache(cfg.Traces, "redis", tier), tier.Stats, append(ends, tier.Close)
		cfg.Pools["redis"] = tier.PoolStats
	}
	if caches.Memory > 0 {
		memory = store.NewCached(cfg.Finder, caches.Memory)
		cfg.Finder, cfg.Cache, ends = server.TraceCache(cfg.Traces, "memory", memory), memory.Stats, append(ends, memory.Close)
	}
	f.expectChanges(memory, tier, at)
	if f.writeToken != "" {
		writer := store.NewWriter(db, f.storeTimeout, f.maxInflight, memory, tier)
		cfg.Writer, cfg.WriteToken, ends = writer, f.writeToken, append(ends, writer.Close)
		cfg.AnswerTimeout += f.storeTimeout // what caches must forget may be told by way of the store
	}
	return func() error {
		var errs []error
		for _, end := range slices.Backward(ends) {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}, nil
}

// expectChanges has the memory follow what other services change. Nobody else has an embedded store.
func (f serveFlags) expectChanges(memory *store.Cached, tier *store.Redis, at store.Location) {
	if memory != nil {
		memory.SetFresh(f.fresh(at))
	}
	if !at.IsMongo() {
		memory = nil
	}
	if memory != nil {
		memory.SetMaxAge(f.memoryMaxAge)
	}
	if tier != nil {
		tier.Watch(memory)
	}
}

// logState returns what logs that a cache is given up or back: one line a change, however many requests notice.
func logState(log *slog.Logger, url string) func(error) {
	return func(err error) {
		if err != nil {
			log.Warn("the cache does not answer: serving without it", "cache", url, "error", err)
			return
		}
		log.Warn("the cache answers again", "cache", url)
	}
}

// logStore returns what logs that the store is given up or back.
func logStore(log *slog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Error("the store does not answer: serving what is cached", "error", err)
			return
		}
		log.Warn("the store answers again")
	}
}
