package attack

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// notebook is a sink that keeps everything, for looking at afterwards.
type notebook struct {
	mu       sync.Mutex
	results  []Result
	unsent   int
	started  int
	outcomes map[Outcome]int
}

func (n *notebook) Begin(time.Time) {}
func (n *notebook) Shard() Shard    { return n }

func (n *notebook) Add(r *Result) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.results = append(n.results, *r)
}

func (n *notebook) Unsent(time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unsent++
}

func (n *notebook) UserStarted(time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started++
}

func (n *notebook) UserEnded(_ time.Time, _ time.Duration, o Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.outcomes == nil {
		n.outcomes = map[Outcome]int{}
	}
	n.outcomes[o]++
}

// codes counts results by status, or by error for those without an answer.
func (n *notebook) codes() map[string]int {
	codes := map[string]int{}
	for _, r := range n.results {
		if r.Error != "" {
			codes[r.Error]++
		} else {
			codes[fmt.Sprint(r.Code)]++
		}
	}
	return codes
}

func (n *notebook) wantCodes(t *testing.T, want map[string]int) {
	t.Helper()
	if got := n.codes(); !maps.Equal(got, want) {
		t.Errorf("results %v, want %v", got, want)
	}
}

// site is a server that remembers what reached it.
type site struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	conns    atomic.Int64
}

func newSite(t *testing.T, handler http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		handler(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func fine(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

func get(url string) *scenarios.Request {
	return &scenarios.Request{Method: "GET", URL: scenarios.Literal(url)}
}

// plan makes a script of one scenario; its requests are numbered as a reader would.
func plan(phase scenarios.Phase, steps ...scenarios.Step) *scenarios.Script {
	s := &scenarios.Script{
		Phases:    []scenarios.Phase{phase},
		Scenarios: []scenarios.Scenario{{Name: "walk", Weight: 1, Steps: steps}},
	}
	for _, step := range steps {
		if request, ok := step.(*scenarios.Request); ok {
			request.ID = len(s.Requests)
			s.Requests = append(s.Requests, request)
		}
	}
	return s
}

func mustRun(t *testing.T, o Options) (*notebook, Summary) {
	t.Helper()
	n := &notebook{}
	o.Sink = n
	summary, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return n, summary
}

func arriving(count int64) scenarios.Phase {
	every := 5 * time.Millisecond
	return scenarios.Phase{
		Duration: time.Duration(count) * every,
		Arrivals: &scenarios.Arrivals{Law: scenarios.Even, Every: every, Count: count},
	}
}

func TestClosedLoopSendsExactlyTheRequestsOverOneConnectionAUser(t *testing.T) {
	s := newSite(t, fine)
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 7, Requests: 1003}, get(s.URL+"/x?y=1"))})
	n.wantCodes(t, map[string]int{"200": 1003})
	if got := len(s.requests); got != 1003 {
		t.Errorf("server saw %d requests, want 1003", got)
	}
	if got := s.conns.Load(); got > 7 {
		t.Errorf("server saw %d connections, want at most one for each of 7 users", got)
	}
	if n.started != 7 || n.outcomes[Completed] != 7 {
		t.Errorf("users started %d, completed %d; want 7, 7", n.started, n.outcomes[Completed])
	}
	if !summary.SetEnd || summary.Stopped || summary.OpenLoop || summary.Users != 7 {
		t.Errorf("summary %+v: want a set end, not stopped, closed loop of 7", summary)
	}
	for _, r := range n.results {
		if r.Latency <= 0 || r.Lag < 0 || r.FirstByte <= 0 || r.FirstByte > r.Latency || r.BytesIn != 5 {
			t.Fatalf("result %+v: want 0 < first byte ≤ latency, lag ≥ 0 and 5 bytes", r)
		}
	}
}

func TestArrivingUsersLoopUntilTheRunIsStopped(t *testing.T) {
	var names scenarios.Names
	stop := make(chan struct{})
	var seen atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) == 500 {
			close(stop)
		}
		fine(w, r)
	})
	url, err := scenarios.Compile(s.URL+"/reviews/{{ $loopCount }}?index=1", &names)
	if err != nil {
		t.Fatal(err)
	}
	request := &scenarios.Request{Method: "GET", URL: url}
	script := plan(arriving(4), request)
	script.Names = names
	script.Scenarios[0].Steps = []scenarios.Step{
		&scenarios.Loop{Count: -1, Index: script.Names.Slot("$loopCount"), Steps: []scenarios.Step{request}},
	}
	script.Endless = true
	n, summary := mustRun(t, Options{Script: script, Stop: stop})
	if !summary.Stopped || summary.SetEnd || !summary.OpenLoop {
		t.Errorf("summary %+v: want stopped, without a set end, open loop", summary)
	}
	if n.outcomes[Interrupted] != n.started || n.started == 0 {
		t.Errorf("of %d users the outcomes are %v, want all interrupted", n.started, n.outcomes)
	}
	if got := len(n.codes()); got != 1 {
		t.Errorf("results %v, want only 200", n.codes())
	}
	byConn := map[string][]string{}
	for _, r := range s.requests {
		byConn[r.RemoteAddr] = append(byConn[r.RemoteAddr], r.RequestURI)
	}
	if len(byConn) != n.started {
		t.Errorf("%d connections for %d users, want one each", len(byConn), n.started)
	}
	for addr, uris := range byConn {
		for i, uri := range uris {
			if want := fmt.Sprintf("/reviews/%d?index=1", i); uri != want {
				t.Fatalf("request %d of %s is %s, want %s", i, addr, uri, want)
			}
		}
	}
}

func TestRateSendsTheScheduleAndNothingOfOurs(t *testing.T) {
	s := newSite(t, fine)
	a, b := get(s.URL+"/a"), get(s.URL+"/b")
	b.Method, b.Body = "POST", scenarios.Literal("some body")
	b.Headers = []scenarios.Header{{Name: "X-Own", Value: scenarios.Literal("1")}}
	n, summary := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, a, b),
		Rate:   Ramp{From: 500, To: 500, Duration: 400 * time.Millisecond},
	})
	n.wantCodes(t, map[string]int{"200": 200})
	if summary.Duration < 400*time.Millisecond || n.unsent != 0 {
		t.Errorf("lasted %v with %d unsent, want at least 400ms and 0", summary.Duration, n.unsent)
	}
	steps, seqs := map[int]int{}, map[uint64]bool{}
	for _, r := range n.results {
		steps[r.Step]++
		seqs[r.Seq] = true
	}
	if steps[0] != 100 || steps[1] != 100 || len(seqs) != 200 {
		t.Errorf("requests by step %v with %d sequence numbers, want 100 of each and 200", steps, len(seqs))
	}
	for _, r := range s.requests {
		for name := range r.Header {
			if name != "X-Own" && name != "Content-Length" {
				t.Fatalf("header %s was sent: nobody asked for it", name)
			}
		}
		if r.Method == "POST" && r.ContentLength != 9 {
			t.Fatalf("body of %d bytes was sent, want 9", r.ContentLength)
		}
	}
}

func TestRateIsCutToTheNumberOfRequests(t *testing.T) {
	s := newSite(t, fine)
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 2000, To: 2000}, Requests: 50})
	n.wantCodes(t, map[string]int{"200": 50})
	if !summary.SetEnd || summary.Stopped {
		t.Errorf("summary %+v: want a set end, not stopped", summary)
	}
}

func TestWarmupIsSentButNotRecorded(t *testing.T) {
	s := newSite(t, fine)
	n, _ := mustRun(t, Options{
		Script: plan(scenarios.Phase{}, get(s.URL)),
		Rate:   Ramp{From: 500, To: 500, Duration: 200 * time.Millisecond}, Warmup: 100 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 100})
	if got := len(s.requests); got != 150 {
		t.Errorf("server saw %d requests, want 50 more than the 100 recorded", got)
	}
	n, _ = mustRun(t, Options{
		Script: plan(scenarios.Phase{Users: 3, Requests: 100}, get(s.URL)), Warmup: 20 * time.Millisecond,
	})
	n.wantCodes(t, map[string]int{"200": 100})
	if got := len(s.requests); got <= 250 {
		t.Errorf("server saw %d requests, want some more than the 100 recorded", got-150)
	}
}

func TestCapShowsAsLagAndUnsent(t *testing.T) {
	schedule := Ramp{From: 100, To: 100, Duration: 300 * time.Millisecond}
	for name, options := range map[string]Options{
		"rate":  {Rate: schedule},
		"users": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(50 * time.Millisecond) // of service time: one user can send at most 9 of the 30 in time
				fine(w, r)
			})
			options.Script = plan(scenarios.Phase{
				Duration: schedule.Duration,
				Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: 100, RampTo: 100},
			}, get(s.URL))
			options.MaxVUs = 1
			n, _ := mustRun(t, options)
			if len(n.results)+n.unsent != 30 || n.unsent < 20 || len(n.results) == 0 {
				t.Errorf("%d sent and %d unsent, want 30 in all, most of them unsent", len(n.results), n.unsent)
			}
			for i, r := range n.results {
				if late := time.Duration(i) * 35 * time.Millisecond; r.Lag < late {
					t.Errorf("request %d has lag %v, want at least %v: the time its turn was held back", i, r.Lag, late)
				}
			}
		})
	}
}

func TestUserEndsWithAnUnansweredRequestNotWithABadStatus(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang-up":
			panic(http.ErrAbortHandler)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	n, _ := mustRun(t, Options{Script: plan(arriving(3), get(s.URL+"/busy"), get(s.URL+"/hang-up"), get(s.URL+"/never"))})
	n.wantCodes(t, map[string]int{"503": 3, "ECONNRESET": 3})
	if n.outcomes[Failed] != 3 {
		t.Errorf("outcomes %v, want 3 failed", n.outcomes)
	}
}

func TestMaxUsersSkipsArrivals(t *testing.T) {
	release := make(chan struct{})
	var held atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		held.Add(1)
		<-release
		fine(w, r)
	})
	phase := arriving(20)
	phase.MaxUsers = 2
	done := make(chan struct{})
	var n *notebook
	var summary Summary
	go func() {
		defer close(done)
		n, summary = mustRun(t, Options{Script: plan(phase, get(s.URL))})
	}()
	for held.Load() < 2 {
		runtime.Gosched()
	}
	time.Sleep(phase.Duration) // all arrivals have come; how many came while two were at work is not asked
	close(release)
	<-done
	if total := int64(len(n.results)) + summary.Skipped; total != 20 || summary.Skipped == 0 {
		t.Errorf("%d requests and %d skipped, want 20 in all and some skipped", len(n.results), summary.Skipped)
	}
}

func TestRedirectsAreRequestsOfTheirOwn(t *testing.T) {
	other := newSite(t, fine)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/303":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/307":
			http.Redirect(w, r, "end", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(w, r, other.URL+"/end", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			fine(w, r)
		}
	})
	post := func(path string) *scenarios.Request {
		return &scenarios.Request{
			Method: "POST", URL: scenarios.Literal(s.URL + path), Body: scenarios.Literal("x=1"),
			Headers: []scenarios.Header{{Name: "Authorization", Value: scenarios.Literal("Basic c2VjcmV0")}},
		}
	}
	once := scenarios.Phase{Users: 1, Requests: 1}
	tests := []struct {
		path   string
		codes  map[string]int
		method string
		auth   bool
		where  *site
	}{
		{"/303", map[string]int{"303": 1, "200": 1}, "GET", true, s},
		{"/307", map[string]int{"307": 1, "200": 1}, "POST", true, s},
		{"/away", map[string]int{"302": 1, "200": 1}, "POST", false, other},
		{"/round", map[string]int{"302": 11}, "POST", true, s},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			n, summary := mustRun(t, Options{Script: plan(once, post(test.path))})
			n.wantCodes(t, test.codes)
			last := test.where.requests[len(test.where.requests)-1]
			if last.Method != test.method || (last.Header.Get("Authorization") != "") != test.auth {
				t.Errorf("last hop is a %s with authorization %q, want %s, sent: %v",
					last.Method, last.Header.Get("Authorization"), test.method, test.auth)
			}
			if wantError := test.path == "/round"; (summary.UserErrors["ERR_TOO_MANY_REDIRECTS"] == 1) != wantError {
				t.Errorf("user errors %v", summary.UserErrors)
			}
		})
	}
	stay := post("/303")
	stay.NoFollow = true
	n, _ := mustRun(t, Options{Script: plan(once, stay)})
	n.wantCodes(t, map[string]int{"303": 1})
}

// fickle is a server that answers one request a connection as if it would answer more, and then closes.
func fickle(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			c.Read(buf)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			c.Close()
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return "http://" + listener.Addr().String()
}

func TestStaleConnectionIsReplacedWhereNothingIsRepeated(t *testing.T) {
	url := fickle(t)
	n, summary := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 20}, get(url))})
	n.wantCodes(t, map[string]int{"200": 20})
	if summary.Reconnects != 19 {
		t.Errorf("%d reconnects, want 19", summary.Reconnects)
	}

	post := get(url)
	post.Method = "POST"
	pause := &scenarios.Think{Duration: 20 * time.Millisecond} // in which the close arrives: seen before the first byte
	n, summary = mustRun(t, Options{Script: plan(scenarios.Phase{Users: 1, Requests: 3}, post, pause)})
	n.wantCodes(t, map[string]int{"200": 3})
	if summary.Reconnects != 2 {
		t.Errorf("POST: %d reconnects, want 2", summary.Reconnects)
	}
}

func TestSecondSignalCutsRequestsOff(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var held atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if held.Add(1) == 5 {
			cancel()
		}
		<-r.Context().Done()
	})
	for name, o := range map[string]Options{
		"users": {},
		"rate":  {Rate: Ramp{From: 1000, To: 1000, Duration: time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			held.Store(0)
			ctx, cancel = context.WithCancel(context.Background())
			n := &notebook{}
			o.Sink, o.Script = n, plan(scenarios.Phase{Users: 5}, get(s.URL))
			summary, err := Run(ctx, o)
			if err != nil || !summary.Stopped {
				t.Fatalf("error %v, stopped %v; want nil, true", err, summary.Stopped)
			}
			if codes := n.codes(); codes["INTERRUPTED"] < 5 || len(codes) != 1 {
				t.Errorf("results %v, want only INTERRUPTED", codes)
			}
		})
	}
}

func TestErrorsHaveStableKeys(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	hang := newSite(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	secure := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	tests := []struct {
		name, url, want string
		options         Options
	}{
		{"refused", "http://" + refused.Addr().String(), "ECONNREFUSED", Options{}},
		{"no such host", "http://no-such-host.invalid/", "ENOTFOUND or, without name service, EAI_AGAIN", Options{}},
		{"no answer in time", hang.URL, "ETIMEDOUT", Options{Timeout: 50 * time.Millisecond}},
		{"self-signed", secure.URL, "DEPTH_ZERO_SELF_SIGNED_CERT", Options{}},
		{"self-signed, accepted", secure.URL, "200", Options{TLS: &tls.Config{InsecureSkipVerify: true}}},
		{"https to a plain port", strings.Replace(hang.URL, "http:", "https:", 1), "EPROTO", Options{}},
		{"no such socket", "http://host/", "ENOENT", Options{UnixSocket: t.TempDir() + "/none"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := test.options
			o.Script = plan(scenarios.Phase{Users: 1, Requests: 1}, get(test.url))
			n, _ := mustRun(t, o)
			if got := n.codes(); len(got) != 1 || !strings.Contains(test.want, slices.Collect(maps.Keys(got))[0]) {
				t.Errorf("results %v, want one of %s", got, test.want)
			}
		})
	}
}

func TestSameSeedSameScenarios(t *testing.T) {
	s := newSite(t, fine)
	order := func(seed uint64) string {
		script := plan(scenarios.Phase{Users: 1, Requests: 40}, get(s.URL+"/a"), get(s.URL+"/b"))
		script.Scenarios = []scenarios.Scenario{
			{Weight: 1, Steps: []scenarios.Step{script.Requests[0]}},
			{Weight: 3, Steps: []scenarios.Step{script.Requests[1]}},
			{Weight: 0, Steps: nil},
		}
		n, _ := mustRun(t, Options{Script: script, Seed: seed})
		var steps []string
		for _, r := range n.results {
			steps = append(steps, fmt.Sprint(r.Step))
		}
		return strings.Join(steps, "")
	}
	one := order(1)
	if again := order(1); again != one {
		t.Errorf("seed 1 chose %s, then %s", one, again)
	}
	if other := order(2); other == one {
		t.Errorf("seeds 1 and 2 both chose %s", one)
	}
	if ones := strings.Count(one, "1"); ones < 20 || ones > 39 {
		t.Errorf("the scenario of weight 3 in 4 was chosen %d times in 40", ones)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	s := newSite(t, fine)
	before := runtime.NumGoroutine()
	mustRun(t, Options{Script: plan(scenarios.Phase{Users: 10, Requests: 100}, get(s.URL))})
	mustRun(t, Options{Script: plan(arriving(10), get(s.URL))})
	mustRun(t, Options{Script: plan(scenarios.Phase{}, get(s.URL)), Rate: Ramp{From: 1000, To: 1000}, Requests: 100})
	s.CloseClientConnections()
	for range 200 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

func TestBadRequestsAreRefusedBeforeTheStart(t *testing.T) {
	header := get("http://127.0.0.1/")
	header.Headers = []scenarios.Header{{Name: "X", Value: scenarios.Literal("a\r\nInjected: b")}}
	for want, step := range map[string]*scenarios.Request{
		"not an absolute URL":        get("/reviews/1"),
		"neither http nor https":     get("ftp://example.com/"),
		"no host in the URL":         get("http:///x"),
		"a line break":               header,
		"user and password in a URL": get("http://me:secret@example.com/"),
	} {
		_, err := Run(context.Background(), Options{Script: plan(scenarios.Phase{Users: 1}, step), Sink: &notebook{}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v shows a password", err)
		}
	}
}

func TestRequestTargetsAreMadeFitForSending(t *testing.T) {
	var names scenarios.Names
	vars := []scenarios.Value{scenarios.Any("a b/ü\r\nX: y?q=\"<#frag"), scenarios.Any("http://127.0.0.1:81")}
	compileText := func(text string) *blueprint {
		names.Slot("v")
		names.Slot("host")
		url, err := scenarios.Compile(text, &names)
		if err != nil {
			t.Fatal(err)
		}
		bp, err := compile(&scenarios.Request{Method: "GET", URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return bp
	}
	tests := map[string]string{
		"http://h":                "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"http://h?x=1":            "GET /?x=1 HTTP/1.1\r\nHost: h\r\n\r\n",
		"http://h:80/a b#c":       "GET /a%20b HTTP/1.1\r\nHost: h:80\r\n\r\n",
		"http://[::1]:8/":         "GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n",
		"http://h/{{ v }}":        "GET /a%20b/%C3%BC%0D%0AX:%20y?q=%22%3C HTTP/1.1\r\nHost: h\r\n\r\n",
		"{{ host }}/p/{{ none }}": "GET /p/undefined HTTP/1.1\r\nHost: 127.0.0.1:81\r\n\r\n",
	}
	for _, text := range slices.Sorted(maps.Keys(tests)) {
		bp := compileText(text)
		for len(vars) < names.Len() {
			vars = append(vars, scenarios.Value{})
		}
		got, _, err := bp.render(nil, vars)
		if err != nil || string(got) != tests[text] {
			t.Errorf("%s renders %q, %v; want %q", text, got, err, tests[text])
		}
	}
}
