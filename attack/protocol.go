package attack

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// Protocol is the version of HTTP an attack speaks.
type Protocol int

// The protocols.
const (
	HTTP1 Protocol = iota // HTTP/1.1, over TLS for https URLs
	HTTP2                 // HTTP/2 over TLS, agreed on by ALPN: https URLs only
	H2C                   // HTTP/2 without TLS and without asking first ("prior knowledge"): http URLs only
)

// String returns the version's name, which is the same with TLS and without.
func (p Protocol) String() string {
	if p == HTTP1 {
		return "HTTP/1.1"
	}
	return "HTTP/2"
}

// check says why an origin cannot be asked in this protocol; nil if it can.
func (p Protocol) check(to origin) error {
	switch {
	case p == HTTP2 && !to.tls:
		return errors.New("--http2 is HTTP/2 over TLS and wants an https:// URL\nfor HTTP/2 without TLS, use --h2c")
	case p == H2C && to.tls:
		return errors.New("--h2c is HTTP/2 without TLS and wants an http:// URL\nfor HTTP/2 over TLS, use --http2")
	}
	return nil
}

// protocol settles what protocol and number of connections mean for the other options.
func (o Options) protocol() Options {
	if o.Protocol == HTTP1 && o.Rate != nil && o.Connections > 0 {
		o.MaxVUs = min(o.MaxVUs, o.Connections) // a request in flight is a connection
	}
	if o.Protocol == HTTP2 {
		o.TLS = o.TLS.Clone()
		o.TLS.NextProtos = []string{"h2"}
	}
	return o
}

// checkProtocol says what protocol and number of connections cannot do with this script.
func (r *run) checkProtocol() error {
	var errs []error
	for _, bp := range r.blueprints {
		if bp == nil || bp.origin.host == "" {
			continue
		}
		if err := r.opts.Protocol.check(bp.origin); err != nil {
			errs = append(errs, fmt.Errorf("%s%s %s: %w", place(bp.step.Pos), bp.step.Method, bp.origin, err))
			break // it is the same for all
		}
	}
	return errors.Join(append(errs, r.checkConnections())...)
}

// checkConnections refuses a number of connections that users over HTTP/1.1, who have one each, would not keep to.
func (r *run) checkConnections() error {
	n := r.opts.Connections
	switch {
	case n < 0:
		return errors.New("--connections wants a number from 1")
	case n == 0 || r.opts.Protocol != HTTP1 || r.opts.Rate != nil:
		return nil
	case r.openLoop():
		return errors.New("--connections cannot bound users who arrive: over HTTP/1.1 each has a connection of its own\n" +
			"bound the users at work with --max-vus, or let them share connections with --http2 or --h2c")
	}
	if users := r.mostUsers(); users > n {
		return fmt.Errorf("--connections %d is less than %d users: over HTTP/1.1 each has a connection of its own\n"+
			"--vus %d is %d connections; --http2 and --h2c let users share them", n, users, n, n)
	}
	return nil
}

// agreed reports whether the other side of a TLS connection has agreed to HTTP/2.
func agreed(c *tls.Conn) bool {
	return c.ConnectionState().NegotiatedProtocol == "h2"
}
