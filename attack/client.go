package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// maxRedirects is how many redirects in a row one request follows.
const maxRedirects = 10

// maxOrigins is how many origins one user keeps connections to over HTTP/1.1; with one more, the oldest is closed. Services
// may send users anywhere, by redirects, without end.
const maxOrigins = 256

// errStale says that a kept connection turned out to be closed while it was idle, so that the request is to be sent on
// a new one.
var errStale = errors.New("connection was closed while idle")

// A kept connection is looked at before it is used again if it was idle for so long. Users without think time come
// back sooner, and pay nothing.
const lookAfter = time.Millisecond

// staleSlack is added to the two round trips within which a close that crossed the request on its way must arrive.
const staleSlack = 5 * time.Millisecond

// userError ends a user's walk without being about one request; its text is the key it is counted under.
type userError string

func (e userError) Error() string { return string(e) }

// client is one user's side of HTTP: one keep-alive connection an origin, like a browser that asks one thing at a
// time. It is used by one goroutine at a time and reuses everything it holds from request to request.
type client struct {
	run        *run
	gate       *gate // once it is shut, no redirect is followed
	shard      Shard
	conns      []*conn
	out        []byte // the request being sent
	forwarded  []byte // the same, as a proxy wants it
	jar        *jar   // the cookies of this walk; nil: none yet
	cookies    bool   // are kept, as users do
	keep       bool   // somebody wants the body
	wantsBody  bool   // the step does
	wantsHead  bool
	head       []byte          // of the answer, if the step wants it
	queued     time.Time       // since when the request has waited for the connection; zero: it has not
	trace      func(*Exchange) // gets each request with its answer; nil: nobody wants to know
	last       *lastRequest    // where the present request is noted; nil: nowhere
	answer     answer
	res        Result
	written    time.Time
	warming    bool // what it sends is not recorded
	reconnects int64
	streams    *streams // instead of conns, over HTTP/2
}

// do sends a step's request that was due then, follows its redirects, and adds a result for each. It returns when
// the last one ended, and an error if that one has no complete answer or the user cannot go on.
func (c *client) do(ctx context.Context, bp *blueprint, vars *scenarios.Vars, due time.Time) (time.Time, error) {
	hop := redirect{method: bp.step.Method}
	if c.last != nil {
		*c.last = lastRequest{label: bp.label()}
	}
	key, err := bp.step.Ready(vars)
	if err != nil {
		c.run.note(bp.step, key, fmt.Sprintf("%s%s: %v", place(bp.step.Pos), bp.label(), err))
		return time.Now(), userError(key)
	}
	if c.out, hop.to, hop.body, err = bp.render(c.out[:0], vars); err != nil {
		c.run.note(bp.step, "url", fmt.Sprintf("%s%s: cannot be sent: it renders to no http(s) URL, or a header has a line break in it",
			place(bp.step.Pos), bp.label()))
		return time.Now(), userError(keyInvalidURL)
	}
	if err = c.prepare(bp, hop.to, vars); err != nil {
		return time.Now(), err
	}
	for hops := 0; ; hops++ {
		if c.jar != nil {
			c.out = c.jar.stamp(c.out, hop.to)
		}
		h, end, err := c.exchange(ctx, hop.to, hop.method, due)
		if err == errUnsent {
			return end, c.unsent(hops)
		}
		c.res.Followed = err == nil && !bp.step.NoFollow && h.redirects()
		c.finish(ctx, bp, hop, end, err)
		if err == nil && !c.res.Followed && (bp.takes || c.trace != nil) {
			err = c.take(bp, hop, h.status, vars)
			end = time.Now() // what is done with the answer is part of the step
		} else if c.trace != nil {
			c.show(bp, hop, h.status, vars, nil, scenarios.Taken{})
		}
		c.forget()
		if !c.res.Followed {
			return end, err
		}
		if c.gate.shut.Load() {
			return end, errStopped
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
	if c.streams != nil {
		return c.overStreams(ctx, to, method, due)
	}
	sent := time.Now()
	c.begin(sent, due)
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
	if h.cookies && c.cookies {
		c.keepCookies(to, headerValues(cn.text, "set-cookie"))
	}
	c.noteHead(cn.text)
	if c.keep {
		c.keepBody(cn, h)
	}
	redirects := h.redirects()
	if redirects {
		h.location = append([]byte(nil), h.location...)
	}
	c.res.BytesIn, err = cn.discard(h)
	if !buffered {
		end = time.Now()
	}
	cn.kept = nil
	if err != nil || h.close || cn.r != cn.w {
		c.drop(cn)
		return h, end, err
	}
	cn.release(end)
	c.giveBack(cn)
	return h, end, nil
}

// begin starts the result of an exchange.
func (c *client) begin(sent, due time.Time) {
	c.res.Timestamp, c.res.Lag = sent, max(0, sent.Sub(due))
	c.res.Code, c.res.BytesIn, c.res.BytesOut, c.res.FirstByte, c.res.Error = 0, 0, 0, 0, ""
	if !c.queued.IsZero() { // waiting for a connection is part of the request
		c.res.Timestamp, c.res.Lag, c.queued = c.queued, 0, time.Time{}
	}
}

// attempt sends the request on the user's connection, or a new one, and reads the head of the answer.
func (c *client) attempt(ctx context.Context, to origin, method string, deadline time.Time) (*conn, head, error) {
	cn, err := c.connection(ctx, to, deadline)
	if err != nil {
		return nil, head{}, err
	}
	if err := cn.extend(deadline, c.run.opts.Timeout); err != nil {
		c.drop(cn)
		return nil, head{}, err
	}
	if cn.used && c.res.Timestamp.Sub(cn.idleSince) > lookAfter && closedByPeer(cn.Conn) {
		c.drop(cn)
		return nil, head{}, errStale
	}
	h, written, err := c.talk(ctx, cn, method)
	if err == nil {
		return cn, h, nil
	}
	c.drop(cn)
	if c.stale(cn, method, written, err) && ctx.Err() == nil {
		return nil, head{}, errStale
	}
	return nil, head{}, err
}

// stale reports whether a failed exchange met a close that was on its way when the request left: nothing of it was
// written, or it may be sent twice, nothing came back, and the close came within two round trips. A service that takes
// the request and dies over it closes later; that is an error, not to be hidden by asking again.
func (c *client) stale(cn *conn, method string, written int, err error) bool {
	if !cn.used || cn.answered || !closed(err) {
		return false
	}
	return written == 0 || idempotent(method) && time.Since(c.written) <= 2*cn.roundTrip+staleSlack
}

// talk writes the request in one piece and waits for the head of its answer.
func (c *client) talk(ctx context.Context, cn *conn, method string) (head, int, error) {
	if err := ctx.Err(); err != nil {
		return head{}, 0, err
	}
	cn.r, cn.w, cn.answered = 0, 0, false
	out := c.out
	if cn.via != nil {
		c.forwarded = cn.via.forward(c.forwarded[:0], cn.origin, c.out)
		out = c.forwarded
	}
	if len(out) >= longRequest {
		return c.talkLong(ctx, cn, method, out)
	}
	if err := c.limitHead(ctx, cn); err != nil { // before it is written, since send reads, too
		return head{}, 0, err
	}
	n, at, err := cn.send(out)
	c.written = at
	switch {
	case err != nil && n < len(out):
		cn.cut = true
		return cn.refusal(method, n, err)
	case err != nil:
		return head{}, n, err
	}
	h, err := cn.readHead(method)
	if err != nil {
		return h, n, err
	}
	return h, n, c.unlimit(ctx, cn)
}

// refusal looks for an answer that came before the request was written whole, as from a service that will not take a
// body so large. Without one, the error of writing stands.
func (c *conn) refusal(method string, written int, cause error) (head, int, error) {
	if !closed(cause) {
		return head{}, written, cause
	}
	h, err := c.readHead(method)
	switch {
	case err != nil && alerted(err):
		return head{}, written, err // which says why it was closed
	case err != nil || h.status < 400:
		return head{}, written, cause
	}
	h.close = true
	return h, written, nil
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
	r.BytesOut = uint64(hop.body)
	if err != nil {
		r.Error, r.Code = errorKey(ctx, err), 0 // there is no status without a complete answer, as vegeta has it
	}
	if c.keep {
		c.takeBody(ctx, err)
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
	open := c.run.dial
	if c.run.pool != nil {
		open = c.shared
	}
	cn, err := open(ctx, to, deadline)
	if err != nil {
		return nil, err
	}
	if len(c.conns) == maxOrigins {
		c.drop(c.conns[0])
	}
	c.conns = append(c.conns, cn)
	return cn, nil
}

// drop closes a connection that cannot be used again.
func (c *client) drop(cn *conn) {
	c.disown(cn)
	cn.unwatch()
	cn.hangUp()
	if c.run != nil && c.run.pool != nil {
		c.run.pool.drop(cn.origin)
	}
}

// disown takes a connection off the user's own.
func (c *client) disown(cn *conn) {
	for i, other := range c.conns {
		if other == cn {
			c.conns = append(c.conns[:i], c.conns[i+1:]...)
			return
		}
	}
}

// close closes all connections.
func (c *client) close() {
	for len(c.conns) > 0 {
		c.drop(c.conns[0])
	}
	c.streams.close(c.run)
	c.run.reconnects.Add(c.reconnects)
	c.reconnects = 0
}

// release readies a connection for its next request, giving back what an unusually long head took.
func (c *conn) release(now time.Time) {
	c.used, c.idleSince = true, now
	if len(c.buf) > readBuffer {
		c.buf, c.text = make([]byte, readBuffer), nil
	}
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
