package server

import (
	"net/http"
	"testing"
	"time"
)

// TestDrainDelay stops a service behind a balancer that has not noticed yet: whoever it still sends finds the service
// open, is answered, and is told that the connection ends, while /readyz says what the balancer wants to know.
func TestDrainDelay(t *testing.T) {
	service := start(t, Config{DrainDelay: time.Hour})
	old := service.dial(t)
	old.get("/listings/1")
	service.stop()
	for ready := http.StatusOK; ready != http.StatusServiceUnavailable; {
		c := service.dial(t)
		ready = c.get("/readyz").StatusCode
		c.Close()
	}
	for _, c := range []*client{old, service.dial(t)} {
		if got := c.get("/listings/1"); got.StatusCode != http.StatusOK || !got.Close {
			t.Errorf("status %d, Connection: close is %t", got.StatusCode, got.Close)
		}
		c.closed()
	}
	select {
	case err := <-service.ended:
		t.Fatalf("Run returned %v before its delay was over", err)
	default:
	}
	service.kill()
	_ = service.wait(t) // whether it noticed in time that its last client had left does not matter here
}

// TestDrainDelayEnds checks that after the delay the service ends by itself, and nobody is accepted any more.
func TestDrainDelayEnds(t *testing.T) {
	service := start(t, Config{DrainDelay: 10 * time.Millisecond})
	service.stop()
	if err := service.wait(t); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(service.url + "/healthz"); err == nil {
		t.Error("the service still answers")
	}
}
