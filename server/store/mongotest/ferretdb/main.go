// Command ferretdb is a MongoDB-compatible server for imgsvc's tests: FerretDB on SQLite files.
//
// It is a module of its own, so that imgsvc's go.mod lists imgsvc's dependencies and no database server's. It
// listens on a free port of 127.0.0.1, prints its URI as one line on stdout, and ends when its stdin closes (so it
// cannot outlive the test that started it), or on SIGTERM or SIGINT. It sends nothing to anyone: an embedded
// FerretDB has no telemetry reporter.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	dir := flag.String("dir", "", "folder for the database's files; its owner removes it")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// run serves the databases kept in dir until stdin closes or a signal asks it to end.
func run(dir string) error {
	config, err := newConfig(dir)
	if err != nil {
		return err
	}
	server, err := ferretdb.New(config)
	if err != nil {
		return fmt.Errorf("start on %s: %w", dir, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	// Reading stdin cannot be called off: this goroutine ends with it, or with the process.
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	fmt.Println(server.MongoDBURI())
	return <-ended
}

// newConfig has FerretDB listen on a free port and keep one SQLite file a database in dir.
func newConfig(dir string) (*ferretdb.Config, error) {
	if dir == "" {
		return nil, errors.New("no folder for the database\ngive one with -dir")
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", dir, err)
	}
	files := url.URL{Scheme: "file", Opaque: (&url.URL{Path: full + "/"}).EscapedPath()}
	return &ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: files.String(),
	}, nil
}
