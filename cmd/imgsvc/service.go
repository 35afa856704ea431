package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/starkillersystems/imgsvc/seed"
	"github.com/starkillersystems/imgsvc/server/store"
)

// service is an `imgsvc serve` that runs as a process of its own. It ends with its standard input, so it cannot
// outlive whoever started it, however that one ends.
type service struct {
	url    string
	hello  json.RawMessage // what it said when it listened
	cmd    *exec.Cmd
	input  io.Closer
	stderr *tail
	exited chan error
}

const (
	serviceStart = 30 * time.Second // a store of any size opens in less
	serviceStop  = 15 * time.Second
)

// startService starts the service with the environment and arguments and waits until it listens.
func startService(ctx context.Context, env []string, args ...string) (*service, error) {
	return startProgram(ctx, env, append([]string{"serve", "--json", "--until-stdin-closes"}, args...)...)
}

// startProgram starts a verb of this program that serves until its standard input closes, and waits until it says in
// JSON at which URL it listens.
func startProgram(ctx context.Context, env []string, args ...string) (*service, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s := &service{stderr: &tail{}, exited: make(chan error, 1)}
	s.cmd = exec.Command(self, args...)
	s.cmd.Args[0], s.cmd.Env = "imgsvc", env
	s.cmd.Stderr = s.stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in the terminal is for the parent alone
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	if s.input, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	listening := make(chan json.RawMessage, 1)
	go func() {
		var hello json.RawMessage
		json.NewDecoder(stdout).Decode(&hello) // ends without a URL if the service does: the wait below tells
		listening <- hello
		io.Copy(io.Discard, stdout)
		s.exited <- s.cmd.Wait()
	}()
	return s, s.await(ctx, listening)
}

// await waits for the service to say where it listens.
func (s *service) await(ctx context.Context, listening <-chan json.RawMessage) error {
	select {
	case s.hello = <-listening:
		var at struct{ URL string }
		_ = json.Unmarshal(s.hello, &at) // without a URL it has ended
		if s.url = at.URL; s.url != "" {
			return nil
		}
		return errors.Join(errors.New("the service did not start"), s.stop()) // which says what it said
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.stop())
	case <-time.After(serviceStart):
		return errors.Join(fmt.Errorf("the service did not listen within %s\n%s", serviceStart, s.stderr), s.stop())
	}
}

// stop ends the service and waits for it: gracefully, or, if that takes too long, at once.
func (s *service) stop() error {
	s.input.Close()
	select {
	case err := <-s.exited:
		if err != nil {
			return fmt.Errorf("the service ended badly: %w\n%s", err, s.stderr)
		}
		return nil
	case <-time.After(serviceStop):
		s.cmd.Process.Kill()
		<-s.exited
		return fmt.Errorf("the service did not end within %s and was killed\n%s", serviceStop, s.stderr)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// sampledBodies is how many listings are compared with the generator, whole and by image.
const sampledBodies = 1000

// compareBodies asks the service for random listings and compares the answers byte for byte with what was seeded.
func compareBodies(ctx context.Context, url string, g seed.Generator, records int64) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(1, uint64(records)))
	var encoded []byte
	for range sampledBodies {
		id := random.Int64N(records)
		encoded = g.AppendListing(encoded[:0], id)
		listing, err := store.ParseListing(encoded)
		if err != nil {
			return err
		}
		image := random.IntN(listing.Count())
		one := fmt.Appendf(nil, `{"id":%d,"index":%d,"count":%d,"image":%s}`, id, image, listing.Count(), listing.Image(image))
		if err := compareBody(ctx, client, fmt.Sprintf("%s/listings/%d", url, id), listing.JSON()); err != nil {
			return err
		}
		if err := compareBody(ctx, client, fmt.Sprintf("%s/reviews/%d?index=%d", url, id, image), one); err != nil {
			return err
		}
	}
	return nil
}

func compareBody(ctx context.Context, client *http.Client, url string, want []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, store.MaxJSON))
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
		return fmt.Errorf("%s is not what was seeded: status %d\n got %.200s\nwant %.200s", url, resp.StatusCode, got, want)
	}
	return nil
}
