package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/starkillersystems/imgsvc/server/store"
)

// collectStore sends what is behind the handlers: caches, guard, store, connections.
func (m *metrics) collectStore(to chan<- prometheus.Metric) {
	if m.cfg.Cache != nil {
		collectCache(to, m.cfg.Cache())
	}
	if m.cfg.Redis != nil {
		collectRedis(to, m.cfg.Redis())
	}
	if m.cfg.Guard != nil {
		collectGuard(to, m.cfg.Guard())
	}
	if m.cfg.Calls != nil {
		m.cfg.Calls.collect(to)
	}
	for name, stats := range m.cfg.Pools {
		collectPool(to, name, stats())
	}
}

// The counters that both tiers have carry the same names; each tier's listings were not found in those nearer.
const (
	hitsHelp   = "Listings found in this tier."
	missesHelp = "Listings asked of this tier and not found in it."
)

// sender returns what sends metrics with one label.
func sender(to chan<- prometheus.Metric, label, value string) func(prometheus.ValueType, string, string, float64) {
	return func(kind prometheus.ValueType, name, help string, n float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, []string{label}, nil), kind, n, value)
	}
}

func collectCache(to chan<- prometheus.Metric, s store.CacheStats) {
	send := sender(to, "tier", "memory")
	send(prometheus.CounterValue, "imgsvc_cache_hits_total", hitsHelp, float64(s.Hits))
	send(prometheus.CounterValue, "imgsvc_cache_misses_total", missesHelp, float64(s.Misses))
	send(prometheus.CounterValue, "imgsvc_cache_evictions_total", "Listings that made room.", float64(s.Evictions))
	send(prometheus.CounterValue, "imgsvc_cache_refreshed_total", "Listings fetched anew because of their age.", float64(s.Refreshed))
	send(prometheus.CounterValue, "imgsvc_cache_stale_total", "Answers that should have been fetched anew, and could not be.", float64(s.Stale))
	send(prometheus.GaugeValue, "imgsvc_cache_entries", "Listings in memory.", float64(s.Entries))
	send(prometheus.GaugeValue, "imgsvc_cache_bytes", "Heap the listings in memory take.", float64(s.Bytes))
}

func collectRedis(to chan<- prometheus.Metric, s store.RedisStats) {
	send := sender(to, "tier", "redis")
	send(prometheus.CounterValue, "imgsvc_cache_hits_total", hitsHelp, float64(s.Hits))
	send(prometheus.CounterValue, "imgsvc_cache_misses_total", missesHelp, float64(s.Misses))
	send(prometheus.CounterValue, "imgsvc_cache_skipped_total", "Listings not asked of a tier that is down.", float64(s.Skipped))
	send(prometheus.CounterValue, "imgsvc_cache_failures_total", "Calls of the tier that failed.", float64(s.Failures))
	send(prometheus.CounterValue, "imgsvc_cache_corrupt_total", "Entries that were not a whole listing.", float64(s.Corrupt))
	send(prometheus.CounterValue, "imgsvc_cache_filled_total", "Entries written.", float64(s.Filled))
	send(prometheus.CounterValue, "imgsvc_cache_dropped_total", "Entries that were not written.", float64(s.Dropped))
	send(prometheus.GaugeValue, "imgsvc_cache_up", "1 while the tier is asked, 0 while it is skipped.", oneIf(s.Up))
	collectBreaker(to, "redis", s.CircuitStats)
}

func collectGuard(to chan<- prometheus.Metric, s store.GuardStats) {
	collectBreaker(to, "store", s.CircuitStats)
	send := func(kind prometheus.ValueType, name, help string, n float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, n)
	}
	send(prometheus.GaugeValue, "imgsvc_store_inflight", "Calls of the store under way.", float64(s.Inflight))
	send(prometheus.GaugeValue, "imgsvc_store_waiting", "Calls that wait for their turn at the store.", float64(s.Waiting))
	shed := sender(to, "reason", "overload")
	const help = "Requests refused without asking the store: it had too much to do, or was left out."
	shed(prometheus.CounterValue, "imgsvc_shed_total", help, float64(s.Shed))
	sender(to, "reason", "breaker")(prometheus.CounterValue, "imgsvc_shed_total", help, float64(s.Skipped))
}

func collectBreaker(to chan<- prometheus.Metric, of string, s store.CircuitStats) {
	send := sender(to, "of", of)
	send(prometheus.GaugeValue, "imgsvc_breaker_open", "1 while this is not asked because it failed, else 0.", oneIf(!s.Up))
	send(prometheus.CounterValue, "imgsvc_breaker_trips_total", "How often the breaker has opened.", float64(s.Trips))
}

func collectPool(to chan<- prometheus.Metric, name string, s store.PoolStats) {
	send := sender(to, "pool", name)
	send(prometheus.GaugeValue, "imgsvc_pool_connections", "Open connections.", float64(s.Open))
	send(prometheus.GaugeValue, "imgsvc_pool_used", "Connections that a call uses.", float64(s.Used))
	send(prometheus.CounterValue, "imgsvc_pool_opened_total", "Connections made.", float64(s.Opened))
	send(prometheus.CounterValue, "imgsvc_pool_failures_total", "Calls that were given no connection.", float64(s.Failures))
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
