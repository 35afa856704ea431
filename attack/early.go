package attack

import (
	"context"
	"crypto/tls"
	"time"
)

// longRequest is from how many bytes on a request may not fit into the buffers on its way, so that writing it waits for
// the service to read. One that has answered already may never read on.
const longRequest = 32 << 10

// longAgo is a deadline that ends what waits.
var longAgo = time.Unix(1, 0)

// talkLong writes a long request and listens for the answer meanwhile: a service may refuse a body, or send us
// elsewhere, before it has read all of it. Then the rest stays unwritten, and the connection is given up.
func (c *client) talkLong(ctx context.Context, cn *conn, method string, out []byte) (head, int, error) {
	began := time.Now()
	written := make(chan struct{})
	var n int
	var writeErr error
	go func() {
		defer close(written)
		n, writeErr = cn.Write(out)
		c.written = time.Now()
		if writeErr == nil {
			c.limitHead(ctx, cn)
		}
	}()
	h, err := cn.readHead(method)
	refused := err == nil && h.status >= 300
	if (err != nil || refused) && !closedAlready(written) {
		cn.cut = true
		cn.SetWriteDeadline(longAgo)
	}
	<-written
	cn.cut = cn.cut || writeErr != nil
	switch {
	case refused:
		h.close = h.close || cn.cut
	case err == nil:
		err = writeErr
	}
	if err != nil {
		c.written = began // whether a close crossed the request is reckoned from its beginning
		return head{}, n, err
	}
	return h, n, c.unlimit(ctx, cn)
}

// limitHead gives the response head until HeadTimeout from now, if there is one. It and unlimit are small enough to cost
// nothing if there is none.
func (c *client) limitHead(ctx context.Context, cn *conn) error {
	if c.run.opts.HeadTimeout == 0 {
		return nil
	}
	return cn.readWithin(ctx, c.run.opts.HeadTimeout)
}

// unlimit gives what follows the head until the end of the request's time.
func (c *client) unlimit(ctx context.Context, cn *conn) error {
	if c.run.opts.HeadTimeout == 0 {
		return nil
	}
	return cn.readUntil(ctx, cn.deadline)
}

func (c *conn) readWithin(ctx context.Context, limit time.Duration) error {
	return c.readUntil(ctx, time.Now().Add(limit))
}

// readUntil lets reads wait until a time, but no longer than the request may take, nor after the run has been cut off.
func (c *conn) readUntil(ctx context.Context, limit time.Time) error {
	if limit.After(c.deadline) {
		limit = c.deadline
	}
	c.SetReadDeadline(limit)
	err := ctx.Err() // or the deadline that ends everything may have been set before this one
	if err != nil {
		c.SetDeadline(longAgo)
	}
	return err
}

// hangUp closes a connection. One that was given up while it was written to takes no farewell: TLS would wait seconds
// for room to write it.
func (c *conn) hangUp() {
	if secure, ok := c.Conn.(*tls.Conn); ok && c.cut {
		secure.NetConn().Close()
		return
	}
	c.Close()
}
