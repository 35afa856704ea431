//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// contender is a server that takes part in the service's table.
type contender struct {
	*process
	addr  string
	pages []page    // what it is asked for
	costs []float64 // µs of its CPU time a request, a value a round
}

// startContender starts a server on the servers' core and waits until it answers the path. command gets its address.
func startContender(ctx context.Context, name, path string, command func(port int) []string) (*contender, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	line := command(ports[0])
	p, err := startProcess(name, serverCore, []string{"NODE_ENV=production"}, line[0], line[1:]...)
	if err != nil {
		return nil, err
	}
	c := &contender{process: p, addr: fmt.Sprintf("127.0.0.1:%d", ports[0])}
	if err := p.await(ctx, func() error { _, err := c.fetch(ctx, path); return err }); err != nil {
		p.stop(syscall.SIGTERM)
		return nil, err
	}
	return c, nil
}

// startBare starts the handler everything is compared with, which answers with the first page's body.
func (b *box) startBare(ctx context.Context, pages []page) (*contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	file := filepath.Join(b.dir, "body")
	if err := os.WriteFile(file, []byte(pages[0].Body), 0o600); err != nil {
		return nil, err
	}
	return startContender(ctx, "bare net/http", pages[0].Path, func(port int) []string {
		return []string{self, "bare", fmt.Sprintf("127.0.0.1:%d", port), file}
	})
}

// serviceRecords is how many listings are seeded: enough for the ids that are asked for.
const serviceRecords = 20_000

// startService seeds a store and starts 'imgsvc serve' on it.
func (b *box) startService(ctx context.Context, name, path string, caches ...string) (*contender, error) {
	dir, err := os.MkdirTemp(b.dir, "store")
	if err != nil {
		return nil, err
	}
	location := "pebble:" + filepath.Join(dir, "data")
	err = command(ctx, b.imgsvc, "seed", "--quiet", "--store", location, "--records", fmt.Sprint(serviceRecords))
	if err != nil {
		return nil, err
	}
	line := []string{b.imgsvc, "serve", "--quiet", "--cpus", "1", "--store", location}
	for _, cache := range caches {
		line = append(line, "--cache", cache)
	}
	return startContender(ctx, name, path, func(port int) []string {
		return append(line, "--addr", fmt.Sprintf("127.0.0.1:%d", port))
	})
}

// startExpress starts Express in front of Redis, into which it puts the pages first.
func (b *box) startExpress(ctx context.Context, redisURL string, pages []page) (*contender, error) {
	dir, err := b.expressFolder(ctx)
	if err != nil {
		return nil, err
	}
	file, err := b.writePages(pages)
	if err != nil {
		return nil, err
	}
	return startContender(ctx, "Express, node-redis", pages[0].Path, func(port int) []string {
		return []string{"node", filepath.Join(dir, "server.js"), fmt.Sprint(port), redisURL, file}
	})
}

// fetch returns the body of the answer to a path.
func (c *contender) fetch(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.addr+path, nil)
	if err != nil {
		return "", err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", errors.New(res.Status)
	}
	return string(body), nil
}

// measure loads the server for a while, from the load's core.
func (c *contender) measure(ctx context.Context, connections int, d time.Duration) (result hotResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return result, fmt.Errorf("find this program: %w", err)
	}
	load, err := json.Marshal(hotLoad{c.addr, c.cmd.Process.Pid, connections, d.Nanoseconds(), c.pages})
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "taskset", "-c", loadCore, self, "hot")
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = bytes.NewReader(load), &stderr
	text, err := cmd.Output()
	if err != nil {
		return result, fmt.Errorf("%s: %w\n%s", c.name, err, tail(stderr.String()))
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return result, fmt.Errorf("%s: read the load's result: %w", c.name, err)
	}
	if result.Requests == 0 {
		return result, fmt.Errorf("%s: no request was answered", c.name)
	}
	return result, nil
}
