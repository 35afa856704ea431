package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
)

// sinkWriter is a http.ResponseWriter that allocates nothing itself.
type sinkWriter struct {
	header http.Header
	bytes  int
}

func (w *sinkWriter) Header() http.Header         { return w.header }
func (w *sinkWriter) WriteHeader(int)             {}
func (w *sinkWriter) Write(p []byte) (int, error) { w.bytes += len(p); return len(p), nil }

// handle returns a function that has the handlers of a service with everything in memory answer one request for path.
func handle(tb testing.TB, path string, listing store.Listing) (serve func(), w *sinkWriter) {
	cached := store.NewCached(finderFunc(func(context.Context, int64) (store.Listing, error) {
		return listing, nil
	}), 1<<20)
	handler := newService(context.Background(), Config{Finder: cached}.withDefaults()).public()
	r, err := http.NewRequest("GET", path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	w = &sinkWriter{header: http.Header{}}
	return func() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	}, w
}

// bulky returns a listing with one image that is about size bytes long.
func bulky(tb testing.TB, size int) store.Listing {
	json := []byte(`{"images":[{"url":"` + strings.Repeat("x", size) + `"}]}`)
	listing, err := store.ParseListing(store.AppendListing(nil, json, []int{len(`{"images":[`)}, len(json)-2))
	if err != nil {
		tb.Fatal(err)
	}
	return listing
}

// TestHandlersAllocateNoBody checks that what a request allocates does not grow with the answer.
func TestHandlersAllocateNoBody(t *testing.T) {
	for _, path := range []string{"/listings/7", "/reviews/7?index=0"} {
		for _, size := range []int{100, 60_000} {
			t.Run(fmt.Sprintf("%s %d", path, size), func(t *testing.T) {
				const requests = 1000
				serve, w := handle(t, path, bulky(t, size))
				serve()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range requests {
					serve()
				}
				runtime.ReadMemStats(&after)
				if w.bytes < size*requests {
					t.Fatalf("only %d bytes were written", w.bytes)
				}
				bytes, objects := (after.TotalAlloc-before.TotalAlloc)/requests, (after.Mallocs-before.Mallocs)/requests
				t.Logf("%d bytes in %d objects for each request", bytes, objects)
				// Under the race detector sync.Pool forgets every fourth buffer, on purpose.
				if bytes > 500+uint64(size)/2 || objects > 4 {
					t.Errorf("%d bytes in %d objects for each request", bytes, objects)
				}
			})
		}
	}
}

// BenchmarkHandler prices the way from net/http's request to its response writer: route, cache, answer, counting.
func BenchmarkHandler(b *testing.B) {
	for _, path := range []string{"/listings/7", "/reviews/7?index=1"} {
		b.Run(path, func(b *testing.B) {
			serve, _ := handle(b, path, newListing(1))
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
