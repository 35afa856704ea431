package attack

import (
	"context"
	"os"
	"sync"
	"time"
)

// pool is connections that all users share: at most size an origin, each used by one user at a time. Who finds none free
// waits for one, which counts as part of the request.
type pool struct {
	size    int
	mu      sync.Mutex
	origins map[origin]*berths
}

// berths are the places of one origin's connections.
type berths struct {
	idle  chan *conn
	empty chan struct{} // one for each connection that may still be dialed
}

func newPool(size int) *pool { return &pool{size: size, origins: map[origin]*berths{}} }

func (p *pool) at(to origin) *berths {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.origins[to]
	if b == nil {
		b = &berths{idle: make(chan *conn, p.size), empty: make(chan struct{}, p.size)}
		for range p.size {
			b.empty <- struct{}{}
		}
		p.origins[to] = b
	}
	return b
}

// take returns a connection nobody uses, or nil if the caller is to dial one. Either is to be given back, with put or
// with drop.
func (p *pool) take(ctx context.Context, to origin, deadline time.Time) (*conn, error) {
	b := p.at(to)
	select {
	case cn := <-b.idle:
		return cn, nil
	default:
	}
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case cn := <-b.idle:
		return cn, nil
	case <-b.empty:
		return nil, nil
	case <-late.C:
		return nil, os.ErrDeadlineExceeded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put gives a connection back for others to use.
func (p *pool) put(cn *conn) { p.at(cn.origin).idle <- cn }

// drop gives back the place of a connection that is closed, or was never opened.
func (p *pool) drop(to origin) { p.at(to).empty <- struct{}{} }

// close closes what is idle, once no user is left.
func (p *pool) close() {
	for _, b := range p.origins {
		for len(b.idle) > 0 {
			cn := <-b.idle
			cn.unwatch()
			cn.Close()
		}
	}
}

// shared returns a connection of the pool, dialing if it has a place for one more.
func (c *client) shared(ctx context.Context, to origin, deadline time.Time) (*conn, error) {
	cn, err := c.run.pool.take(ctx, to, deadline)
	if cn != nil || err != nil {
		return cn, err
	}
	if cn, err = c.run.dial(ctx, to, deadline); err != nil {
		c.run.pool.drop(to)
	}
	return cn, err
}

// giveBack lets others use a connection that belongs to the pool.
func (c *client) giveBack(cn *conn) {
	if c.run.pool == nil {
		return
	}
	c.disown(cn)
	c.run.pool.put(cn)
}
