package attack

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// streamSite is a server that speaks HTTP/2 alone, with TLS or without, and counts its connections.
type streamSite struct {
	*site
	open atomic.Int64 // connections
	gone chan struct{}
}

func newStreamSite(t *testing.T, p Protocol, handler http.HandlerFunc, change ...func(*http.Server)) *streamSite {
	t.Helper()
	s := &streamSite{site: &site{}, gone: make(chan struct{}, 10_000)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		handler(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.conns.Add(1)
			s.open.Add(1)
		case http.StateClosed:
			s.open.Add(-1)
			s.gone <- struct{}{}
		}
	}
	s.Config.Protocols = new(http.Protocols)
	for _, f := range change {
		f(s.Config)
	}
	if p == HTTP2 {
		s.EnableHTTP2 = true
		s.Config.Protocols.SetHTTP2(true)
		s.StartTLS()
	} else {
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// wantClosed waits until the server has seen the last of its connections go, and no goroutine of theirs is left.
func (s *streamSite) wantClosed(t *testing.T) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for s.open.Load() > 0 {
		select {
		case <-s.gone:
		case <-limit:
			t.Fatalf("%d connections are open after the end", s.open.Load())
		}
	}
	stacks := make([]byte, 4<<20)
	for patience := 3000; ; patience-- {
		all := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(all, "http2ClientConn).readLoop") && !strings.Contains(all, "http2clientStream).doRequest") {
			return
		}
		if patience == 0 {
			t.Fatal("net/http's goroutines are at work after the end")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func mostStreams(n int) func(*http.Server) {
	return func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: n} }
}

func anyCertificate() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func TestHTTP2(t *testing.T) {
	for name, p := range map[string]Protocol{"TLS": HTTP2, "h2c": H2C} {
		t.Run(name, func(t *testing.T) {
			s := newStreamSite(t, p, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				w.WriteHeader(http.StatusEarlyHints)
				body, _ := io.ReadAll(r.Body)
				w.Write(body)
				io.WriteString(w, "hello")
				w.Header().Set("X-Sum", "1")
			})
			for law, o := range map[string]Options{
				"users":    {Script: plan(scenarios.Phase{Users: 3, Requests: 90}, get(s.URL+"/a?b=1"))},
				"arrivals": {Script: plan(arriving(90), get(s.URL+"/a?b=1"))},
				"rate": {
					Rate:   Ramp{From: 900, To: 900, Duration: 100 * time.Millisecond},
					Script: plan(scenarios.Phase{}, get(s.URL+"/a?b=1")),
				},
			} {
				o.Protocol, o.TLS = p, anyCertificate()
				before := s.conns.Load()
				n, summary := mustRun(t, o)
				n.wantCodes(t, map[string]int{"200": 90})
				if summary.Protocol != "HTTP/2" {
					t.Errorf("%s: protocol %q", law, summary.Protocol)
				}
				for _, r := range n.results {
					if r.Latency <= 0 || r.Lag < 0 || r.FirstByte <= 0 || r.FirstByte > r.Latency || r.BytesIn != 5 {
						t.Fatalf("%s: result %+v: want 0 < first byte ≤ latency, lag ≥ 0 and 5 bytes", law, r)
					}
				}
				if conns := s.conns.Load() - before; law == "users" && conns > 3 || law == "rate" && conns != 1 || law == "arrivals" && conns != 90 {
					t.Errorf("%s: %d connections, want one a user, or one for a rate", law, conns)
				}
				s.wantClosed(t)
			}
			for _, r := range s.requests {
				if r.ProtoMajor != 2 || r.RequestURI != "/a?b=1" || r.Host != s.Listener.Addr().String() || len(r.Header) > 0 {
					t.Fatalf("%s %s to %s in HTTP/%d with headers %v; want nothing nobody asked for",
						r.Method, r.RequestURI, r.Host, r.ProtoMajor, r.Header)
				}
			}
		})
	}
}

// What the service sees must be the same in both protocols, but for what HTTP/2 has no place for.
func TestHTTP2SendsWhatTheScriptSays(t *testing.T) {
	header := func(name, value string) scenarios.Header {
		return scenarios.Header{Name: name, Value: scenarios.Literal(value)}
	}
	var mu sync.Mutex
	var bodies []string
	s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, string(body))
	})
	tests := []struct {
		name    string
		request scenarios.Request
		want    http.Header
		uri     string
		host    string
		body    string
	}{
		{name: "headers", request: scenarios.Request{Method: "GET", URL: scenarios.Literal(s.URL + "/x"), Headers: []scenarios.Header{
			header("x-own", "1"), header("X-Own", "2"), header("User-Agent", "mine"), header("Accept-Encoding", "gzip"), header("Cookie", "a=1; b=2"),
		}}, want: http.Header{"X-Own": {"1", "2"}, "User-Agent": {"mine"}, "Accept-Encoding": {"gzip"}, "Cookie": {"a=1; b=2"}}},
		{name: "host", request: scenarios.Request{Method: "GET", URL: scenarios.Literal(s.URL + "/x"), Headers: []scenarios.Header{
			header("Host", "elsewhere.example:81"), header("Connection", "keep-alive"), header("Keep-Alive", "5"),
		}}, host: "elsewhere.example:81"},
		{name: "body", request: scenarios.Request{Method: "POST", URL: scenarios.Literal(s.URL + "/x"), Body: scenarios.Literal("some body")},
			want: http.Header{"Content-Length": {"9"}}, body: "some body"},
		{name: "empty body", request: scenarios.Request{Method: "PUT", URL: scenarios.Literal(s.URL + "/x")},
			want: http.Header{"Content-Length": {"0"}}},
		{name: "head", request: scenarios.Request{Method: "HEAD", URL: scenarios.Literal(s.URL + "/x")}},
		{name: "odd target", request: scenarios.Request{Method: "GET", URL: scenarios.Literal(s.URL + "//x/{a}|b%2Fc?q=ü z")}, uri: "//x/%7Ba%7D|b%2Fc?q=%C3%BC%20z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 1}, &test.request), Protocol: H2C})
			got := s.requests[len(s.requests)-1]
			if test.uri == "" {
				test.uri = "/x"
			}
			if test.host == "" {
				test.host = s.Listener.Addr().String()
			}
			if test.want == nil {
				test.want = http.Header{}
			}
			same := maps.EqualFunc(got.Header, test.want, func(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") })
			if got.Method != test.request.Method || got.RequestURI != test.uri || got.Host != test.host || !same {
				t.Errorf("%s %s to %s with %v, want %s %s to %s with %v",
					got.Method, got.RequestURI, got.Host, got.Header, test.request.Method, test.uri, test.host, test.want)
			}
			if last := bodies[len(bodies)-1]; last != test.body {
				t.Errorf("body %q, want %q", last, test.body)
			}
		})
	}
}

func TestHTTP2FollowsRedirects(t *testing.T) {
	plain := newSite(t, fine)
	s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/303":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/307":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/secure":
			http.Redirect(w, r, strings.Replace(plain.URL, "http:", "https:", 1), http.StatusFound)
		default:
			fine(w, r)
		}
	})
	post := func(path string, stay bool) *scenarios.Request {
		return &scenarios.Request{Method: "POST", URL: scenarios.Literal(s.URL + path), Body: scenarios.Literal("x=1"), NoFollow: stay}
	}
	tests := []struct {
		path   string
		stay   bool
		codes  map[string]int
		method string
	}{
		{"/303", false, map[string]int{"303": 1, "200": 1}, "GET"},
		{"/303", true, map[string]int{"303": 1}, "POST"},
		{"/307", false, map[string]int{"307": 1, "200": 1}, "POST"},
		{"/secure", false, map[string]int{"302": 1, "ERR_INVALID_PROTOCOL": 1}, "POST"},
	}
	for _, test := range tests {
		n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 1}, post(test.path, test.stay)), Protocol: H2C})
		n.wantCodes(t, test.codes)
		if last := s.requests[len(s.requests)-1]; last.Method != test.method {
			t.Errorf("%s ends in a %s, want %s", test.path, last.Method, test.method)
		}
	}
}

func TestHTTP2OverUnixSocketAndWithClientCertificate(t *testing.T) {
	path := t.TempDir() + "/s"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) != 1 || r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	s.Listener.Close()
	s.Listener, s.EnableHTTP2 = listener, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	pool := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for want, config := range map[string]*tls.Config{
		"200":    {RootCAs: pool, Certificates: s.TLS.Certificates},
		"EPROTO": {RootCAs: pool},
	} {
		n, _ := mustRun(t, Options{
			Script:   plan(scenarios.Phase{Users: 1, Requests: 2}, get("https://example.com/")),
			Protocol: HTTP2, TLS: config, UnixSocket: path,
		})
		n.wantCodes(t, map[string]int{want: 2})
	}
}

func TestHTTP2SecondSignalCutsRequestsOff(t *testing.T) {
	for name, o := range map[string]Options{
		"users":         {},
		"users, shared": {Connections: 1},
		"rate":          {Rate: Ramp{From: 1000, To: 1000, Duration: time.Minute}},
		"rate, waiting": {Rate: Ramp{From: 1000, To: 1000, Duration: time.Minute}, Connections: 1},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var held atomic.Int64
			s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
				if held.Add(1) == 5 {
					cancel()
				}
				<-r.Context().Done()
			}, mostStreams(5))
			n := &notebook{}
			o.Sink, o.Script, o.Protocol = n, plan(scenarios.Phase{Users: 8}, get(s.URL)), H2C
			summary, err := Run(ctx, o)
			if err != nil || !summary.Stopped {
				t.Fatalf("error %v, stopped %v; want nil, true", err, summary.Stopped)
			}
			if codes := n.codes(); codes["INTERRUPTED"] < 5 || len(codes) != 1 {
				t.Errorf("results %v, want only INTERRUPTED", codes)
			}
			s.wantClosed(t)
		})
	}
}

func TestHTTP2WarmupIsSentButNotRecorded(t *testing.T) {
	s := newStreamSite(t, H2C, fine)
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)), Protocol: H2C,
		Rate: Ramp{From: 500, To: 500, Duration: 200 * time.Millisecond}, Warmup: 100 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 100})
	if got := len(s.requests); got != 150 {
		t.Errorf("server saw %d requests, want 50 more than the 100 recorded", got)
	}
}

func TestProtocolsAreChecked(t *testing.T) {
	arrivals := plan(arriving(3), get("http://127.0.0.1:1/"))
	tests := []struct {
		name, want string
		options    Options
	}{
		{"http2 without TLS", "use --h2c", Options{Protocol: HTTP2, Script: plan(scenarios.Phase{Users: 1}, get("http://127.0.0.1:1/"))}},
		{"h2c with TLS", "use --http2", Options{Protocol: H2C, Script: plan(scenarios.Phase{Users: 1}, get("https://127.0.0.1:1/"))}},
		{"users without connections", "--vus 3 is 3 connections", Options{Connections: 3, Script: plan(scenarios.Phase{Users: 4}, get("http://127.0.0.1:1/"))}},
		{"arriving users", "--max-vus", Options{Connections: 3, Script: arrivals}},
	}
	for _, test := range tests {
		test.options.Sink = &notebook{}
		_, err := Run(context.Background(), test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %q", test.name, err, test.want)
		}
	}
	for users := range 2 {
		s := newSite(t, fine)
		n, _ := mustRun(t, Options{Connections: 2, Script: plan(scenarios.Phase{Users: users + 1, Requests: 4}, get(s.URL))})
		n.wantCodes(t, map[string]int{"200": 4})
	}
}
