package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is a collector of traces on loopback.
type receiver struct {
	url   string
	mu    sync.Mutex
	spans []*wire.Span
	names map[string]bool // of services
}

func startReceiver(t *testing.T) *receiver {
	r := &receiver{names: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var export collector.ExportTraceServiceRequest
		if err != nil || req.URL.Path != "/v1/traces" || proto.Unmarshal(body, &export) != nil {
			t.Errorf("not an export of traces: %s, %v", req.URL, err)
		}
		r.add(&export)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) add(export *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range export.ResourceSpans {
		r.names[attributes(resource.Resource.Attributes)["service.name"]] = true
		for _, scope := range resource.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
}

// named returns the spans with a name.
func (r *receiver) named(name string) []*wire.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*wire.Span
	for _, s := range r.spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func attributes(list []*common.KeyValue) map[string]string {
	texts := map[string]string{}
	for _, a := range list {
		texts[a.Key] = a.Value.GetStringValue()
	}
	return texts
}

// TestTraces asks a service, that a collector is named to, for one listing twice: the spans of the first request lead
// from the client's own trace to the store, those of the second end at the memory.
func TestTraces(t *testing.T) {
	r := startReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.url)
	service := startServe(t, 100, "--cache", "memory:1MiB")
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for range 2 {
		askTraced(t, service.URL+"/reviews/7?index=1", "00-"+trace+"-"+parent+"-01")
	}
	askTraced(t, service.URL+"/reviews/8", "nonsense")
	if err := service.stop(); err != nil { // which sends the last spans
		t.Fatal(err)
	}
	requests, tiers, calls := r.named("GET /reviews/{id}"), r.named("cache memory"), r.named("store pebble")
	if len(requests) != 3 || len(tiers) != 3 || len(calls) != 2 || !r.names["imgsvc"] {
		t.Fatalf("%d requests, %d looks into memory, %d calls of the store, services %v", len(requests), len(tiers), len(calls), r.names)
	}
	ours := 0
	for i, s := range requests {
		if hex.EncodeToString(s.TraceId) == trace && hex.EncodeToString(s.ParentSpanId) == parent {
			ours++
		}
		a := attributes(s.Attributes)
		if a["http.route"] != "/reviews/{id}" || a["http.request.method"] != "GET" || s.Kind != wire.Span_SPAN_KIND_SERVER {
			t.Errorf("span %d: %s, attributes %v", i, s.Kind, a)
		}
	}
	if ours != 2 {
		t.Errorf("%d requests are in the client's trace, want 2", ours)
	}
	for _, below := range []struct{ low, high []*wire.Span }{{tiers, requests}, {calls, tiers}} {
		for _, low := range below.low {
			if !hasParent(low, below.high) {
				t.Errorf("span %s hangs below none of the spans it should", low.Name)
			}
		}
	}
	if a := attributes(calls[0].Attributes); a["db.system.name"] != "pebble" {
		t.Errorf("attributes of the store's span: %v", a)
	}
}

func hasParent(s *wire.Span, among []*wire.Span) bool {
	for _, p := range among {
		if bytes.Equal(p.SpanId, s.ParentSpanId) && bytes.Equal(p.TraceId, s.TraceId) {
			return true
		}
	}
	return false
}

func askTraced(t *testing.T, url, traceparent string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", traceparent)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %s, error %v, body %s", res.Status, err, body)
	}
}

// TestTracesEnvironment goes through what asks for traces, and what does not.
func TestTracesEnvironment(t *testing.T) {
	for env, want := range map[string]bool{
		"":                                     false,
		"OTEL_SERVICE_NAME=x":                  false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://c": true,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=c": true,
		"OTEL_TRACES_EXPORTER=otlp":            true,
		"OTEL_TRACES_EXPORTER=none OTEL_EXPORTER_OTLP_ENDPOINT=http://c": false,
		"OTEL_SDK_DISABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=http://c":    false,
		"OTEL_SDK_DISABLED=false OTEL_EXPORTER_OTLP_ENDPOINT=http://c":   true,
	} {
		t.Run(env, func(t *testing.T) {
			for _, name := range []string{"SDK_DISABLED", "TRACES_EXPORTER", "EXPORTER_OTLP_ENDPOINT", "EXPORTER_OTLP_TRACES_ENDPOINT"} {
				t.Setenv("OTEL_"+name, "")
			}
			for _, setting := range strings.Fields(env) {
				name, value, _ := strings.Cut(setting, "=")
				t.Setenv(name, value)
			}
			if got := tracing(); got != want {
				t.Errorf("%t, want %t", got, want)
			}
		})
	}
}
