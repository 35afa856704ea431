package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// maxRedirects is how many redirects in a row one request follows.
const maxRedirects = 10

// errStale says that a kept connection turned out to be closed before it could have carried the request: sending
// again on a new one repeats nothing.
var errStale = errors.New("connection was closed while idle")

// userError ends a user's walk without being about one request; its text is the key it is counted under.
type userError string

func (e userError) Error() string { return string(e) }

// client is one user's side of HTTP: one keep-alive connection an origin, like a browser that asks one thing at a
// time. It is used by one goroutine at a time and reuses everything it holds from request to request.
type client struct {
	run        *run
	shard      Shard
	conns      []*conn
	out        []byte // the request being sent
	res        Result
	written    time.Time
	warming    bool // what it sends is not recorded
	reconnects int64
}

// do sends a step's request that was due then, follows its redirects, and adds a result for each. It returns when
// the last one ended, and an error if that one has no complete answer or the user cannot go on.
func (c *client) do(ctx context.Context, bp *blueprint, vars []scenarios.Value, due time.Time) (time.Time, error) {
	hop := redirect{method: bp.step.Method}
	var err error
	if c.out, hop.to, err = bp.render(c.out[:0], vars); err != nil {
		return time.Now(), userError(keyInvalidURL)
	}
	for hops := 0; ; hops++ {
		h, end, err := c.exchange(ctx, hop.to, hop.method, due)
		c.finish(ctx, bp, hop, end, err)
		if err != nil || bp.step.NoFollow || !h.redirects() {
			return end, err
		}
		if hops == maxRedirects {
			return end, userError(keyRedirects)
		}
		if c.out, err = hop.follow(c.out, bp, vars, h); err != nil {
			return end, userError(keyInvalidURL)
		}
		due = end
	}
}

// exchange sends the rendered request and reads its answer to the end.
func (c *client) exchange(ctx context.Context, to origin, method string, due time.Time) (head, time.Time, error) {
	sent := time.Now()
	c.res.Timestamp, c.res.Lag = sent, max(0, sent.Sub(due))
	c.res.Code, c.res.BytesIn, c.res.FirstByte, c.res.Error = 0, 0, 0, ""
	cn, h, err := c.attempt(ctx, to, method, sent.Add(c.run.opts.Timeout))
	if errors.Is(err, errStale) {
		c.reconnects++
		cn, h, err = c.attempt(ctx, to, method, sent.Add(c.run.opts.Timeout))
	}
	end := time.Now()
	if err != nil {
		return h, end, err
	}
	c.res.Code, c.res.FirstByte = uint16(h.status), end.Sub(c.written)
	buffered := !h.chunked && h.length >= 0 && h.length <= int64(cn.w-cn.r)
	redirects := h.redirects()
	if redirects {
		h.location = append([]byte(nil), h.location...)
	}
	c.res.BytesIn, err = cn.discard(h)
	if !buffered {
		end = time.Now()
	}
	if err != nil || h.close || cn.r != cn.w {
		c.drop(cn)
		return h, end, err
	}
	cn.release()
	return h, end, nil
}

// attempt sends the request on the user's connection, or a new one, and reads the head of the answer.
func (c *client) attempt(ctx context.Context, to origin, method string, deadline time.Time) (*conn, head, error) {
	cn, err := c.connection(ctx, to, deadline)
	if err != nil {
		return nil, head{}, err
	}
	repeatable := idempotent(method)
	if cn.used && !repeatable && closedByPeer(cn.Conn) {
		c.drop(cn)
		return nil, head{}, errStale
	}
	h, written, err := c.talk(ctx, cn, method, deadline)
	if err == nil {
		return cn, h, nil
	}
	untouched := cn.r == 0 && cn.w == 0
	c.drop(cn)
	if cn.used && untouched && closed(err) && (repeatable || written == 0) && ctx.Err() == nil {
		return nil, head{}, errStale
	}
	return nil, head{}, err
}

// talk writes the request in one piece and waits for the head of its answer.
func (c *client) talk(ctx context.Context, cn *conn, method string, deadline time.Time) (head, int, error) {
	if err := cn.extend(deadline, c.run.opts.Timeout); err != nil {
		return head{}, 0, err
	}
	if err := ctx.Err(); err != nil {
		return head{}, 0, err
	}
	cn.r, cn.w = 0, 0
	n, err := cn.Write(c.out)
	c.written = time.Now()
	if err != nil {
		return head{}, n, err
	}
	h, err := cn.readHead(method)
	return h, n, err
}

// finish completes the result of an exchange and hands it on.
func (c *client) finish(ctx context.Context, bp *blueprint, hop redirect, end time.Time, err error) {
	r := &c.res
	r.Latency = end.Sub(r.Timestamp)
	r.Step, r.Scenario = bp.step.ID, bp.step.Scenario
	if c.run.opts.OneStep {
		r.Step = 0
	}
	r.Method = hop.method
	if c.run.opts.Results != nil {
		r.URL = hop.to.String() + requestTarget(c.out)
	}
	if err != nil {
		r.Error = errorKey(ctx, err)
	}
	if !c.warming {
		c.run.add(c.shard, r)
	}
	r.Seq++
}

// connection returns the user's connection to an origin, dialing if there is none.
func (c *client) connection(ctx context.Context, to origin, deadline time.Time) (*conn, error) {
	for _, cn := range c.conns {
		if cn.origin == to {
			return cn, nil
		}
	}
	cn, err := c.run.dial(ctx, to, deadline)
	if err == nil {
		c.conns = append(c.conns, cn)
	}
	return cn, err
}

// drop closes a connection that cannot be used again.
func (c *client) drop(cn *conn) {
	for i, other := range c.conns {
		if other == cn {
			c.conns = append(c.conns[:i], c.conns[i+1:]...)
		}
	}
	cn.unwatch()
	cn.Close()
}

// close closes all connections.
func (c *client) close() {
	for len(c.conns) > 0 {
		c.drop(c.conns[0])
	}
	c.run.reconnects.Add(c.reconnects)
	c.reconnects = 0
}

// release readies a connection for its next request, giving back what an unusually long head took.
func (c *conn) release() {
	c.used = true
	if len(c.buf) > readBuffer {
		c.buf = make([]byte, readBuffer)
	}
}

// dial opens a connection, with TLS where the origin wants it. When the run's context ends, its reads and writes do.
func (r *run) dial(ctx context.Context, to origin, deadline time.Time) (*conn, error) {
	soon, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	dialer := net.Dialer{KeepAlive: -1}
	network, addr := "tcp", to.addr
	if r.opts.UnixSocket != "" {
		network, addr = "unix", r.opts.UnixSocket
	}
	nc, err := dialer.DialContext(soon, network, addr)
	if err != nil {
		return nil, err
	}
	if to.tls {
		if nc, err = r.handshake(soon, nc, to); err != nil {
			return nil, err
		}
	}
	cn := &conn{Conn: nc, origin: to, buf: make([]byte, readBuffer)}
	cn.unwatch = context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	return cn, nil
}

func (r *run) handshake(ctx context.Context, nc net.Conn, to origin) (net.Conn, error) {
	config := r.opts.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(to.addr)
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secure, nil
}

// idempotent reports whether sending the request twice means the same as once (RFC 9110, section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// closed reports whether an error says that the other side had closed the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
