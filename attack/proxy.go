package attack

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// keyTunnel is the error of a proxy that will not connect to the target; the name is Chrome's, Node has none.
const keyTunnel = protocolError("ERR_TUNNEL_CONNECTION_FAILED")

// keyProxy is the error of a proxy that cannot be used at all.
const keyProxy = protocolError("ERR_INVALID_PROXY")

// Proxy returns the proxy for a URL, or nil for none; what it returns may hold a user and a password.
type Proxy func(*url.URL) (*url.URL, error)

// proxy is an HTTP proxy on the way to an origin.
type proxy struct {
	tls   bool
	addr  string // host:port to dial
	login string // what Proxy-Authorization says; empty: nothing
}

// of returns the proxy on the way to an origin; nil: none.
func (p Proxy) of(to origin) (*proxy, error) {
	if p == nil {
		return nil, nil
	}
	scheme := "http"
	if to.tls {
		scheme = "https"
	}
	u, err := p(&url.URL{Scheme: scheme, Host: to.addr})
	if err != nil || u == nil {
		return nil, err
	}
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("a proxy is written http://HOST:PORT or https://HOST:PORT; scheme %q is not supported", u.Scheme)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	via := &proxy{tls: u.Scheme == "https", addr: net.JoinHostPort(u.Hostname(), port)}
	if u.User != nil {
		password, _ := u.User.Password()
		via.login = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return via, nil
}

// through says which way a request to an origin took, without user and password.
func (p *proxy) through(to origin) error {
	scheme, variable := "http", "HTTP_PROXY"
	if p.tls {
		scheme = "https"
	}
	if to.tls {
		variable = "HTTPS_PROXY"
	}
	return fmt.Errorf("through the proxy %s://%s (%s)", scheme, p.addr, variable)
}

// Proxied returns a warning for each proxy that is on the way to a host the script names. It returns an error if one
// cannot be used. What a template or a redirect leads to is in the warnings of the Summary.
func Proxied(script *scenarios.Script, proxies Proxy) (warnings []error, err error) {
	for _, step := range script.Requests {
		bp := &blueprint{step: step, target: step.URL}
		if err := bp.splitURL(); err != nil || bp.origin.addr == "" {
			continue // an error is Run's to tell
		}
		via, err := proxies.of(bp.origin)
		if err != nil {
			return nil, err
		}
		if via != nil {
			warnings = appendNew(warnings, via.through(bp.origin))
		}
	}
	return warnings, nil
}

// appendNew appends a warning unless it is there.
func appendNew(warnings []error, w error) []error {
	same := func(other error) bool { return other.Error() == w.Error() }
	if slices.ContainsFunc(warnings, same) {
		return warnings
	}
	return append(warnings, w)
}

// notice keeps which proxy was used.
func (r *run) notice(via *proxy, to origin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.through = appendNew(r.through, via.through(to))
}

// enter makes a connection to a proxy one to the origin, if that speaks TLS; any other request is the proxy's to
// forward.
func (r *run) enter(ctx context.Context, nc net.Conn, via *proxy, to origin) (_ net.Conn, err error) {
	r.notice(via, to)
	if via.tls {
		config := r.opts.TLS.Clone()
		config.NextProtos = nil // which protocol the target is to speak is none of the proxy's business
		if nc, err = r.handshake(ctx, nc, config, via.addr); err != nil {
			return nil, err
		}
	}
	if to.tls {
		if err = via.connect(ctx, nc, to); err != nil {
			nc.Close()
			return nil, err
		}
	}
	return nc, nil
}

// connect asks the proxy for a tunnel to the origin (RFC 9110, section 9.3.6).
func (p *proxy) connect(ctx context.Context, nc net.Conn, to origin) error {
	unwatch := context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })
	defer unwatch()
	request := "CONNECT " + to.addr + " HTTP/1.1\r\nHost: " + to.addr + "\r\n" + p.authorization() + "\r\n"
	if _, err := nc.Write([]byte(request)); err != nil {
		return err
	}
	tunnel := &conn{Conn: nc, buf: make([]byte, readBuffer)}
	h, err := tunnel.readHead("CONNECT")
	switch {
	case err != nil:
		return err
	case h.status/100 != 2 || tunnel.r != tunnel.w: // who speaks TLS does not speak first
		return keyTunnel
	case !unwatch():
		return ctx.Err()
	}
	return nil
}

// authorization returns the header line that lets us in; it may be empty.
func (p *proxy) authorization() string {
	if p.login == "" {
		return ""
	}
	return "Proxy-Authorization: " + p.login + "\r\n"
}

// forward appends a rendered request as the proxy wants it: with the whole URL, and our name and password unless the
// script brings some.
func (p *proxy) forward(dst []byte, to origin, request []byte) []byte {
	target := bytes.IndexByte(request, ' ') + 1
	line := bytes.IndexByte(request, '\n') + 1
	dst = append(append(append(dst, request[:target]...), to.String()...), request[target:line]...)
	if _, own := headerLine(request, "proxy-authorization"); own == 0 {
		dst = append(dst, p.authorization()...)
	}
	return append(dst, request[line:]...)
}
