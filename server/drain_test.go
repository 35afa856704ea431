package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// TestDrainLosesNothing stops a service in the middle of the work of clients who send one request after the other:
// each that was written to a connection the service had not closed gets its whole answer.
func TestDrainLosesNothing(t *testing.T) {
	service := start(t, Config{Farewell: patient})
	var clients sync.WaitGroup
	var answered, after atomic.Int64
	var stopping atomic.Bool
	busy := make(chan struct{})
	for range 16 {
		c := service.dial(t)
		clients.Go(func() {
			for n := 0; ; n++ {
				got := c.get("/listings/2") // fails the test if there is no answer
				if answered.Add(1) == 2000 {
					close(busy)
				}
				if stopping.Load() {
					after.Add(1)
				}
				if got.body != string(newListing(2).JSON()) {
					t.Errorf("half an answer: %q", got.body)
				}
				if got.Close {
					c.closed()
					return
				}
			}
		})
	}
	<-busy
	stopping.Store(true)
	service.stop()
	clients.Wait()
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
	t.Logf("%d requests answered, %d after the stop", answered.Load(), after.Load())
	if after.Load() < 16 {
		t.Errorf("%d answers after the stop, want one for each of 16 clients", after.Load())
	}
}

// TestDrainAcceptsTheQueue stops a service when many clients have connected that it may not have accepted yet.
func TestDrainAcceptsTheQueue(t *testing.T) {
	service := start(t, Config{Farewell: patient})
	clients := make([]*client, 100)
	for i := range clients {
		clients[i] = service.dial(t)
		clients[i].send("GET /listings/2 HTTP/1.1\nHost: test\n\n")
	}
	service.stop()
	for _, c := range clients {
		c.receive("GET")
		c.Close()
	}
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
}

// TestDrainFinishesSlowRequests stops a service while the store takes its time.
func TestDrainFinishesSlowRequests(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	service := start(t, Config{Finder: finderFunc(func(_ context.Context, id int64) (store.Listing, error) {
		close(asked)
		<-answer
		return newListing(id), nil
	})})
	c := service.dial(t)
	c.send("GET /listings/2 HTTP/1.1\nHost: test\n\n")
	<-asked
	service.stop()
	idle := time.After(50 * time.Millisecond) // well beyond the farewell; too early, the test would only see less
	select {
	case err := <-service.ended:
		t.Fatalf("Run returned %v with a request under way", err)
	case <-idle:
	}
	close(answer)
	if got := c.receive("GET"); got.body != string(newListing(2).JSON()) || !got.Close {
		t.Errorf("body %s, Connection: close is %t", got.body, got.Close)
	}
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
}

// TestDrainIdle checks that connections on which nothing happens do not keep a service from ending, and that who
// speaks up during the farewell is heard.
func TestDrainIdle(t *testing.T) {
	service := start(t, Config{Farewell: patient})
	quiet, late := service.dial(t), service.dial(t)
	quiet.get("/listings/1")
	late.get("/listings/1")
	service.stop()
	for {
		res, err := http.Get(service.url + "/healthz")
		if err != nil {
			break // nobody is accepted any more
		}
		res.Body.Close()
	}
	if got := late.get("/readyz"); got.StatusCode != http.StatusServiceUnavailable || !got.Close {
		t.Errorf("status %d, Connection: close is %t", got.StatusCode, got.Close)
	}
	late.closed()
	quiet.Close()
	if err := service.wait(t); err != nil {
		t.Error(err)
	}

	service = start(t, Config{})
	quiet, mute := service.dial(t), service.dial(t)
	quiet.get("/listings/1")
	service.stop()
	quiet.closed()
	mute.closed()
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
}

// TestDrainAdmin checks that whoever asks on the other address is told to the end that the service is stopping.
func TestDrainAdmin(t *testing.T) {
	service := start(t, Config{Admin: listen(t), Farewell: patient})
	c := service.dial(t)
	c.get("/listings/1")
	service.stop()
	for {
		res, err := http.Get(service.adminURL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	http.DefaultClient.CloseIdleConnections()
	c.Close()
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
}

// TestDrainGivesUp checks the two ends of patience with a request that does not end.
func TestDrainGivesUp(t *testing.T) {
	for _, test := range []struct {
		name  string
		cfg   Config
		hurry func(*running)
		want  string
	}{
		{"time is up", Config{DrainTimeout: 50 * time.Millisecond}, func(*running) {}, "50ms were not enough"},
		{"killed", Config{}, func(r *running) { r.kill() }, "context canceled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := make(chan struct{})
			stopped := make(chan error, 1)
			test.cfg.Finder = finderFunc(func(ctx context.Context, _ int64) (store.Listing, error) {
				close(asked)
				<-ctx.Done()
				stopped <- ctx.Err()
				return store.Listing{}, ctx.Err()
			})
			service := start(t, test.cfg)
			c := service.dial(t)
			c.send("GET /listings/2 HTTP/1.1\nHost: test\n\n")
			<-asked
			service.stop()
			test.hurry(service)
			err := service.wait(t)
			if err == nil || !strings.Contains(err.Error(), "1 connections cut off") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to mention %q", err, test.want)
			}
			if err := <-stopped; !errors.Is(err, context.Canceled) {
				t.Errorf("the finder was told %v", err)
			}
			c.closed()
		})
	}
}
