package attack

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// dial opens a connection, with TLS where the origin wants it. When the run's context ends, its reads and writes do.
func (r *run) dial(ctx context.Context, to origin, deadline time.Time) (*conn, error) {
	soon, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	began := time.Now()
	nc, via, err := r.reach(soon, to)
	if err != nil {
		return nil, err
	}
	roundTrip := time.Since(began)
	if to.tls {
		if nc, err = r.handshake(soon, nc, r.opts.TLS.Clone(), to.addr); err != nil {
			return nil, err
		}
	}
	cn := &conn{Conn: nc, origin: to, via: via, roundTrip: roundTrip, buf: make([]byte, readBuffer)}
	if !to.tls {
		cn.socket = newSocket(nc)
	}
	cn.unwatch = context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })
	return cn, nil
}

// reach opens the way to an origin: to its host, to the socket that stands for every host, or to a proxy. It returns
// the proxy if requests are to be sent as it wants them; through a tunnel they are sent as to the origin itself.
func (r *run) reach(ctx context.Context, to origin) (net.Conn, *proxy, error) {
	ctx, cancel := within(ctx, r.opts.DialTimeout)
	defer cancel()
	network, addr := "tcp", to.addr
	via, err := r.opts.Proxy.of(to)
	switch {
	case r.opts.UnixSocket != "":
		network, addr, via = "unix", r.opts.UnixSocket, nil
	case err != nil:
		return nil, nil, keyProxy
	case via != nil:
		addr = via.addr
	}
	dial := r.opts.dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	nc, err := dial(ctx, network, addr)
	if err != nil || via == nil {
		return nc, nil, err
	}
	if nc, err = r.enter(ctx, nc, via, to); err != nil || to.tls {
		via = nil
	}
	return nc, via, err
}

// handshake begins to speak TLS with who listens at addr. It closes the connection if that fails. The config is its own.
func (r *run) handshake(ctx context.Context, nc net.Conn, config *tls.Config, addr string) (net.Conn, error) {
	ctx, cancel := within(ctx, r.opts.TLSTimeout)
	defer cancel()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secure, nil
}

// within limits what is about to be done; 0 is no limit of its own.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}
