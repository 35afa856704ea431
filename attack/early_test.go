package attack

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// upload is a PUT that fills every buffer on its way.
func upload(url string) *scenarios.Request {
	put := get(url)
	put.Method, put.Body = "PUT", scenarios.Literal(strings.Repeat("x", 16<<20))
	return put
}

// A service may answer without reading the body, and without closing: the answer counts, and the rest is not sent.
func TestAnswerBeforeTheBodyIsRead(t *testing.T) {
	const refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
	tests := []struct {
		name, answer string
		codes        map[string]int
	}{
		{"refused", refusal, map[string]int{"200": 2, "413": 2}},
		{"refused after a 100", "HTTP/1.1 100 Continue\r\n\r\n" + refusal, map[string]int{"200": 2, "413": 2}},
		{"sent elsewhere", "HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", map[string]int{"200": 4, "303": 2}},
	}
	for _, test := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %v", test.name, secure), func(t *testing.T) {
				over := make(chan struct{})
				talk := func(c net.Conn, in *bufio.Reader) {
					for {
						r, err := http.ReadRequest(in)
						switch {
						case err != nil:
							return
						case r.Method == "PUT":
							io.WriteString(c, test.answer)
							<-over // the body is left where it is
							return
						}
						io.WriteString(c, okAnswer)
					}
				}
				url := dialogue(t, talk)
				if secure {
					url = secureDialogue(t, talk)
				}
				t.Cleanup(func() { close(over) })
				n, _ := mustRun(t, Options{
					Script: plan(scenarios.Phase{Users: 1, Requests: 4}, get(url), upload(url)), Remote: true,
					Timeout: time.Minute, TLS: &tls.Config{InsecureSkipVerify: true},
				})
				n.wantCodes(t, test.codes)
			})
		}
	}
}

// secureDialogue is dialogue over TLS.
func secureDialogue(t *testing.T, talk func(c net.Conn, in *bufio.Reader)) string {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	certificate := certified.TLS.Certificates
	certified.Close()
	url := dialogue(t, func(c net.Conn, _ *bufio.Reader) {
		secure := tls.Server(c, &tls.Config{Certificates: certificate})
		talk(secure, bufio.NewReader(secure))
	})
	return strings.Replace(url, "http:", "https:", 1)
}

// A service that answers well before it has read everything is still sent everything.
func TestEarlySuccessIsSentTheWholeBody(t *testing.T) {
	var whole atomic.Int64
	t.Cleanup(func() { // when the service has read what there is
		if whole.Load() != 5 {
			t.Errorf("%d bodies arrived whole, want 5", whole.Load())
		}
	})
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.WriteString(c, okAnswer)
			if n, err := io.Copy(io.Discard, r.Body); err == nil && n == 16<<20 {
				whole.Add(1)
			}
		}
	})
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 5}, upload(url)), Remote: true, Timeout: time.Minute})
	n.wantCodes(t, map[string]int{"200": 5})
	if summary.Reconnects != 0 {
		t.Errorf("%d reconnects, want 0", summary.Reconnects)
	}
}

func TestTimeoutsOfTheirOwn(t *testing.T) {
	silent := dialogue(t, func(_ net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) })
	answering := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "head")
		w.(http.Flusher).Flush()
		time.Sleep(700 * time.Millisecond) // longer than the head may take, and none of its business
		io.WriteString(w, "tail")
	})
	short := 400 * time.Millisecond
	tests := []struct {
		name    string
		request *scenarios.Request
		options Options
		want    string
	}{
		{"dial, through a proxy", get("https://shop.example/"), Options{DialTimeout: short, Proxy: via(silent)}, "ETIMEDOUT"},
		{"handshake", get(strings.Replace(silent, "http:", "https:", 1)), Options{TLSTimeout: short}, "ETIMEDOUT"},
		{"head", get(silent), Options{HeadTimeout: short}, "ETIMEDOUT"},
		{"head after a long body", upload(silent), Options{HeadTimeout: short}, "ETIMEDOUT"},
		{"not the body", get(answering.URL), Options{HeadTimeout: short, TLSTimeout: short, DialTimeout: short}, "200"},
		{"the whole is shorter", get(silent), Options{HeadTimeout: time.Hour, Timeout: short}, "ETIMEDOUT"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := test.options
			o.Script, o.Remote = plan(scenarios.Phase{Users: 1, Requests: 2}, test.request), true
			if o.Timeout == 0 {
				o.Timeout = time.Hour // so that the test hangs if the other limit does not hold
			}
			n, _ := mustRun(t, o)
			n.wantCodes(t, map[string]int{test.want: 2})
		})
	}
}

// The second Ctrl-C cuts off a request that a limit of its own keeps waiting, and one that is being written.
func TestLimitsDoNotKeepARequest(t *testing.T) {
	var reached atomic.Int64
	for name, request := range map[string]func(string) *scenarios.Request{"short": get, "long": upload} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			reached.Store(0)
			over := make(chan struct{})
			url := dialogue(t, func(_ net.Conn, in *bufio.Reader) {
				http.ReadRequest(in)
				if reached.Add(1) == 5 {
					cancel()
				}
				<-over
			})
			t.Cleanup(func() { close(over) })
			n := &notebook{}
			_, err := Run(ctx, Options{
				Script: plan(scenarios.Phase{Users: 5}, request(url)), Sink: n, Remote: true,
				Timeout: time.Hour, HeadTimeout: 30 * time.Minute,
			})
			if codes := n.codes(); err != nil || codes["INTERRUPTED"] < 5 || len(codes) != 1 {
				t.Errorf("results %v, error %v; want only INTERRUPTED", codes, err)
			}
		})
	}
}
