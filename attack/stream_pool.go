package attack

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// assumedStreams is how many requests at once an HTTP/2 connection is taken to bear until its service says so: what
// RFC 9113 asks services to allow at least (section 6.5.2), and what net/http assumes, too.
const assumedStreams = 100

// errUnsent says that a request never left: no stream was free for it until the run was over.
var errUnsent = fmt.Errorf("no stream was free: %w", errStopped)

// streamPool hands out places for requests, streams, on the HTTP/2 connections to one origin. Requests are spread
// evenly: a connection never gets another one while it has more than its share. What finds no stream free waits, in
// order. Its memory is that of its connections and of a few words for each request that waits.
type streamPool struct {
	run   *run
	to    origin
	most  int  // connections at once
	eager bool // use as many at once; otherwise one more is opened only when all have no stream free

	mu      sync.Mutex
	conns   []*streamConn // that take requests
	next    int           // the search for a free stream begins here
	busy    int           // requests on conns
	waiting list.List     // of chan *streamConn, the longest first
}

// pools are those of a run whose users or requests share connections.
type pools struct {
	mu       sync.Mutex
	byOrigin map[origin]*streamPool
}

// sharesStreams reports whether the run's users or requests share HTTP/2 connections. Users do so only if they are
// told how many; without that each has a connection of its own, as over HTTP/1.1.
func (r *run) sharesStreams() bool { return r.opts.Rate != nil || r.opts.Connections > 0 }

// streamPool returns the shared pool of an origin, or a new one for one user.
func (r *run) streamPool(to origin) *streamPool {
	if !r.sharesStreams() {
		return &streamPool{run: r, to: to, most: 1}
	}
	r.pools.mu.Lock()
	defer r.pools.mu.Unlock()
	p := r.pools.byOrigin[to]
	if p == nil {
		p = &streamPool{run: r, to: to, most: r.opts.Connections, eager: true}
		if p.most == 0 {
			p.most, p.eager = r.opts.MaxVUs, false
		}
		if r.pools.byOrigin == nil {
			r.pools.byOrigin = map[origin]*streamPool{}
		}
		r.pools.byOrigin[to] = p
	}
	return p
}

// close closes all connections; all requests are over by then.
func (p *pools) close() {
	for _, pool := range p.byOrigin {
		pool.close()
	}
}

// take waits for a free stream. It returns errUnsent if giveUp is closed or ctx ends first.
func (p *streamPool) take(ctx context.Context, giveUp <-chan struct{}) (*streamConn, error) {
	p.mu.Lock()
	if p.waiting.Len() == 0 {
		if c := p.place(); c != nil {
			p.mu.Unlock()
			return c, nil
		}
	}
	granted := make(chan *streamConn, 1)
	ticket := p.waiting.PushBack(granted)
	p.mu.Unlock()
	select {
	case c := <-granted:
		return c, nil
	case <-giveUp:
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiting.Remove(ticket)
	p.mu.Unlock()
	select {
	case c := <-granted: // just as it gave up
		return c, nil
	default:
		return nil, errUnsent
	}
}

// place takes a free stream, on a new connection if there is to be one, or returns nil. p.mu is held.
func (p *streamPool) place() *streamConn {
	if p.eager && len(p.conns) < p.most || len(p.conns) == 0 {
		return p.open()
	}
	share := p.busy / len(p.conns) // at least one connection has no more than this
	for _, most := range []int{share, p.busy} {
		for range p.conns {
			c := p.conns[p.next%len(p.conns)]
			p.next = (p.next + 1) % len(p.conns)
			if c.busy <= most && c.busy < c.limit {
				return p.occupy(c)
			}
		}
	}
	if len(p.conns) < p.most {
		return p.open()
	}
	return nil
}

// open adds a connection, which the first who uses it dials.
func (p *streamPool) open() *streamConn {
	c := &streamConn{pool: p, limit: assumedStreams, dialed: make(chan struct{}), settled: make(chan struct{})}
	p.conns = append(p.conns, c)
	return p.occupy(c)
}

func (p *streamPool) occupy(c *streamConn) *streamConn {
	c.busy++
	p.busy++
	return c
}

// release gives a stream back. A connection that is spent takes no more requests, and is closed with its last one.
func (p *streamPool) release(c *streamConn, spent bool) {
	p.mu.Lock()
	c.busy--
	if !c.retired {
		p.busy--
		if spent {
			p.retire(c)
		}
	}
	last := c.retired && c.busy == 0
	p.grant()
	p.mu.Unlock()
	if last {
		c.close()
	}
}

// retire takes a connection out of use. p.mu is held.
func (p *streamPool) retire(c *streamConn) {
	c.retired = true
	p.busy -= c.busy
	for i, other := range p.conns {
		if other == c {
			p.conns = append(p.conns[:i], p.conns[i+1:]...)
			return
		}
	}
}

// settle takes what the service says of how many streams a connection may have at once.
func (p *streamPool) settle(c *streamConn, limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.limit = max(1, limit) // a service that allows none is asked, and does not answer in time
	p.grant()
}

// grant hands free streams to those who wait. p.mu is held.
func (p *streamPool) grant() {
	for p.waiting.Len() > 0 {
		c := p.place()
		if c == nil {
			return
		}
		p.waiting.Remove(p.waiting.Front()).(chan *streamConn) <- c
	}
}

// close closes the connections; no request uses them any more.
func (p *streamPool) close() {
	for _, c := range p.conns {
		c.close()
	}
	p.conns = nil
}
