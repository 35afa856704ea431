//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// box is the place of the measurements.
type box struct {
	options
	dir    string // temporary
	imgsvc string // the program built from this tree
}

// serverCore and loadCore are the cores of the two sides, as taskset counts them; bothCores are those of both.
const serverCore, loadCore, bothCores = "0", "1", "0,1"

func newBox(ctx context.Context, o options) (*box, error) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		return nil, errors.New("this needs Linux and two cores")
	}
	if o.tools == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		o.tools = filepath.Join(cache, "imgsvc-peers")
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	b := &box{options: o, dir: dir, imgsvc: filepath.Join(dir, "imgsvc")}
	if err := command(ctx, "go", "build", "-o", b.imgsvc, "./cmd/imgsvc"); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *box) close() { _ = os.RemoveAll(b.dir) }

// describe says what machine the figures are of.
func describe() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if name := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(text); name != nil {
			model = string(name[1])
		}
	}
	return fmt.Sprintf("%s, %d cores, %s", model, runtime.NumCPU(), runtime.Version())
}

// command runs a program and returns an error with what it printed if it fails.
func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(out.String()))
	}
	return nil
}

// tail returns the end of a text.
func tail(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-500):]
}
