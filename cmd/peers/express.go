//go:build unix

package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// expressApp is a service of the original's kind, and what it is made of.
//
//go:embed express/server.js express/package.json
var expressApp embed.FS

// expressFolder returns the folder with the app and its packages, which it installs if it may.
func (b *box) expressFolder(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", errors.New("it needs Node.js")
	}
	dir := filepath.Join(b.tools, "express")
	installed := sameFile(filepath.Join(dir, "package.json")) && exists(filepath.Join(dir, "node_modules", "express"))
	if !installed && !b.install {
		return "", errors.New("not installed; --install does that")
	}
	if installed {
		return dir, copyApp(dir)
	}
	if err := os.RemoveAll(dir); err != nil { // or packages of another version would pass for these
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := copyApp(dir); err != nil {
		return "", err
	}
	fmt.Fprintln(os.Stderr, "installing express")
	return dir, npmInstall(ctx, dir)
}

func copyApp(dir string) error {
	for _, name := range []string{"server.js", "package.json"} {
		text, err := expressApp.ReadFile("express/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// sameFile says whether a file is there and the same as the one of that name in the app.
func sameFile(path string) bool {
	theirs, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	ours, err := expressApp.ReadFile("express/" + filepath.Base(path))
	return err == nil && bytes.Equal(theirs, ours)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writePages writes the bodies the app is to put into Redis.
func (b *box) writePages(pages []page) (string, error) {
	text, err := json.Marshal(pages)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "pages.json")
	return path, os.WriteFile(path, text, 0o600)
}
