package attack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// authority issues certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	c := a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true})
	a.cert, a.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// issue makes a certificate, signed by itself if there is no authority yet.
func (a *authority) issue(template *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, by := template, key
	if a.cert != nil {
		parent, by = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// forHost is a certificate's template for 127.0.0.1 and a time around now.
func forHost(from, to time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "leaf"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to),
	}
}

// shakes returns what a service does that goes as far as the handshake with a configuration, and what follows.
func shakes(config *tls.Config, then func(c *tls.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		secure := tls.Server(c, config)
		if secure.Handshake() == nil && then != nil {
			secure.Read(make([]byte, 4096)) // the request
			then(secure)
		}
		io.Copy(io.Discard, c)
	}
}

// afterHello returns what a service does that says so once a client has begun.
func afterHello(answer string, then func(c net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, answer)
		then(c)
	}
}

func hostileTLS(t *testing.T) []hostile {
	trusted, stranger := newAuthority(t), newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(trusted.cert)
	holding := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	sound := holding(trusted.issue(forHost(-time.Hour, time.Hour)))
	verified := func(o *Options, _ *scenarios.Request) { o.TLS = &tls.Config{RootCAs: roots} }
	old := sound.Clone()
	old.MaxVersion = tls.VersionTLS11
	asking := sound.Clone()
	asking.ClientAuth = tls.RequireAnyClientCert
	lone := &authority{t: t}
	other := forHost(-time.Hour, time.Hour)
	other.IPAddresses, other.DNSNames = nil, []string{"shop.example"}
	silence := func(c net.Conn) { io.Copy(io.Discard, c) }
	reset := func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }
	nothing := func(net.Conn) {}
	cutOff := func(answer string) func(net.Conn) {
		return shakes(sound, func(c *tls.Conn) { io.WriteString(c, answer); c.NetConn().(*net.TCPConn).CloseWrite() })
	}
	cases := []hostile{
		{fault: "a certificate signed by itself", want: "DEPTH_ZERO_SELF_SIGNED_CERT", accept: shakes(holding(lone.issue(forHost(-time.Hour, time.Hour))), nil)},
		{fault: "a certificate of a stranger", want: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", accept: shakes(holding(stranger.issue(forHost(-time.Hour, time.Hour))), nil)},
		{fault: "a certificate for another name", want: "ERR_TLS_CERT_ALTNAME_INVALID", accept: shakes(holding(trusted.issue(other)), nil)},
		{fault: "a certificate that has expired", want: "CERT_HAS_EXPIRED", accept: shakes(holding(trusted.issue(forHost(-2*time.Hour, -time.Hour))), nil)},
		{fault: "a certificate of tomorrow", want: "CERT_NOT_YET_VALID", accept: shakes(holding(trusted.issue(forHost(time.Hour, 2*time.Hour))), nil)},
		{fault: "TLS 1.1 at most", want: "EPROTO", accept: shakes(old, nil)},
		{fault: "a client certificate wanted", want: "EPROTO", accept: shakes(asking, nil)},
		{fault: "plain HTTP on a TLS port", want: "EPROTO", accept: afterHello("HTTP/1.1 400 Bad Request\r\n\r\n", nothing)},
		{fault: "bytes that are no TLS in the handshake", want: "EPROTO", accept: afterHello(strings.Repeat("\xff", 1000), silence)},
		{fault: "nonsense in a record of the handshake", want: "EPROTO", accept: afterHello("\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff", silence)},
		{fault: "a handshake message of 16 MB", want: "EPROTO", accept: afterHello("\x16\x03\x03\x00\x04\x02\xff\xff\xff", silence)},
		{fault: "warnings without end in the handshake", want: "EPROTO", accept: func(c net.Conn) {
			floods("", "\x15\x03\x03\x00\x02\x01\x5a")(c)
		}},
		{fault: "closed in the handshake", want: "ECONNRESET", accept: afterHello("", nothing)},
		{fault: "reset in the handshake", want: "ECONNRESET", accept: afterHello("", reset)},
		{fault: "silence in the handshake", want: "ETIMEDOUT", waits: true, does: "waits until the timeout (`--tls-timeout` or `--timeout`)", accept: silence},
		{fault: "a record that was tampered with", want: "EPROTO", accept: shakes(sound, func(c *tls.Conn) {
			c.NetConn().Write([]byte("\x17\x03\x03\x00\x40" + strings.Repeat("?", 64)))
		})},
		{fault: "cut off in the head, without a close_notify", want: "ECONNRESET", accept: cutOff("HTTP/1.1 200 OK\r\nConte")},
		{fault: "cut off before Content-Length, without a close_notify", want: "ECONNRESET", accept: cutOff(hundred + "half")},
		{fault: "cut off in a body without a length, without a close_notify", want: "200", accept: cutOff(okLine + "\r\nhalf"),
			does: "takes it, as browsers and Node do: services that close so are too many, and nothing tells them from this one"},
		{fault: "silence behind a whole answer", want: "200", does: "takes it", accept: shakes(sound, func(c *tls.Conn) {
			io.WriteString(c, politeReply)
		})},
	}
	for i := range cases {
		if cases[i].secure, cases[i].change = sound, verified; cases[i].does == "" {
			cases[i].does = "an error"
		}
	}
	return cases
}
