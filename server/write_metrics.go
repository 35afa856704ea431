package server

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starkillersystems/imgsvc/server/store"
)

// operation is what a request would write.
type operation int

const (
	opPut operation = iota
	opDelete
	opImage
	operations
)

// outcome is what became of it.
type outcome int

const (
	wasCreated  outcome = iota
	wasReplaced         // or the listing has an image more
	wasDeleted
	wasConflict // 412
	wasRefused  // for other reasons of the client's
	hasFailed
	outcomes
)

func (o operation) String() string { return [...]string{"put", "delete", "image"}[o] }

func (o outcome) String() string {
	return [...]string{"created", "replaced", "deleted", "conflict", "refused", "failed"}[o]
}

// writeCounts counts requests that would write.
type writeCounts [operations][outcomes]atomic.Uint64

func (w *writeCounts) add(op operation, status int) { w[op][outcomeOf(op, status)].Add(1) }

func outcomeOf(op operation, status int) outcome {
	switch {
	case op == opImage && status == http.StatusCreated, status == http.StatusOK:
		return wasReplaced
	case status == http.StatusCreated:
		return wasCreated
	case status == http.StatusNoContent:
		return wasDeleted
	case status == http.StatusPreconditionFailed:
		return wasConflict
	case status < http.StatusInternalServerError:
		return wasRefused
	}
	return hasFailed
}

// collectWrites sends what is counted of writes, and of caches that forget what was written.
func (m *metrics) collectWrites(to chan<- prometheus.Metric) {
	writes := prometheus.NewDesc("imgsvc_writes_total", "Requests that would change a listing, by what became of it.",
		[]string{"op", "outcome"}, nil)
	for op := range operations {
		for result := range outcomes {
			if n := m.writes[op][result].Load(); n > 0 {
				to <- prometheus.MustNewConstMetric(writes, prometheus.CounterValue, float64(n), op.String(), result.String())
			}
		}
	}
	if m.cache != nil {
		collectForgotten(to, m.cache())
	}
	if m.redis != nil {
		collectTold(to, m.redis())
	}
}

// The counters that both tiers have.
const (
	forgottenName = "imgsvc_cache_invalidations_total"
	forgottenHelp = "Listings that were forgotten because they changed."
	flushedName   = "imgsvc_cache_flushes_total"
	flushedHelp   = "How often everything was forgotten because anything may have changed."
)

func collectForgotten(to chan<- prometheus.Metric, s store.CacheStats) {
	send := tierSender(to, "memory")
	send(prometheus.CounterValue, forgottenName, forgottenHelp, float64(s.Forgotten))
	send(prometheus.CounterValue, flushedName, flushedHelp, float64(s.Flushed))
	send(prometheus.CounterValue, "imgsvc_cache_renewed_total", "Listings asked for again because they were too old.",
		float64(s.Renewed))
}

func collectTold(to chan<- prometheus.Metric, s store.RedisStats) {
	send := tierSender(to, "redis")
	listening := 0.0
	if s.Listening {
		listening = 1
	}
	send(prometheus.CounterValue, forgottenName, forgottenHelp, float64(s.Forgotten))
	send(prometheus.CounterValue, flushedName, flushedHelp, float64(s.Generations))
	send(prometheus.CounterValue, "imgsvc_cache_told_total", "Changes that services told each other of, our own included.",
		float64(s.Told))
	send(prometheus.CounterValue, "imgsvc_cache_refused_total", "Entries not written: the listing may have changed meanwhile.",
		float64(s.Refused))
	send(prometheus.GaugeValue, "imgsvc_cache_listening", "1 while this service hears what others change.", listening)
}
