//go:build unix

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The load counts the answers it was given, and takes none but the right one for an answer.
func TestHotLoad(t *testing.T) {
	var asked atomic.Int64
	bodies := map[string]string{"/a": "first", "/b": "second body"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if bodies[r.URL.Path] == "" {
			http.NotFound(w, r)
			return
		}
		bareHandler([]byte(bodies[r.URL.Path])).ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, test := range []struct {
		name, fails string
		pages       []page
	}{
		{"right", "", []page{{"/a", "first"}, {"/b", "second body"}}},
		{"one wrong body", `got "second body"`, []page{{"/a", "first"}, {"/b", "second bodY"}}},
		{"another length", "a body of 5 bytes, want 6", []page{{"/a", "first!"}}},
		{"another status", "404", []page{{"/c", "first"}}},
	} {
		asked.Store(0)
		load := hotLoad{Addr: server.Listener.Addr().String(), Connections: 4, DurationNS: int64(20 * time.Millisecond),
			Pages: test.pages}
		conns, err := load.connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		n, err := load.ask(conns)
		for _, c := range conns {
			_ = c.Close()
		}
		switch {
		case test.fails != "":
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%s: error %v, want one with %q", test.name, err, test.fails)
			}
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case n != asked.Load() || n < 4*16:
			t.Errorf("%s: counted %d of %d", test.name, n, asked.Load())
		}
	}
}
