package attack_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// misfortune is what befalls every third connection, handshake or request of an attack.
type misfortune struct {
	name      string
	dial      func(ctx context.Context) error
	handshake func() (*tls.Certificate, error)         // not nil: the attack is on an https URL
	answer    func(http.ResponseWriter, *http.Request) // nil: the right one
	over2     bool                                     // it can befall HTTP/2, too
	keys      []string                                 // of errors that may come of it, INTERRUPTED aside; of a user's with "user " before
}

type wireKey struct{}

// wireOf returns the connection a request came over.
func wireOf(r *http.Request) *wire { return r.Context().Value(wireKey{}).(*wire) }

// raw says something to a client of HTTP/1.1 that is not for a handler to say, and hangs up.
func raw(w http.ResponseWriter, text string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(c, text)
	_ = c.Close()
}

// begun writes a head and half a body.
func begun(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "10")
	_, _ = io.WriteString(w, "hello")
	_ = http.NewResponseController(w).Flush()
}

// gone waits until the client has given up.
func gone(r *http.Request) { <-r.Context().Done() }

func misfortunes(t *testing.T) []misfortune {
	other := certificate(t)
	return []misfortune{
		{name: "none", over2: true},
		{name: "refused", over2: true, keys: []string{"ECONNREFUSED"}, dial: func(context.Context) error { return syscall.ECONNREFUSED }},
		{name: "no such host", keys: []string{"ENOTFOUND"}, dial: func(context.Context) error { return &net.DNSError{IsNotFound: true} }},
		{name: "dialing takes for ever", over2: true, keys: []string{"ETIMEDOUT"}, dial: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}},
		{name: "a handshake takes for ever", keys: []string{"ETIMEDOUT"}, handshake: func() (*tls.Certificate, error) {
			time.Sleep(time.Second)
			return nil, errors.New("too late")
		}},
		{name: "an alert", keys: []string{"EPROTO"}, handshake: func() (*tls.Certificate, error) { return nil, errors.New("none") }},
		{name: "a strange certificate", keys: []string{"DEPTH_ZERO_SELF_SIGNED_CERT"}, handshake: func() (*tls.Certificate, error) {
			return &other, nil
		}},
		{name: "hung up on", over2: true, keys: []string{"ECONNRESET", "NGHTTP2_INTERNAL_ERROR"},
			answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{name: "reset before the head", over2: true, keys: []string{"ECONNRESET"},
			answer: func(_ http.ResponseWriter, r *http.Request) { wireOf(r).reset() }},
		{name: "closed in the head", keys: []string{"ECONNRESET"},
			answer: func(w http.ResponseWriter, _ *http.Request) { raw(w, "HTTP/1.1 200 OK\r\nConte") }},
		{name: "reset in the body", over2: true, keys: []string{"ECONNRESET"},
			answer: func(w http.ResponseWriter, r *http.Request) { begun(w); wireOf(r).reset() }},
		{name: "no head in time", over2: true, keys: []string{"ETIMEDOUT"},
			answer: func(_ http.ResponseWriter, r *http.Request) { gone(r) }},
		{name: "no body in time", over2: true, keys: []string{"ETIMEDOUT"},
			answer: func(w http.ResponseWriter, r *http.Request) { begun(w); gone(r) }},
		{name: "nonsense", keys: []string{"HPE_INVALID_CONSTANT"},
			answer: func(w http.ResponseWriter, _ *http.Request) { raw(w, "220 smtp.test ESMTP\r\n\r\n") }},
		{name: "status 503", over2: true,
			answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		{name: "round and round", over2: true, keys: []string{"user ERR_TOO_MANY_REDIRECTS"},
			answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) }},
	}
}

// befall has a service run that answers after 10 ms, or not, as the misfortune has it. It returns the number of requests
// that reached a handler.
func (m misfortune) befall(n *network, own tls.Certificate) *atomic.Int64 {
	var dialed, shaken, asked atomic.Int64
	struck := func(count *atomic.Int64) bool { return count.Add(1)%3 == 2 }
	n.onDial = func(ctx context.Context, _ int) error {
		if struck(&dialed) && m.dial != nil {
			return m.dial(ctx)
		}
		return nil
	}
	if m.handshake != nil {
		n.secure = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if struck(&shaken) {
				return m.handshake()
			}
			return &own, nil
		}
	}
	n.serve(func(w http.ResponseWriter, r *http.Request) {
		strikes := struck(&asked) || r.URL.Path == "/round"
		time.Sleep(10 * ms)
		if strikes && m.answer != nil {
			m.answer(w, r)
			return
		}
		fmt.Fprint(w, `{"id": 7}`)
	})
	return &asked
}

// certificate returns one for shop.test that is signed by nobody else.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"shop.test"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
