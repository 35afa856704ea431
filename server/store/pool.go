package store

import (
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/event"
)

// PoolStats are what a pool of connections holds now, and counts since it was opened.
type PoolStats struct {
	Open     int    // connections to all servers
	Used     int    // of these, the ones that a call uses
	Opened   uint64 // connections made
	Failures uint64 // calls that were given no connection, in time or at all
}

// mongoPool counts the events of the driver's pools.
type mongoPool struct {
	opened, closed, taken, returned, failed atomic.Int64
}

func (p *mongoPool) count(e *event.PoolEvent) {
	switch e.Type {
	case event.ConnectionCreated:
		p.opened.Add(1)
	case event.ConnectionClosed:
		p.closed.Add(1)
	case event.ConnectionCheckedOut:
		p.taken.Add(1)
	case event.ConnectionCheckedIn:
		p.returned.Add(1)
	case event.ConnectionCheckOutFailed:
		p.failed.Add(1)
	}
}

// PoolStats returns the state of the connections. Counts of one moment may be one ahead of another.
func (m *Mongo) PoolStats() PoolStats {
	p := &m.pool
	closed, returned := p.closed.Load(), p.returned.Load() // before what they are taken from: no difference is negative
	return PoolStats{
		Open: int(p.opened.Load() - closed), Used: int(p.taken.Load() - returned),
		Opened: uint64(p.opened.Load()), Failures: uint64(p.failed.Load()),
	}
}

// PoolStats returns the state of the connections. go-redis has pools of their own for pipelines.
func (r *Redis) PoolStats() PoolStats {
	s := r.client.PoolStats()
	sum := redisPool(s)
	if s.PipelineStats != nil {
		p := redisPool((*redis.PoolStats)(s.PipelineStats))
		sum.Open, sum.Used, sum.Opened, sum.Failures = sum.Open+p.Open, sum.Used+p.Used, sum.Opened+p.Opened, sum.Failures+p.Failures
	}
	return sum
}

func redisPool(s *redis.PoolStats) PoolStats {
	return PoolStats{
		Open: int(s.TotalConns), Used: int(s.TotalConns - min(s.IdleConns, s.TotalConns)),
		Opened: uint64(s.Misses), Failures: uint64(s.Timeouts),
	}
}
