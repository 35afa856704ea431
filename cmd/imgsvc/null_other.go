//go:build !linux

package main

import "context"

// serveNull answers on 127.0.0.1 until ctx ends.
func serveNull(ctx context.Context, answer nullAnswer, listening func(url string) error) error {
	return serveNullConns(ctx, answer, nil, listening)
}
