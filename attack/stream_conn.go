package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	connWindow   = 4<<20 - 1 // bytes of bodies one HTTP/2 connection may have on their way to us, and so keep in memory
	streamWindow = 1 << 20   // those of one answer
)

// errNotHTTP2 says that the service does not speak HTTP/2 where it should.
const errNotHTTP2 = protocolError("ERR_HTTP2_NOT_NEGOTIATED")

// streamConn is one HTTP/2 connection. It is made without being dialed; its first user does that.
type streamConn struct {
	pool *streamPool

	busy, limit int  // requests that are on it, and that may be; the pool's lock guards them
	retired     bool // it takes no further requests; likewise

	dialing  atomic.Bool   // somebody is, or has
	dialed   chan struct{} // closed when that is over
	err      error         // of dialing
	http     *http.ClientConn
	wire     *streamWire
	unwatch  func() bool
	answered atomic.Bool   // some request has been
	settled  chan struct{} // closed when the service has said how many streams it allows, or is gone
}

// newStreamTransport returns the net/http transport that makes HTTP/2 of connections which are dialed here. It is asked
// for one connection at a time, never to send: only its own RoundTrip would pool connections and repeat requests.
func newStreamTransport(o Options) *http.Transport {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return ctx.Value(handover{}).(net.Conn), nil
		},
		Protocols:              new(http.Protocols),
		DisableCompression:     true, // that is, do not ask for it
		MaxResponseHeaderBytes: maxHead,
		ResponseHeaderTimeout:  o.HeadTimeout,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: connWindow,
			MaxReceiveBufferPerStream:     streamWindow,
			WriteByteTimeout:              o.Timeout, // or a service that reads nothing would hold up all streams for ever
		},
	}
	t.Protocols.SetUnencryptedHTTP2(true) // as far as it knows: TLS lies below
	return t
}

// handover is the context key of the connection a transport is to use.
type handover struct{}

// connect dials if nobody has, and waits until requests may be sent: the one who dials at once, the others when the
// service has said how many it takes. The connection lives as long as ctx, the run's; a request waits within its own.
func (c *streamConn) connect(ctx, within context.Context, deadline time.Time) error {
	if c.dialing.CompareAndSwap(false, true) {
		defer close(c.dialed)
		c.err = c.dial(ctx, deadline)
		return c.err
	}
	<-c.dialed // which is over by the deadline of a request that was sent before this one
	if c.err != nil {
		return c.err
	}
	select {
	case <-c.settled:
		return nil
	case <-within.Done():
		return within.Err()
	}
}

// dial opens the connection as one for HTTP/1.1 is opened, and hands it to net/http.
func (c *streamConn) dial(ctx context.Context, deadline time.Time) error {
	cn, err := c.pool.run.dial(ctx, c.pool.to, deadline)
	if err != nil && alerted(err) && strings.Contains(err.Error(), "no application protocol") {
		return errNotHTTP2
	}
	if err != nil {
		return err
	}
	c.unwatch = cn.unwatch
	if cn.via != nil {
		cn.unwatch()
		cn.Close()
		return keyProxy // forwards HTTP/1.1 alone
	}
	if secure, ok := cn.Conn.(*tls.Conn); ok && !agreed(secure) {
		cn.unwatch()
		cn.Close()
		return errNotHTTP2
	}
	c.wire = &streamWire{Conn: cn.Conn, ended: make(chan struct{})}
	c.wire.onSettings = func(limit int) {
		c.pool.settle(c, limit)
		close(c.settled)
	}
	ctx = context.WithValue(ctx, handover{}, net.Conn(c.wire))
	c.http, err = c.pool.run.http2.NewClientConn(ctx, "http", c.pool.to.addr)
	if err != nil {
		cn.unwatch()
		cn.Close()
		return c.explain(err)
	}
	c.wire.served.Store(true)
	return nil
}

// answer notes that the service answers on this connection.
func (c *streamConn) answer() {
	if !c.answered.Load() { // which all who share it may ask at once
		c.answered.Store(true)
	}
}

// explain returns what an error of a request comes from, where the connection knows better than net/http.
func (c *streamConn) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case c.wire.otherProtocol.Load():
		return errNotHTTP2
	case c.wire.refused.Load():
		return protocolError(keyTLS)
	case c.wire.stuck.Load():
		return os.ErrDeadlineExceeded
	}
	return err
}

// spent reports whether a connection on which a request failed, having been sent when so much had been read, should
// take no more of them: it is closed, it is about to be, or nothing at all has come over it for a whole timeout.
func (c *streamConn) spent(err error, readBefore int64) bool {
	switch {
	case c.http == nil || c.http.Err() != nil || unprocessed(err):
		return true
	case errors.Is(err, context.DeadlineExceeded):
		return c.wire.received.Load() == readBefore
	}
	cause := streamError(err) // which net/http may tell a request before it marks the connection
	return cause == errSession || cause == protocolError(keyReset)
}

// close closes the connection and waits until net/http has stopped reading it.
func (c *streamConn) close() {
	if c.http == nil {
		return
	}
	c.unwatch()
	reading := !c.wire.closed.Load() // if not, the reader is gone or about to go
	c.http.Close()
	if reading {
		<-c.wire.ended
	}
}
