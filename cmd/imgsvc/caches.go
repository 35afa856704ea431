package main

import (
	"log/slog"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// addCaches puts the caches in front of what cfg finds listings with: memory, then Redis, then what was there. What it
// returns ends them, after the last request and before the store. A Redis that is not there is logged, no error.
func addCaches(cfg *server.Config, caches store.Caches, meta store.Meta) (func() error, error) {
	end := func() error { return nil }
	if caches.Redis != "" {
		tier, err := store.OpenRedis(cfg.Finder, caches.Redis, meta, store.RedisOptions{
			State: logState(cfg.Log, store.Redacted(caches.Redis)),
		})
		if err != nil {
			return end, usageError(err)
		}
		cfg.Finder, cfg.Redis, end = tier, tier.Stats, tier.Close
	}
	if caches.Memory > 0 {
		cached := store.NewCached(cfg.Finder, caches.Memory)
		cfg.Finder, cfg.Cache = cached, cached.Stats
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
