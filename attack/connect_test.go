package attack

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// TestConnectToChangesTheWayOnly keeps what is sent the same when it goes to another address.
func TestConnectToChangesTheWayOnly(t *testing.T) {
	s := newSite(t, fine)
	phase := scenarios.Phase{Users: 1, Requests: 2}
	script := plan(phase, get("http://service.test:8080/a?b=1"), get("http://other.test/"))
	n, _ := mustRun(t, Options{Script: script, ConnectTo: s.Listener.Addr().String()})
	n.wantCodes(t, map[string]int{"200": 2})
	want := []string{"service.test:8080/a?b=1", "other.test/"}
	for i, r := range s.asked() {
		if got := r.Host + r.URL.RequestURI(); got != want[i] || r.Method != http.MethodGet {
			t.Errorf("request %d is %s %s, want %s", i, r.Method, got, want[i])
		}
	}
	if s.conns.Load() != 2 {
		t.Errorf("%d connections for two hosts", s.conns.Load())
	}
}

// TestConnectToRefusesUnknownHosts keeps requests from going where their variable says after all.
func TestConnectToRefusesUnknownHosts(t *testing.T) {
	var names scenarios.Names
	url, err := scenarios.Compile("{{ host }}/x", &names)
	if err != nil {
		t.Fatal(err)
	}
	script := plan(scenarios.Phase{Users: 1, Requests: 1}, &scenarios.Request{Method: "GET", URL: url})
	script.Names = names
	_, err = Run(context.Background(), Options{Script: script, Sink: &notebook{}, ConnectTo: "127.0.0.1:1"})
	var refused *ScriptError
	if !errors.As(err, &refused) {
		t.Errorf("error %v, want a ScriptError", err)
	}
}
