package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/starkillersystems/imgsvc/reports"
)

// scriptCommands are what the test scripts can do beside testscript's own commands:
//
//	site [h2|h2c] KIND   start a server of a kind (see kinds) and put its address into $URL and $HOST
//	spoken N             check that the site's last request came in HTTP/N
//	await N              wait until the site, since it started, has been asked N times
//	appears FILE TEXT    wait until the file holds the text
//	samecount JSON BIN   compare the requests of a report with the results that were written
//	code N PROGRAM ARG…  run a program that must exit with code N
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"site": cmdSite, "await": cmdAwait, "appears": cmdAppears, "samecount": cmdSameCount, "code": cmdCode,
		"spoken": cmdSpoken,
	}
}

// site is a server for one test script.
type site struct {
	*httptest.Server
	asked  atomic.Int64
	spoken atomic.Int64 // the major version of HTTP
}

type siteKey struct{}

func kinds() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"ok":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
		"shop":   shop,
		"busy":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
}

// shop answers with JSON, knows one page that has moved and one that is not there.
func shop(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/item", http.StatusFound)
	case "/missing":
		http.Error(w, "{}", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":1}`)
	}
}

func cmdSite(ts *testscript.TestScript, neg bool, args []string) {
	kind := args[len(args)-1]
	if neg || len(args) > 2 || kinds()[kind] == nil {
		ts.Fatalf("usage: site [h2|h2c] KIND")
	}
	answer := kinds()[kind]
	s := ts.Value(siteKey{}).(*site)
	s.asked.Store(0)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.spoken.Store(int64(r.ProtoMajor))
		answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	startSpeaking(s.Server, args[0])
	ts.Defer(s.Close)
	ts.Setenv("URL", s.URL)
	ts.Setenv("HOST", s.Listener.Addr().String())
}

// startSpeaking starts a server that speaks HTTP/1.1, HTTP/2 over TLS (h2), or HTTP/2 without (h2c).
func startSpeaking(s *httptest.Server, protocol string) {
	switch protocol {
	case "h2":
		s.EnableHTTP2 = true
		s.StartTLS()
		return
	case "h2c":
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	s.Start()
}

func cmdSpoken(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	if got := ts.Value(siteKey{}).(*site).spoken.Load(); got != want {
		ts.Fatalf("the last request came in HTTP/%d, want HTTP/%d", got, want)
	}
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	s := ts.Value(siteKey{}).(*site)
	eventually(ts, "the site is asked "+args[0]+" times", func() bool { return s.asked.Load() >= n })
}

func cmdAppears(ts *testscript.TestScript, neg bool, args []string) {
	file := ts.MkAbs(args[0])
	eventually(ts, args[1]+" appears in "+args[0], func() bool {
		text, _ := os.ReadFile(file) // which may not be there yet
		return bytes.Contains(text, []byte(args[1]))
	})
}

func cmdSameCount(ts *testscript.TestScript, neg bool, args []string) {
	report, err := reports.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	stream, err := os.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	defer stream.Close()
	results := int64(0)
	for decode := vegeta.NewDecoder(bufio.NewReader(stream)); ; results++ {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			ts.Fatalf("result %d: %v", results, err)
		}
	}
	if results != report.Requests || results == 0 {
		ts.Fatalf("%d results were written of %d requests", results, report.Requests)
	}
}

func eventually(ts *testscript.TestScript, what string, holds func() bool) {
	for patience := 3000; !holds(); patience-- {
		if patience == 0 {
			ts.Fatalf("waited 30 s until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
