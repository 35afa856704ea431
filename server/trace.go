package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/starkillersystems/imgsvc/server/store"
)

// A traced request is a span, in the trace of whoever sent it if its header says so; below it is one for each tier that
// was asked, each below the one that asked it. Of requests that share an answer, the one that asked has the spans.
// Without a provider none of this is built, and nothing on the way of a request looks for it.

// traced is a finder that records a span for each call of the next one.
type traced struct {
	next   Finder
	tracer trace.Tracer
	name   string
	opts   []trace.SpanStartOption
}

// TraceCache returns a finder that records what the cache tier next does, or next itself if traces is nil.
func TraceCache(traces trace.TracerProvider, tier string, next Finder) Finder {
	return traceFinder(traces, "cache "+tier, next, trace.WithAttributes(attribute.String("imgsvc.tier", tier)))
}

// TraceStore returns a finder that records the calls of the database next, or next itself if traces is nil. system is its
// name as OpenTelemetry has it, such as mongodb.
func TraceStore(traces trace.TracerProvider, system string, next Finder) Finder {
	return traceFinder(traces, "store "+system, next, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", system), attribute.String("db.operation.name", "find")))
}

func traceFinder(traces trace.TracerProvider, name string, next Finder, opts ...trace.SpanStartOption) Finder {
	if traces == nil {
		return next
	}
	const scope = "github.com/starkillersystems/imgsvc/server"
	return &traced{next: next, tracer: traces.Tracer(scope), name: name, opts: opts}
}

// FindListing asks the next finder.
func (t *traced) FindListing(ctx context.Context, id int64) (store.Listing, error) {
	ctx, span := t.tracer.Start(ctx, t.name, t.opts...)
	defer span.End()
	listing, err := t.next.FindListing(ctx, id)
	span.SetAttributes(attribute.Int64("imgsvc.listing", id), attribute.Bool("imgsvc.stale", listing.Age() > 0))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		span.RecordError(err)
		span.SetStatus(codes.Error, "")
	}
	return listing, err
}

// traceRequests returns h with a span for each request.
func (c Config) traceRequests(h http.Handler) http.Handler {
	if c.Traces == nil {
		return h
	}
	return otelhttp.NewHandler(h, "", otelhttp.WithTracerProvider(c.Traces), otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})))
}

// nameSpan returns h with the span of its request named after the route. otelhttp goes by what net/http's own router would
// have noted.
func (c Config) nameSpan(route string, h echo.HandlerFunc) echo.HandlerFunc {
	if c.Traces == nil {
		return h
	}
	return func(ec *echo.Context) error {
		r := ec.Request()
		r.Pattern = r.Method + " " + route
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("http.route", route))
		return h(ec)
	}
}

// finding returns what a finder is asked with for a request: ctx, with the request's span if there is one.
func (c Config) finding(ctx context.Context, r *http.Request) context.Context {
	if c.Traces == nil {
		return ctx
	}
	return trace.ContextWithSpan(ctx, trace.SpanFromContext(r.Context()))
}
