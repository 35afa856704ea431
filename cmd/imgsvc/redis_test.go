package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

// startRedis is the script command "redis": it puts the URL of a Redis into $REDIS. The server lives as long as all
// scripts do; each script's stores have a seed of their own, or share what they may share.
func startRedis(t *testing.T) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 0 {
			ts.Fatalf("usage: redis")
		}
		ts.Setenv("REDIS", redistest.Start(t))
	}
}

// cmdMetric is the script command "metric FILE LINE": the service that FILE describes must show that line.
func cmdMetric(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: metric FILE LINE")
	}
	var service serving
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &service))
	res, err := http.Get(service.URL + "/metrics")
	ts.Check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	ts.Check(err)
	if !strings.Contains(string(text), "\n"+args[1]+"\n") {
		ts.Fatalf("no line %s in\n%s", args[1], text)
	}
}
