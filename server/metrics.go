package server

import (
	"math/bits"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/starkillersystems/imgsvc/server/store"
)

// metrics is what /metrics shows. Requests are counted in places that are found without a look-up, and become
// metrics of Prometheus only when somebody asks for them.
type metrics struct {
	routes []*routeMetrics // complete before the first request
	cache  func() store.CacheStats
	redis  func() store.RedisStats
	writes writeCounts
}

// routeMetrics counts the requests of one route.
type routeMetrics struct {
	name     string
	epoch    time.Time
	byStatus [600]atomic.Pointer[histogram]
}

// histogram counts durations. Its first bucket reaches to 2^firstBucket ns, which is 1 µs, and each further one four
// times as far; the last one takes what is over 17 s.
type histogram struct {
	buckets [lastBucket + 1]atomic.Uint64
	sum     atomic.Uint64 // nanoseconds
}

const (
	firstBucket = 10
	lastBucket  = 13
)

// route returns the place where requests of the route at path are counted.
func (m *metrics) route(path string) *routeMetrics {
	name := strings.ReplaceAll(path, ":id", "{id}")
	for _, r := range m.routes {
		if r.name == name {
			return r
		}
	}
	r := &routeMetrics{name: name, epoch: time.Now()}
	m.routes = append(m.routes, r)
	return r
}

// begin notes when a request began, for end. It is time.Now without the time of day, which would cost as much again.
func (m *routeMetrics) begin() time.Duration { return time.Since(m.epoch) }

// end counts a request that was answered with status.
func (m *routeMetrics) end(begin time.Duration, status int) {
	place := &m.byStatus[status]
	h := place.Load()
	if h == nil {
		place.CompareAndSwap(nil, &histogram{})
		h = place.Load()
	}
	h.add(time.Since(m.epoch) - begin)
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	h.sum.Add(uint64(d))
}

func bucketOf(d time.Duration) int {
	over := bits.Len64(uint64(max(d, 1)-1)) - firstBucket // how often the first bucket must double to reach d
	return min(max(over+1, 0)/2, lastBucket)
}

// bound returns the longest duration that falls in bucket i, in seconds.
func bound(i int) float64 { return float64(int64(1)<<(firstBucket+2*i)) / 1e9 }

// handler returns what answers /metrics.
func (m *metrics) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// Describe describes nothing: the registry then checks what Collect sends each time.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics of the moment.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	duration := prometheus.NewDesc("imgsvc_request_duration_seconds",
		"From a request's header read to its answer handed to the connection, by route and status.",
		[]string{"route", "status"}, nil)
	for _, r := range m.routes {
		for status := range r.byStatus {
			if h := r.byStatus[status].Load(); h != nil {
				to <- h.metric(duration, r.name, strconv.Itoa(status))
			}
		}
	}
	if m.cache != nil {
		collectCache(to, m.cache())
	}
	if m.redis != nil {
		collectRedis(to, m.redis())
	}
	m.collectWrites(to)
}

func (h *histogram) metric(desc *prometheus.Desc, labels ...string) prometheus.Metric {
	var count uint64
	buckets := map[float64]uint64{}
	for i := range h.buckets {
		count += h.buckets[i].Load()
		if i < lastBucket {
			buckets[bound(i)] = count
		}
	}
	sum := time.Duration(h.sum.Load()).Seconds()
	return prometheus.MustNewConstHistogram(desc, count, sum, buckets, labels...)
}

// The counters that both tiers have carry the same names; each tier's listings were not found in those nearer.
const (
	hitsHelp   = "Listings found in this tier."
	missesHelp = "Listings asked of this tier and not found in it."
)

// tierSender returns what sends metrics with the label of a tier.
func tierSender(to chan<- prometheus.Metric, tier string) func(prometheus.ValueType, string, string, float64) {
	return func(kind prometheus.ValueType, name, help string, value float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, []string{"tier"}, nil), kind, value, tier)
	}
}

func collectCache(to chan<- prometheus.Metric, s store.CacheStats) {
	send := tierSender(to, "memory")
	send(prometheus.CounterValue, "imgsvc_cache_hits_total", hitsHelp, float64(s.Hits))
	send(prometheus.CounterValue, "imgsvc_cache_misses_total", missesHelp, float64(s.Misses))
	send(prometheus.CounterValue, "imgsvc_cache_evictions_total", "Listings that made room.", float64(s.Evictions))
	send(prometheus.GaugeValue, "imgsvc_cache_entries", "Listings in memory.", float64(s.Entries))
	send(prometheus.GaugeValue, "imgsvc_cache_bytes", "Heap the listings in memory take.", float64(s.Bytes))
}

func collectRedis(to chan<- prometheus.Metric, s store.RedisStats) {
	send := tierSender(to, "redis")
	up := 0.0
	if s.Up {
		up = 1
	}
	send(prometheus.CounterValue, "imgsvc_cache_hits_total", hitsHelp, float64(s.Hits))
	send(prometheus.CounterValue, "imgsvc_cache_misses_total", missesHelp, float64(s.Misses))
	send(prometheus.CounterValue, "imgsvc_cache_skipped_total", "Listings not asked of a tier that is down.", float64(s.Skipped))
	send(prometheus.CounterValue, "imgsvc_cache_failures_total", "Calls of the tier that failed.", float64(s.Failures))
	send(prometheus.CounterValue, "imgsvc_cache_corrupt_total", "Entries that were not a whole listing.", float64(s.Corrupt))
	send(prometheus.CounterValue, "imgsvc_cache_filled_total", "Entries written.", float64(s.Filled))
	send(prometheus.CounterValue, "imgsvc_cache_dropped_total", "Entries that were not written.", float64(s.Dropped))
	send(prometheus.GaugeValue, "imgsvc_cache_up", "1 while the tier is asked, 0 while it is skipped.", up)
}
