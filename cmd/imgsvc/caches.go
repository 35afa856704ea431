package main

import (
	"errors"
	"log/slog"
	"time"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// addCaches puts the caches in front of what cfg finds listings with: memory, where a listing may be as old as fresh says,
// then Redis, then what was there. What it returns ends them, after the last request and before the store. A Redis that
// is not there is logged, no error.
func addCaches(cfg *server.Config, caches store.Caches, meta store.Meta, fresh time.Duration) (func() error, error) {
	end := func() error { return nil }
	if caches.Redis != "" {
		tier, err := store.OpenRedis(cfg.Finder, caches.Redis, meta, store.RedisOptions{
			State: logState(cfg.Log, store.Redacted(caches.Redis)),
		})
		if err != nil {
			return end, usageError(err)
		}
		cfg.Finder, cfg.Redis, end = server.TraceCache(cfg.Traces, "redis", tier), tier.Stats, tier.Close
		cfg.Pools["redis"] = tier.PoolStats
	}
	if caches.Memory > 0 {
		cached, endNext := store.NewCached(cfg.Finder, caches.Memory), end
		cached.Fresh = fresh
		cfg.Finder, cfg.Cache = server.TraceCache(cfg.Traces, "memory", cached), cached.Stats
		end = func() error { return errors.Join(cached.Close(), endNext()) }
	}
	return end, nil
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
