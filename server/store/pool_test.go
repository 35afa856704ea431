package store

import (
	"testing"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

// TestPoolStats checks that the connections of both kinds are counted, and given back after a call.
func TestPoolStats(t *testing.T) {
	m := loadMongo(t, mongotest.StartFake(t, mongotest.Faults{}), Meta{Seed: 1, Records: 5, Generator: 1})
	r := openRedis(t, m, redistest.Start(t), uniqueMeta(), RedisOptions{})
	_, _ = r.FindListing(t.Context(), 0) // there may be no such listing
	until(t, "a fill", func() bool { s := r.Stats(); return s.Filled+s.Dropped == 1 })
	for name, stats := range map[string]func() PoolStats{"MongoDB": m.PoolStats, "Redis": r.PoolStats} {
		until(t, "all connections of "+name+" are back", func() bool { return stats().Used == 0 })
		if s := stats(); s.Open < 1 || s.Opened < 1 || s.Failures != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
