package attack

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// encode applies content codings to a text, the first one first.
func encode(t testing.TB, text string, codings ...string) string {
	t.Helper()
	for _, coding := range codings {
		var out bytes.Buffer
		var w io.WriteCloser
		var err error
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "zlib":
			w = zlib.NewWriter(&out)
		case "raw":
			w, err = flate.NewWriter(&out, 6)
		case "br":
			w = brotli.NewWriter(&out)
		case "zstd":
			w, err = zstd.NewWriter(&out)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.WriteString(w, text); err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		text = out.String()
	}
	return text
}

// bodies runs one user's requests and returns the bodies that Results was given.
func bodies(t *testing.T, o Options, requests ...scenarios.Step) (all []string, n *notebook, s Summary) {
	t.Helper()
	o.Script, o.Remote = plan(arriving(1), requests...), true
	o.Results = func(r *Result) { all = append(all, string(r.Body)) }
	n, s = mustRun(t, o)
	return all, n, s
}

func TestBodiesAreKeptAndDecoded(t *testing.T) {
	text := strings.Repeat("a listing with all its images, ", 2000)
	bomb := strings.Repeat("\x00", 16<<20)
	gzipped := encode(t, text, "gzip")
	tests := []struct {
		name, coding, wire, want string
		warning                  string
	}{
		{"plain", "", text, text, ""},
		{"identity", "identity", text, text, ""},
		{"gzip", "gzip", gzipped, text, ""},
		{"x-gzip", "X-GZip", gzipped, text, ""},
		{"deflate", "deflate", encode(t, text, "zlib"), text, ""},
		{"deflate without its wrapping", "deflate", encode(t, text, "raw"), text, ""},
		{"brotli", "br", encode(t, text, "br"), text, ""},
		{"zstd", "zstd", encode(t, text, "zstd"), text, ""},
		{"one on the other", "gzip, br", encode(t, text, "gzip", "br"), text, ""},
		{"an empty body", "gzip", "", "", ""},
		{"unknown", "compress", text, text, "could not be decoded"},
		{"not what it says", "gzip", text, text, "could not be decoded"},
		{"broken off", "zstd", encode(t, text, "zstd")[:40], encode(t, text, "zstd")[:40], "could not be decoded"},
		{"damaged", "gzip", gzipped[:100] + "??" + gzipped[102:], gzipped[:100] + "??" + gzipped[102:], "could not be decoded"},
		{"too many", "gzip,gzip,gzip,gzip,gzip", "x", "x", "could not be decoded"},
		{"a gzip bomb", "gzip", encode(t, bomb, "gzip"), bomb[:1<<20], "only the beginning"},
		{"a brotli bomb", "br", encode(t, bomb, "br"), bomb[:1<<20], "only the beginning"},
		{"a zstd bomb", "zstd", encode(t, bomb, "zstd"), bomb[:1<<20], "only the beginning"},
		{"a bomb in a bomb", "gzip, gzip", encode(t, bomb, "gzip", "gzip"), bomb[:1<<20], "only the beginning"},
		{"long", "", strings.Repeat("x", 3<<20), strings.Repeat("x", 1<<20), "only the beginning"},
	}
	for _, test := range tests {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", test.name, chunked), func(t *testing.T) {
				s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Encoding"] = []string{test.coding}
					if !chunked {
						w.Header().Set("Content-Length", fmt.Sprint(len(test.wire)))
					}
					io.WriteString(w, test.wire[:len(test.wire)/2])
					w.(http.Flusher).Flush()
					io.WriteString(w, test.wire[len(test.wire)/2:])
				})
				got, n, summary := bodies(t, Options{}, get(s.URL), get(s.URL))
				n.wantCodes(t, map[string]int{"200": 2})
				for i, body := range got {
					if body != test.want {
						t.Errorf("a body of %d bytes, want %d: %.60q", len(body), len(test.want), body)
					}
					if n.results[i].BytesIn != uint64(len(test.wire)) {
						t.Errorf("%d bytes in, want the %d that came", n.results[i].BytesIn, len(test.wire))
					}
				}
				if text := fmt.Sprint(summary.Warnings); (test.warning == "") != (text == "[]") || !strings.Contains(text, test.warning) {
					t.Errorf("warnings %s, want one with %q", text, test.warning)
				}
			})
		}
	}
}

// What has no body, or did not come complete, has none in the results either; a bound that was set is kept.
func TestBodiesThatAreNotKept(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		switch r.URL.Path {
		case "/short":
			io.WriteString(w, "half")
		case "/jump":
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusFound)
			io.WriteString(w, "over there")
		default:
			io.WriteString(w, "all of it.")
		}
	})
	head := get(s.URL)
	head.Method = "HEAD"
	got, _, _ := bodies(t, Options{}, get(s.URL+"/jump"), head, get(s.URL+"/short"))
	if fmt.Sprintf("%q", got) != `["over there" "all of it." "" ""]` {
		t.Errorf("bodies %q", got)
	}
	got, _, _ = bodies(t, Options{MaxBody: 3}, get(s.URL))
	if fmt.Sprintf("%q", got) != `["all"]` {
		t.Errorf("bodies %q, want 3 bytes", got)
	}
	got, _, _ = bodies(t, Options{MaxBody: -1}, get(s.URL))
	if fmt.Sprintf("%q", got) != `[""]` {
		t.Errorf("bodies %q, want none", got)
	}
}

// All bodies together take no more than their bound; the memory of each is given back.
func TestKeptBodiesAreBounded(t *testing.T) {
	var used atomic.Int64
	var small answer
	for round := range 3 {
		used.Store(maxKept - 3*keptBuffer)
		small.begin(1<<20, &used, -1, nil)
		for range 1000 {
			small.add(bytes.Repeat([]byte("x"), 1000))
		}
		if got := len(small.body.bytes); !small.cut || got < keptBuffer || got > 4*keptBuffer || used.Load() > maxKept {
			t.Errorf("round %d: kept %d bytes, cut %v, used %d of %d", round, got, small.cut, used.Load(), maxKept)
		}
		small.release()
		if used.Load() != maxKept-3*keptBuffer || cap(small.body.bytes) > keptBuffer {
			t.Errorf("round %d: %d bytes stay in use, %d are kept", round, used.Load()-maxKept+3*keptBuffer, cap(small.body.bytes))
		}
	}
}

// A rate's bodies reach the results, too, each whole.
func TestBodiesOfARate(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 100_000)) })
	whole := 0
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 300, To: 300, Duration: 200 * time.Millisecond}, Remote: true,
		Results: func(r *Result) {
			if string(r.Body) == strings.Repeat("x", 100_000) {
				whole++
			}
		},
	})
	n.wantCodes(t, map[string]int{"200": 60})
	if whole != 60 {
		t.Errorf("%d bodies are whole, want 60", whole)
	}
}

// Users and decoders reuse their memory for small bodies. What is allocated is the result's URL and codings.
func TestSmallBodiesReuseMemory(t *testing.T) {
	text := strings.Repeat("x", 470)
	for _, coding := range []string{"identity", "gzip", "zlib", "raw", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			name := map[string]string{"zlib": "deflate", "raw": "deflate"}[coding]
			if name == "" {
				name = coding
			}
			wire := text
			if coding != "identity" {
				wire = encode(t, text, coding)
			}
			answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", name, len(wire), wire)
			var got []byte
			u, send := oneUser(t, get(parrot(t, answer)), Options{Results: func(r *Result) { got = r.Body }})
			u.run.decoders = newDecoders(1)
			send()
			allocs := testing.AllocsPerRun(200, send)
			if string(got[:min(len(got), 470)]) != text {
				t.Errorf("body %q", got)
			}
			if allocs > 10 {
				t.Errorf("a kept body costs %v allocations, want a few", allocs)
			}
		})
	}
}
