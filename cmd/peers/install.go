//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// find returns the path of a generator's program, which it installs if it may.
func (b *box) find(ctx context.Context, g generator) (string, error) {
	if g.program == "" {
		return b.imgsvc, nil
	}
	if path, ok := b.lookup(g); ok {
		return path, nil
	}
	if !b.install {
		return "", errors.New("not installed; --install does that")
	}
	fmt.Fprintf(os.Stderr, "installing %s\n", g.name)
	if err := b.fetch(ctx, g.source); err != nil {
		return "", fmt.Errorf("install %s: %w", g.name, err)
	}
	path, ok := b.lookup(g)
	if !ok {
		return "", fmt.Errorf("install %s: it is still not there", g.name)
	}
	return path, nil
}

// lookup looks where fetch puts things, and for Debian's in the PATH; others there may be of another version.
func (b *box) lookup(g generator) (string, bool) {
	path := filepath.Join(b.tools, "bin", g.program)
	switch {
	case g.source.debian != "":
		found, err := exec.LookPath(g.program)
		return found, err == nil
	case g.source.npm != "":
		path = filepath.Join(b.tools, "node_modules", ".bin", g.program)
	}
	_, err := os.Stat(path)
	return path, err == nil
}

func (b *box) fetch(ctx context.Context, from source) error {
	switch {
	case from.debian != "":
		install := []string{"apt-get", "install", "-y", from.debian}
		if os.Geteuid() != 0 {
			install = append([]string{"sudo"}, install...)
		}
		return command(ctx, install[0], install[1:]...)
	case from.npm != "":
		return command(ctx, "npm", "install", "--no-audit", "--no-fund", "--prefix", b.tools, from.npm)
	}
	return command(ctx, "env", "GOBIN="+filepath.Join(b.tools, "bin"), "go", "install", from.module)
}
