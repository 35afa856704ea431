package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// tracing is whether OpenTelemetry's environment asks for traces. The specification would have a program send them to
// localhost unless it is told otherwise; here somebody must have named a collector or the exporter.
func tracing() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// startTraces returns where spans go, nil if none are asked for, and what sends the last of them. Exporter, protocol, headers,
// sampling, sizes and limits are as the SDK reads them from the environment. A collector that does not answer is logged,
// once a minute at most, and holds nobody up: what finds the queue full is dropped.
func startTraces(ctx context.Context, log *slog.Logger) (trace.TracerProvider, func(), error) {
	if !tracing() {
		return nil, func() {}, nil
	}
	otel.SetErrorHandler(&traceErrors{log: log})
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, nil, usageError(fmt.Errorf("send traces as OTEL_TRACES_EXPORTER=%s says: %w\nset it to otlp, console or none, "+
			"and OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or grpc", os.Getenv("OTEL_TRACES_EXPORTER"), err))
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(traceResource(ctx)))
	return provider, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceFarewell)
		defer cancel()
		if err := provider.Shutdown(limited); err != nil {
			log.Warn("the last traces were not sent", "error", err)
		}
	}, nil
}

// traceFarewell is how long the end of the service may wait for a collector.
const traceFarewell = 3 * time.Second

// traceResource says who sends the spans; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go first.
func traceResource(ctx context.Context) *resource.Resource {
	own, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(),
		resource.WithAttributes(semconv.ServiceName("imgsvc")), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		otel.Handle(err)
	}
	return own
}

// traceErrors logs what goes wrong with traces, one line a minute at most.
type traceErrors struct {
	log  *slog.Logger
	next atomic.Int64 // Unix time in nanoseconds before which nothing is logged
}

// Handle is called by the SDK.
func (t *traceErrors) Handle(err error) {
	now, next := time.Now().UnixNano(), t.next.Load()
	if now >= next && t.next.CompareAndSwap(next, now+int64(time.Minute)) {
		t.log.Warn("traces are lost", "error", err)
	}
}
