package attack

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// forwarder is a proxy as net/http reads its requests. It alone knows where the hosts of .example are.
type forwarder struct {
	*site
	hosts   map[string]string // to host:port
	lock    sync.Mutex
	tunnels []*sync.WaitGroup
}

func newForwarder(t *testing.T, hosts map[string]string) *forwarder {
	f := &forwarder{hosts: hosts}
	f.site = newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("me:hunter2")) {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method == http.MethodConnect {
			f.tunnel(w, r)
			return
		}
		f.forward(w, r)
	})
	t.Cleanup(func() {
		f.lock.Lock()
		defer f.lock.Unlock()
		for _, tunnel := range f.tunnels {
			tunnel.Wait()
		}
	})
	return f
}

func (f *forwarder) forward(w http.ResponseWriter, r *http.Request) {
	if !r.URL.IsAbs() {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Header.Del("Proxy-Authorization")
	onward := r.Clone(r.Context())
	onward.RequestURI, onward.URL.Host = "", f.hosts[r.URL.Host]
	answer, err := http.DefaultTransport.RoundTrip(onward)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}

func (f *forwarder) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", f.hosts[r.Host])
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	io.WriteString(here, "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
	both := &sync.WaitGroup{}
	both.Go(func() { io.Copy(there, here); there.Close() })
	both.Go(func() { io.Copy(here, there); here.Close() })
	f.tunnels = append(f.tunnels, both)
}

// via is the Proxy that sends everything through the proxy at a URL, with a name and a password.
func via(address string) Proxy {
	return func(*url.URL) (*url.URL, error) {
		u, err := url.Parse(address)
		if err == nil && u.User == nil {
			u.User = url.UserPassword("me", "hunter2")
		}
		return u, err
	}
}

func TestRequestsGoThroughAProxy(t *testing.T) {
	plain := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jump" {
			http.Redirect(w, r, "http://else.example/end", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.RequestURI, body, r.Header["Proxy-Authorization"])
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(fine))
	defer secure.Close()
	proxy := newForwarder(t, map[string]string{
		"shop.example": plain.Listener.Addr().String(), "else.example": plain.Listener.Addr().String(),
		"shop.example:443": secure.Listener.Addr().String(),
	})
	post := get("http://shop.example/a?b=c")
	post.Method, post.Body = "POST", scenarios.Literal(strings.Repeat("x", longRequest))
	tests := []struct {
		name    string
		request *scenarios.Request
		codes   map[string]int
		last    string // what the target saw last
		warning string
	}{
		{"plain", get("http://shop.example/a?b=c"), map[string]int{"200": 3}, "GET shop.example /a?b=c", "(HTTP_PROXY)"},
		{"a long body", post, map[string]int{"200": 3}, "POST shop.example /a?b=c", "(HTTP_PROXY)"},
		{"redirected", get("http://shop.example/jump"), map[string]int{"307": 3, "200": 3}, "GET else.example /end", "(HTTP_PROXY)"},
		{"over TLS", get("https://shop.example/"), map[string]int{"200": 3}, "", "(HTTPS_PROXY)"},
		{"unknown to the proxy", get("https://none.example/"), map[string]int{"ERR_TUNNEL_CONNECTION_FAILED": 3}, "", "(HTTPS_PROXY)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := proxy.conns.Load()
			n, summary := mustRun(t, Options{
				Script: plan(scenarios.Phase{Users: 1, Requests: 3}, test.request), Proxy: via(proxy.URL),
				Remote: true, TLS: &tls.Config{InsecureSkipVerify: true},
			})
			n.wantCodes(t, test.codes)
			if last := plain.last(); test.last != "" && last.Method+" "+last.Host+" "+last.RequestURI != test.last {
				t.Errorf("the target saw %s %s %s, want %s", last.Method, last.Host, last.RequestURI, test.last)
			}
			if len(plain.last().Header["Proxy-Authorization"]) > 0 {
				t.Error("the target was told the proxy's password")
			}
			want := fmt.Sprintf("[through the proxy %s %s]", proxy.URL, test.warning)
			if got := fmt.Sprint(summary.Warnings); got != want {
				t.Errorf("warnings %s, want %s", got, want)
			}
			if opened := proxy.conns.Load() - before; test.codes["200"] == 3 && opened > 2 {
				t.Errorf("%d connections to the proxy, want one an origin", opened)
			}
		})
	}
}

// last returns the last request that came, or an empty one.
func (s *site) last() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		return &http.Request{}
	}
	return s.requests[len(s.requests)-1]
}

func TestProxiesThatDoNotWork(t *testing.T) {
	silent := dialogue(t, func(c net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) })
	refusing := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		http.ReadRequest(in)
		io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno")
	})
	chatty := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		http.ReadRequest(in)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH\r\n")
	})
	closing := dialogue(t, func(c net.Conn, in *bufio.Reader) { http.ReadRequest(in) })
	tests := []struct{ name, proxy, url, want string }{
		{"refused", "http://127.0.0.1:1", "http://shop.example/", "ECONNREFUSED"},
		{"wants another password", refusing, "http://shop.example/", "407"},
		{"wants another password for a tunnel", refusing, "https://shop.example/", "ERR_TUNNEL_CONNECTION_FAILED"},
		{"is silent", silent, "https://shop.example/", "ETIMEDOUT"},
		{"closes", closing, "https://shop.example/", "ECONNRESET"},
		{"speaks first", chatty, "https://shop.example/", "ERR_TUNNEL_CONNECTION_FAILED"},
		{"is another kind", "socks5://127.0.0.1:1", "http://shop.example/", "ERR_INVALID_PROXY"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, summary := mustRun(t, Options{
				Script: plan(scenarios.Phase{Users: 1, Requests: 2}, get(test.url)), Proxy: via(test.proxy),
				Remote: true, Timeout: 300 * time.Millisecond,
			})
			n.wantCodes(t, map[string]int{test.want: 2})
			if text := fmt.Sprint(summary.Warnings, n.results); strings.Contains(text, "hunter2") || strings.Contains(text, "bWU6aHVudGVyMg") {
				t.Errorf("the password is shown: %s", text)
			}
		})
	}
}

// A proxy may itself want TLS, for requests it forwards and for tunnels.
func TestProxyOverTLS(t *testing.T) {
	target := newSite(t, fine)
	secure := httptest.NewTLSServer(http.HandlerFunc(fine))
	defer secure.Close()
	f := newForwarder(t, map[string]string{
		"shop.example": target.Listener.Addr().String(), "shop.example:443": secure.Listener.Addr().String(),
	})
	proxy := httptest.NewTLSServer(f.Config.Handler)
	defer proxy.Close()
	n, summary := mustRun(t, Options{
		Script: plan(scenarios.Phase{Users: 1, Requests: 4}, get("http://shop.example/"), get("https://shop.example/")),
		Proxy:  via(proxy.URL), Remote: true, TLS: &tls.Config{InsecureSkipVerify: true},
	})
	n.wantCodes(t, map[string]int{"200": 4})
	want := fmt.Sprintf("[through the proxy %[1]s (HTTP_PROXY) through the proxy %[1]s (HTTPS_PROXY)]", proxy.URL)
	if got := fmt.Sprint(summary.Warnings); got != want {
		t.Errorf("warnings %s, want %s", got, want)
	}
}

// What a run will go through is known before it starts, where the script names the host.
func TestProxiesAreNamedBeforeTheStart(t *testing.T) {
	script := plan(scenarios.Phase{Users: 1}, get("http://a.example/"), get("http://b.example/"), get("https://direct.example/"))
	direct := func(u *url.URL) (*url.URL, error) {
		if u.Hostname() == "direct.example" {
			return nil, nil
		}
		return url.Parse("http://me:hunter2@proxy.example")
	}
	warnings, err := Proxied(script, direct)
	if got := fmt.Sprint(warnings); err != nil || got != "[through the proxy http://proxy.example:80 (HTTP_PROXY)]" {
		t.Errorf("warnings %s, error %v", got, err)
	}
	if _, err := Proxied(script, via("socks5://me:hunter2@127.0.0.1")); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want one without the password", err)
	}
	if warnings, err := Proxied(script, nil); len(warnings) > 0 || err != nil {
		t.Errorf("without proxies: %v, %v", warnings, err)
	}
}
