package attack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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
	checks   map[string][2]int // passed and failed, by kind and name
	started  int
	outcomes map[Outcome]int

	scenarios  []int // of users, in the order they started
	skipped    int64
	userErrors []string
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

func (n *notebook) UserStarted(_ time.Time, scenario int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started++
	n.scenarios = append(n.scenarios, scenario)
}

func (n *notebook) UserSkipped(time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.skipped++
}

func (n *notebook) UserError(_ time.Time, key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.userErrors = append(n.userErrors, key)
}

func (n *notebook) Count(time.Time, string, int64) {}

func (n *notebook) Check(_ time.Time, kind, name string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.checks == nil {
		n.checks = map[string][2]int{}
	}
	counts := n.checks[kind+" "+name]
	if ok {
		counts[0]++
	} else {
		counts[1]++
	}
	n.checks[kind+" "+name] = counts
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

// asked returns the requests that have reached the site. The lock is what the race detector goes by: of an answer that
// came over a socket it does not know that its handler wrote before.
func (s *site) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
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

// dialogue is a server that hands each connection to talk, and closes it then.
func dialogue(t testing.TB, talk func(c net.Conn, in *bufio.Reader)) string {
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
			serving.Go(func() {
				defer c.Close()
				talk(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return "http://" + listener.Addr().String()
}
