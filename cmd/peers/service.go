//go:build unix

package main

import (
	"context"
	"errors"
	"io"
)

func (b *box) serviceTable(ctx context.Context) error { return errors.New("todo") }
func serveBare(args []string) error { return nil }
func runHotLoad(ctx context.Context, in io.Reader, out io.Writer) error { return nil }
