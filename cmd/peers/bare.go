//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// serveBare is what the service is compared with: 'peers bare ADDR FILE' answers every request with the file, and has
// none of the timeouts and limits that a server on a network needs. It runs until it is told to stop, and then drops
// whoever is connected.
func serveBare(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: peers bare ADDR FILE")
	}
	body, err := os.ReadFile(args[1])
	if err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	server := &http.Server{Addr: args[0], Handler: bareHandler(body)}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // of an error we would learn nothing
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("bare handler: %w", err)
	}
	return nil
}

func bareHandler(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // a client that has gone is no concern of ours
	})
}
