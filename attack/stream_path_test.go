package attack

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Cookies and kept bodies are the same over HTTP/2, where a Cookie header may come in parts.
func TestHTTP2KeepsCookiesAndBodies(t *testing.T) {
	text := strings.Repeat("a listing ", 1000)
	zipped := encode(t, text, "gzip")
	s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.Header().Add("Set-Cookie", "session=s3cr3t; Path=/")
			w.Header().Add("Set-Cookie", "lang=en; Path=/")
			http.Redirect(w, r, "/landed", http.StatusFound)
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, zipped)
		default:
			fine(w, r)
		}
	})
	kept, n, _ := bodies(t, Options{Protocol: H2C}, get(s.URL+"/login"), get(s.URL+"/zipped"), get(s.URL+"/end"))
	n.wantCodes(t, map[string]int{"302": 1, "200": 3})
	if len(kept) != 4 || kept[1] != "hello" || kept[2] != text || kept[3] != "hello" {
		t.Errorf("%d bodies, want that of the redirect, hello, the decoded text and hello", len(kept))
	}
	if in := n.results[2].BytesIn; in != uint64(len(zipped)) {
		t.Errorf("%d bytes came in, want the %d on the wire", in, len(zipped))
	}
	for _, r := range s.requests[1:] {
		if got := r.Header.Get("Cookie"); got != "session=s3cr3t; lang=en" {
			t.Errorf("%s came with the cookies %q", r.URL.Path, got)
		}
	}
}

// A proxy makes a tunnel for TLS, and speaks HTTP/1.1 itself; without TLS it cannot forward HTTP/2.
func TestHTTP2GoesThroughAProxy(t *testing.T) {
	secure := newStreamSite(t, HTTP2, fine)
	proxy := newForwarder(t, map[string]string{"shop.example:443": secure.Listener.Addr().String()})
	for url, want := range map[string]string{"https://shop.example/": "200", "http://shop.example/": "ERR_INVALID_PROXY"} {
		o := Options{
			Script: plan(scenarios.Phase{Users: 1, Requests: 3}, get(url)), Proxy: via(proxy.URL),
			Remote: true, TLS: anyCertificate(), Protocol: HTTP2,
		}
		if strings.HasPrefix(url, "http:") {
			o.Protocol = H2C
		}
		n, _ := mustRun(t, o)
		n.wantCodes(t, map[string]int{want: 3})
	}
	secure.wantClosed(t)
}

// The steps on the way to an answer have times of their own, well below the whole request's.
func TestHTTP2TimeLimits(t *testing.T) {
	held := newStreamSite(t, H2C, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	deaf := dialogue(t, func(_ net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) })
	for name, o := range map[string]Options{
		"head": {Script: plan(scenarios.Phase{Users: 2, Requests: 4}, get(held.URL)), HeadTimeout: 50 * time.Millisecond, Protocol: H2C},
		"TLS": {
			Script:     plan(scenarios.Phase{Users: 2, Requests: 4}, get(strings.Replace(deaf, "http:", "https:", 1))),
			TLSTimeout: 50 * time.Millisecond, Protocol: HTTP2,
		},
	} {
		o.Timeout = time.Hour
		n, _ := mustRun(t, o)
		if codes := n.codes(); codes["ETIMEDOUT"] != 4 || len(n.results) != 4 {
			t.Errorf("%s: results %v, want 4 times ETIMEDOUT", name, codes)
		}
	}
}
