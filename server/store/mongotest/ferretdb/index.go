package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed index.sql
var indexSQL string

// indexIDs has the PostgreSQL database at url index the _id of each collection that FerretDB will make in it: without,
// each read of one listing reads them all.
func indexIDs(ctx context.Context, url string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err) // pgx leaves the password out
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, indexSQL); err != nil {
		return fmt.Errorf("have PostgreSQL index integer _ids: %w\nthe user of the URL wants to be a superuser", err)
	}
	return nil
}
