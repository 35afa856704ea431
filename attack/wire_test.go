package attack

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// What net/http's server can send is read, and the connection is kept where the server keeps it.
func TestAnswersOfNetHTTP(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "hello")
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(http.StatusNotModified)
		case "/trailers":
			w.Header().Set("Trailer", "X-Sum")
			w.(http.Flusher).Flush()
			io.WriteString(w, "hello")
			w.Header().Set("X-Sum", "1")
		case "/close":
			w.Header().Set("Connection", "close")
			io.WriteString(w, "hello")
		default:
			io.WriteString(w, "hello")
		}
	})
	tests := []struct {
		method, path string
		code         string
		bytes        uint64
		conns        int64 // for three requests
	}{
		{"GET", "/", "200", 5, 1},
		{"HEAD", "/", "200", 0, 1},
		{"GET", "/early", "200", 5, 1},
		{"GET", "/204", "204", 0, 1},
		{"GET", "/304", "304", 0, 1},
		{"GET", "/trailers", "200", 5, 1},
		{"HEAD", "/trailers", "200", 0, 1},
		{"GET", "/close", "200", 5, 3},
		{"OPTIONS", "/", "200", 5, 1},
	}
	for _, test := range tests {
		t.Run(test.method+test.path, func(t *testing.T) {
			request := get(s.URL + test.path)
			request.Method = test.method
			before := s.conns.Load()
			n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 3}, request), Remote: true})
			n.wantCodes(t, map[string]int{test.code: 3})
			if opened := s.conns.Load() - before; opened != test.conns || summary.Reconnects != 0 {
				t.Errorf("%d connections, %d reconnects; want %d and 0", opened, summary.Reconnects, test.conns)
			}
			if n.results[2].BytesIn != test.bytes {
				t.Errorf("%d bytes in, want %d", n.results[2].BytesIn, test.bytes)
			}
		})
	}
}

// Old servers say where a body ends by closing; those that can keep the connection are asked again on it.
func TestAnswersOfOldServers(t *testing.T) {
	tests := []struct {
		name, answer string
		close        bool
		conns        int
	}{
		{"until close", "HTTP/1.1 200 OK\r\n\r\nhello", true, 3},
		{"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", true, 3},
		{"1.0 until close", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello", true, 3},
		{"1.0 kept alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", false, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conns := make(chan struct{}, 10)
			url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
				conns <- struct{}{}
				for {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					io.WriteString(c, test.answer)
					if test.close {
						return
					}
				}
			})
			n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 3}, get(url)), Remote: true})
			n.wantCodes(t, map[string]int{"200": 3})
			if len(conns) != test.conns || summary.Reconnects != 0 || n.results[2].BytesIn != 5 {
				t.Errorf("%d connections, %d reconnects, %d bytes in; want %d, 0, 5",
					len(conns), summary.Reconnects, n.results[2].BytesIn, test.conns)
			}
		})
	}
}

// siteOn returns a site on a listener of one's own.
func siteOn(t *testing.T, network, address string, secure bool) *site {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Server: httptest.NewUnstartedServer(nil)}
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r)
		fine(w, r)
	})
	s.Listener.Close()
	s.Listener, s.Config.ErrorLog = listener, log.New(io.Discard, "", 0)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// rootsOf returns whom to trust to trust a server.
func rootsOf(s *httptest.Server) *x509.CertPool {
	if s.Certificate() == nil {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return roots
}

func TestIPv6(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	probe.Close()
	for _, secure := range []bool{false, true} {
		s := siteOn(t, "tcp6", "[::1]:0", secure)
		n, _ := mustRun(t, Options{
			Script: plan(scenarios.Phase{Users: 1, Requests: 2}, get(s.URL+"/a")), Remote: true,
			TLS: &tls.Config{RootCAs: rootsOf(s.Server)},
		})
		n.wantCodes(t, map[string]int{"200": 2})
		if host := s.last().Host; host != s.Listener.Addr().String() || !strings.HasPrefix(host, "[::1]:") {
			t.Errorf("Host is %q, want %s", host, s.Listener.Addr())
		}
	}
}

func TestUnixSockets(t *testing.T) {
	for _, secure := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "s")
		s := siteOn(t, "unix", path, secure)
		url := "http://example.com/a"
		if secure {
			url = "https://example.com/a" // whom the certificate of httptest is for
		}
		n, _ := mustRun(t, Options{
			Script: plan(scenarios.Phase{Users: 2, Requests: 10}, get(url)), UnixSocket: path,
			TLS: &tls.Config{RootCAs: rootsOf(s.Server)},
		})
		n.wantCodes(t, map[string]int{"200": 10})
		if s.last().Host != "example.com" {
			t.Errorf("Host is %q, want example.com", s.last().Host)
		}
	}
}

func TestClientCertificates(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: version}
		s.StartTLS()
		t.Cleanup(s.Close)
		roots := rootsOf(s)
		tests := map[string]*tls.Config{
			"200":    {RootCAs: roots, Certificates: s.TLS.Certificates},
			"EPROTO": {RootCAs: roots},
		}
		for want, config := range tests {
			n, _ := mustRun(t, Options{
				Script: plan(scenarios.Phase{Users: 1, Requests: 3}, get(s.URL)), TLS: config, Remote: true,
			})
			n.wantCodes(t, map[string]int{want: 3})
		}
	}
}

// A certificate for somebody else, and one that has nobody's trust, are told apart.
func TestServerCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	roots := rootsOf(s)
	tests := []struct {
		name, url, want string
		config          *tls.Config
	}{
		{"trusted", s.URL, "200", &tls.Config{RootCAs: roots}},
		{"for somebody else", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "ERR_TLS_CERT_ALTNAME_INVALID", &tls.Config{RootCAs: roots}},
		{"expired", s.URL, "CERT_HAS_EXPIRED", &tls.Config{RootCAs: roots, Time: func() time.Time { return time.Unix(1<<36, 0) }}},
		{"any", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "200", &tls.Config{InsecureSkipVerify: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, _ := mustRun(t, Options{
				Script: plan(scenarios.Phase{Users: 1, Requests: 2}, get(test.url)), TLS: test.config, Remote: true,
			})
			n.wantCodes(t, map[string]int{test.want: 2})
		})
	}
}
