package attack

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// laws are the ways to send 300 requests to a URL over at most two connections.
func laws(url string) map[string]Options {
	return map[string]Options{
		"users":         {Script: plan(scenarios.Phase{Users: 2, Requests: 300}, get(url)), Protocol: H2C},
		"users, shared": {Script: plan(scenarios.Phase{Users: 4, Requests: 300}, get(url)), Protocol: H2C, Connections: 2},
		"rate": {
			Script: plan(scenarios.Phase{}, get(url)), Rate: Ramp{From: 1500, To: 1500}, Requests: 300,
			Protocol: H2C, Connections: 2,
		},
	}
}

// A service that asks its clients to go elsewhere after so many requests, as they do, loses none of them.
func TestGoAwayLosesNothing(t *testing.T) {
	var served atomic.Int64
	s := newStreamSite(t, H2C, func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1)%20 == 0 {
			w.Header().Set("Connection", "close") // which HTTP/2 says as GOAWAY
		}
		fine(w, r)
	})
	for name, o := range laws(s.URL) {
		served.Store(0)
		n, summary := mustRun(t, o)
		n.wantCodes(t, map[string]int{"200": 300})
		if served.Load() != 300 || summary.Reconnects == 0 {
			t.Errorf("%s: %d requests served with %d reconnects, want 300 with some", name, served.Load(), summary.Reconnects)
		}
		s.wantClosed(t)
	}
}

// What a GOAWAY says was not looked at is sent again; what was looked at is not.
func TestGoAwayWithRequestsOnTheirWay(t *testing.T) {
	var served atomic.Int64
	url := frameSite(t, func(f *frames) {
		f.settings(0, 0)
		left := 20
		f.each(func(stream uint32) bool {
			if left--; left >= 0 {
				served.Add(1)
				f.answer(stream)
			}
			if left == 0 {
				f.goAway(stream, 0)
			}
			return true
		})
	})
	for name, o := range laws(url) {
		served.Store(0)
		n, summary := mustRun(t, o)
		n.wantCodes(t, map[string]int{"200": 300})
		if served.Load() != 300 || summary.Reconnects == 0 {
			t.Errorf("%s: %d requests served with %d reconnects, want 300 with some", name, served.Load(), summary.Reconnects)
		}
	}
}

func TestResetStreamsAreErrorsAndNotRepeated(t *testing.T) {
	var seen atomic.Int64
	url := frameSite(t, func(f *frames) {
		f.settings(0, 0)
		f.each(func(stream uint32) bool {
			if seen.Add(1)%3 == 0 {
				f.reset(stream, 7)
			} else {
				f.answer(stream)
			}
			return true
		})
	})
	for name, o := range laws(url) {
		seen.Store(0)
		n, _ := mustRun(t, o)
		n.wantCodes(t, map[string]int{"200": 200, "NGHTTP2_REFUSED_STREAM": 100})
		if seen.Load() != 300 {
			t.Errorf("%s: the service saw %d requests, want 300", name, seen.Load())
		}
	}
}

// A service that closes connections over requests it has taken makes errors of them; those behind go on.
func TestConnectionsThatBreakUnderLoad(t *testing.T) {
	url := frameSite(t, func(f *frames) {
		f.settings(0, 0)
		left := 20
		f.each(func(stream uint32) bool {
			if left--; left < 0 {
				return false
			}
			f.answer(stream)
			return true
		})
	})
	for name, o := range laws(url) {
		n, _ := mustRun(t, o)
		codes := n.codes()
		if len(n.results) != 300 || codes["200"] < 100 || codes["200"]+codes["ECONNRESET"]+codes["EPIPE"] != 300 {
			t.Errorf("%s: results %v, want 300: 200 or else ECONNRESET", name, codes)
		}
	}
}

// A service that takes no body, or does not read, does not hold up the run: the request runs into its timeout.
func TestStalledFlowControl(t *testing.T) {
	tests := map[string]func(f *frames){
		"window of the stream": func(f *frames) {
			f.settings(4, 0)
			f.each(func(uint32) bool { return true })
		},
		"nothing is read": func(f *frames) {
			f.settings(4, 1<<30)
			f.send(8, 0, 0, 0x3f, 0xff, 0, 0) // the window of the connection: open, too
			<-f.gone
		},
		"half an answer": func(f *frames) {
			f.settings(0, 0)
			f.each(func(stream uint32) bool {
				f.send(frameHeaders, endHeaders, stream, 0x88)
				f.send(frameData, 0, stream, 'h')
				return true
			})
		},
	}
	for name, talk := range tests {
		t.Run(name, func(t *testing.T) {
			post := get(frameSite(t, talk))
			post.Method, post.Body = "POST", scenarios.Literal(strings.Repeat("x", 16<<20))
			n, _ := mustRun(t, Options{
				Script: plan(scenarios.Phase{Users: 3, Requests: 6}, post), Timeout: 300 * time.Millisecond,
				Protocol: H2C, Connections: 1,
			})
			n.wantCodes(t, map[string]int{"ETIMEDOUT": 6})
		})
	}
}

func TestStreamErrorsHaveStableKeys(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	server := func(start func(*httptest.Server)) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		start(s)
		t.Cleanup(s.Close)
		return s.URL
	}
	onFirst := func(do func(f *frames, stream uint32)) string {
		return frameSite(t, func(f *frames) {
			f.settings(0, 0)
			f.each(func(stream uint32) bool { do(f, stream); return true })
		})
	}
	old := server(func(s *httptest.Server) {
		s.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
		s.StartTLS()
	})
	tests := []struct {
		name, url, want string
		strict          bool // certificates are checked
	}{
		{"refused", "http://" + refused.Addr().String(), "ECONNREFUSED", false},
		{"no such host", "https://no-such-host.invalid/", "ENOTFOUND or, without name service, EAI_AGAIN", false},
		{"self-signed", server(func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }), "DEPTH_ZERO_SELF_SIGNED_CERT", true},
		{"self-signed, accepted", server(func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }), "200", false},
		{"only HTTP/1.1 over TLS", old, "ERR_HTTP2_NOT_NEGOTIATED", false},
		{"only HTTP/1.1", server((*httptest.Server).Start), "ERR_HTTP2_NOT_NEGOTIATED", false},
		{"TLS on a plain port", strings.Replace(server((*httptest.Server).Start), "http:", "https:", 1), "EPROTO", false},
		{"no answer to the preface", dialogue(t, func(c net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) }), "ETIMEDOUT", false},
		{"closed at once", dialogue(t, func(net.Conn, *bufio.Reader) {}), "ECONNRESET EPIPE", false},
		{"closed after the request", frameSite(t, func(f *frames) { f.settings(0, 0); f.each(func(uint32) bool { return false }) }), "ECONNRESET EPIPE", false},
		{"noise", dialogue(t, func(c net.Conn, in *bufio.Reader) {
			io.WriteString(c, strings.Repeat("220 smtp.example.com ESMTP\r\n", 1000))
			io.Copy(io.Discard, in)
		}), "ERR_HTTP2_ERROR ERR_HTTP2_SESSION_ERROR ECONNRESET", false},
		{"stream cancelled", onFirst(func(f *frames, stream uint32) { f.reset(stream, 8) }), "NGHTTP2_CANCEL", false},
		{"stream reset with no error, unanswered", onFirst(func(f *frames, stream uint32) { f.reset(stream, 0) }), "NGHTTP2_NO_ERROR", false},
		{"stream reset with a code of its own", onFirst(func(f *frames, stream uint32) { f.reset(stream, 999) }), "NGHTTP2_UNKNOWN_ERROR", false},
		{"calm wanted", onFirst(func(f *frames, stream uint32) { f.goAway(0, 11) }), "ERR_HTTP2_SESSION_ERROR", false},
		{"calm wanted, and closed", onFirst(func(f *frames, stream uint32) { f.goAway(stream, 11); f.Close() }), "ERR_HTTP2_SESSION_ERROR", false},
		{"shut down over the request", onFirst(func(f *frames, stream uint32) { f.goAway(stream, 0); f.Close() }), "ECONNRESET", false},
		{"always elsewhere", onFirst(func(f *frames, stream uint32) { f.goAway(0, 0) }), "ERR_HTTP2_GOAWAY_SESSION", false},
		{"broken rules", onFirst(func(f *frames, stream uint32) { f.send(frameData, 0, 0, 'x') }), "ERR_HTTP2_SESSION_ERROR", false},
		{"answer without status", onFirst(func(f *frames, stream uint32) { f.send(frameHeaders, endHeaders, stream, 0x40, 1, 'a', 1, 'b') }), "NGHTTP2_PROTOCOL_ERROR", false},
		{"half a body", onFirst(func(f *frames, stream uint32) {
			f.send(frameHeaders, endHeaders, stream, 0x88)
			f.send(frameData, 0, stream, 'h')
			f.reset(stream, 2)
		}), "NGHTTP2_INTERNAL_ERROR", false},
		{"less body than said", onFirst(func(f *frames, stream uint32) {
			f.send(frameHeaders, endHeaders, stream, 0x88, 0x0f, 0x0d, 1, '9') // content-length: 9
			f.send(frameData, endStream, stream, 'h')
		}), "ECONNRESET", false},
		{"more body than said", onFirst(func(f *frames, stream uint32) {
			f.send(frameHeaders, endHeaders, stream, 0x88, 0x0f, 0x0d, 1, '1')
			f.send(frameData, endStream, stream, 'h', 'i')
		}), "NGHTTP2_PROTOCOL_ERROR", false},
		{"head without end", server(func(s *httptest.Server) {
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for i := range 55 { // 275 KB
					w.Header().Set("X-"+strings.Repeat("y", i+1), strings.Repeat("z", 5000))
				}
			})
			s.Config.Protocols = new(http.Protocols)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
		}), "HPE_HEADER_OVERFLOW ERR_HTTP2_SESSION_ERROR", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := Options{
				Script:   plan(scenarios.Phase{Users: 1, Requests: 2}, get(test.url)),
				Protocol: H2C, Timeout: 500 * time.Millisecond,
			}
			if strings.HasPrefix(test.url, "https") {
				o.Protocol = HTTP2
			}
			if test.want != "ETIMEDOUT" { // what a busy machine must not make of anything else
				o.Timeout = 0
			}
			if !test.strict {
				o.TLS = anyCertificate()
			}
			n, _ := mustRun(t, o)
			for _, key := range slices.Collect(maps.Keys(n.codes())) {
				if !strings.Contains(test.want, key) || len(n.results) != 2 {
					t.Errorf("results %v, want twice one of %s", n.codes(), test.want)
				}
			}
		})
	}
}
