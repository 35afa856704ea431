// Command ferretdb is a MongoDB-compatible server for imgsvc's tests: FerretDB on SQLite files, or on a PostgreSQL where
// integer _ids are found by an index and not by reading all documents.
//
// It is a module of its own, so that imgsvc's go.mod lists imgsvc's dependencies and no database server's. It
// listens on a free port of 127.0.0.1, or where -listen says, prints its URI as one line on stdout, and ends when its stdin closes (so it
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
	dir := flag.String("dir", "", "folder for the databases' files; its owner removes it")
	postgres := flag.String("postgres", "", "URL of the PostgreSQL database to use instead of files; its user is a superuser")
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	if err := run(*dir, *postgres, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// run serves the databases kept in dir, or in PostgreSQL, until stdin closes or a signal asks it to end.
func run(dir, postgres, listen string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	config, err := newConfig(dir, postgres, listen)
	if err != nil {
		return err
	}
	if postgres != "" {
		if err := indexIDs(ctx, postgres); err != nil {
			return err
		}
	}
	server, err := ferretdb.New(config)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
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

// newConfig has FerretDB keep its databases in PostgreSQL, or in one SQLite file each in dir.
func newConfig(dir, postgres, listen string) (*ferretdb.Config, error) {
	config := &ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: listen},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	switch {
	case dir == "" && postgres == "":
		return nil, errors.New("no place for the databases\ngive a folder with -dir or a URL with -postgres")
	case dir != "" && postgres != "":
		return nil, errors.New("two places for the databases\ngive either -dir or -postgres")
	case postgres != "":
		config.Handler, config.PostgreSQLURL = "postgresql", postgres
		return config, nil
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder %s: %w", dir, err)
	}
	files := url.URL{Scheme: "file", Opaque: (&url.URL{Path: full + "/"}).EscapedPath()}
	config.Handler, config.SQLiteURL = "sqlite", files.String()
	return config, nil
}
