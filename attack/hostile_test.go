package attack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// hostile is a service that breaks HTTP's rules, or strains them. docs/reliability.md lists all of them.
type hostile struct {
	fault string // what the service does
	does  string // what the client makes of it
	want  string // what each such request ends in: its key or its status
	fresh bool   // the next request needs a new connection although the answer is a success; errors always do

	talk   func(c net.Conn) (keep bool)   // behind a request: instead of an answer
	accept func(c net.Conn)               // or: instead of all that is done with a connection
	frames func(f *frames, stream uint32) // or, over HTTP/2: behind a request
	secure *tls.Config                    // the service's; nil: no TLS
	change func(o *Options, bad *scenarios.Request)
	also   []string // what the requests end in that redirects lead to
	user   string   // the user error there is, too
	most   int      // KiB one such request may allocate, the service's included; 0: mostKiB, or waitsKiB
	waits  bool     // only the timeout ends it
}

const (
	mostKiB     = 1 << 10
	waitsKiB    = 8 << 10                // what passes through while a collection looks counts as held
	shortLimit  = 100 * time.Millisecond // for what never ends
	ampleLimit  = time.Minute            // for what ends by itself, on however busy a machine
	politeReply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine"
)

// says returns a service that answers so, and keeps the connection open.
func says(answer string) func(net.Conn) bool {
	text := []byte(answer) // once, or it would count as allocated for the request
	return func(c net.Conn) bool { c.Write(text); return true }
}

// ends returns a service that answers so, and closes.
func ends(answer string) func(net.Conn) bool {
	return func(c net.Conn) bool { io.WriteString(c, answer); return false }
}

// floods returns a service that begins so, and then says the same for ever.
func floods(begin, piece string) func(net.Conn) bool {
	much := bytes.Repeat([]byte(piece), 1+(32<<10)/len(piece))
	return func(c net.Conn) bool {
		_, err := io.WriteString(c, begin)
		for err == nil {
			_, err = c.Write(much)
		}
		return false
	}
}

// drips returns a service that answers so, and then a byte at a time for ever, in time for no timeout.
func drips(begin, piece string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		_, err := io.WriteString(c, begin)
		for i := 0; err == nil; i++ {
			time.Sleep(5 * time.Millisecond)
			_, err = c.Write([]byte{piece[i%len(piece)]})
		}
		return false
	}
}

// stays returns a service that says so, and then nothing until the client is gone.
func stays(answer string) func(net.Conn) bool {
	return func(c net.Conn) bool {
		io.WriteString(c, answer)
		io.Copy(io.Discard, c)
		return false
	}
}

// hostileSite serves a case: requests of /bad as it says, on connections of which every second one is sound where the
// whole connection is the fault, and all others politely.
type hostileSite struct {
	url   string
	conns atomic.Int64
	asked chan [2]string // path and connection of each request
}

func (h hostile) serve(t *testing.T) *hostileSite {
	s := &hostileSite{asked: make(chan [2]string, 1000)}
	s.url = dialogue(t, func(c net.Conn, in *bufio.Reader) {
		number := s.conns.Add(1)
		if h.accept != nil && number%2 == 1 {
			h.accept(c)
			return
		}
		if h.secure != nil {
			c = tls.Server(c, h.secure)
			defer c.Close()
			in = bufio.NewReader(c)
		}
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			s.asked <- [2]string{r.URL.Path, fmt.Sprint(number)}
			if r.URL.Path != "/bad" || h.talk == nil {
				io.WriteString(c, politeReply)
				return
			}
			if !h.talk(c) {
				return
			}
		}
	})
	if h.secure != nil {
		s.url = strings.Replace(s.url, "http:", "https:", 1)
	}
	return s
}

// hostileUser is one user who asks for /bad and, in between, for /good.
func hostileUser(t *testing.T, o Options, bad, good *scenarios.Request) (*virtualUser, *notebook) {
	t.Helper()
	n := &notebook{}
	o.Script = plan(scenarios.Phase{Users: 1}, bad, good)
	o = o.withDefaults()
	r := &run{opts: o, shards: []Shard{n}, userErrors: map[string]int64{}, decoders: newDecoders(1), http2: newStreamTransport(o)}
	if err := r.compile(); err != nil {
		t.Fatal(err)
	}
	r.gate = newGate(context.Background(), 0, nil)
	u := r.newUser(0, time.Now(), r.gate)
	t.Cleanup(func() { u.close(); r.pools.close(); r.gate.close() })
	return u, n
}

// outcome is what a result says in one word.
func outcomeOf(r Result) string {
	if r.Error != "" {
		return r.Error
	}
	return fmt.Sprint(r.Code)
}

func (h hostile) run(t *testing.T) {
	s := h.serve(t)
	o, bad := Options{Remote: true}, get(s.url+"/bad")
	if h.secure != nil || strings.HasPrefix(s.url, "https:") {
		o.TLS = &tls.Config{InsecureSkipVerify: true}
	}
	if h.change != nil {
		h.change(&o, bad)
	}
	u, n := hostileUser(t, o, bad, get(s.url+"/good"))
	for range 2 {
		h.measure(t, u, n)
		h.next(t, s, u, n)
	}
}

// measure has the user meet the fault, and looks at what that comes to and what it takes.
func (h hostile) measure(t *testing.T, u *virtualUser, n *notebook) {
	t.Helper()
	n.results, u.run.opts.Timeout = nil, ampleLimit
	measured := allocates
	if h.waits { // what floods in until then may be allocated, and let go
		u.run.opts.Timeout, measured = shortLimit, holds
	}
	var err error
	if spent := measured(func() { err = u.send(0) }) >> 10; spent > h.limit() {
		t.Errorf("a request took %d KiB, want at most %d", spent, h.limit())
	}
	h.check(t, u, n, err)
}

func (h hostile) limit() int {
	switch {
	case h.most > 0:
		return h.most
	case h.waits:
		return waitsKiB
	}
	return mostKiB
}

// send has the user send a request as a walk would.
func (u *virtualUser) send(step int) error {
	var err error
	u.due, err = u.do(context.Background(), u.run.blueprints[step], u.vars, time.Now())
	return err
}

// check looks at what the fault came to: as many results as requests, each with its key, and nothing kept.
func (h hostile) check(t *testing.T, u *virtualUser, n *notebook, err error) {
	t.Helper()
	var got []string
	for _, r := range n.results {
		got = append(got, outcomeOf(r))
		if r.Error != "" && r.Code != 0 {
			t.Errorf("status %d beside error %s", r.Code, r.Error)
		}
	}
	if want := append([]string{h.want}, h.also...); !slices.Equal(got, want) {
		t.Fatalf("results %q, want %q (%v)", got, want, err)
	}
	user := ""
	if reason, ok := err.(userError); ok {
		user = string(reason)
	}
	if user != h.user {
		t.Errorf("the user ends with %q, want %q", user, h.user)
	}
	if u.run.bodies.Load() != 0 || cap(u.answer.body.bytes) > keptBuffer || cap(u.head) > readBuffer {
		t.Errorf("%d bytes of bodies stay in use, %d of a head", u.run.bodies.Load(), cap(u.head))
	}
	for _, cn := range u.conns {
		if len(cn.buf) > readBuffer {
			t.Errorf("the connection keeps %d bytes", len(cn.buf))
		}
	}
}

// next has the same user ask for something sound.
func (h hostile) next(t *testing.T, s *hostileSite, u *virtualUser, n *notebook) {
	t.Helper()
	n.results, u.run.opts.Timeout = nil, ampleLimit
	u.jar = nil
	if err := u.send(1); err != nil || len(n.results) != 1 || outcomeOf(n.results[0]) != "200" {
		t.Fatalf("then: error %v, results %v; want 200", err, n.codes())
	}
	seen := map[string]string{} // the connection a path came over last
	for len(s.asked) > 0 {
		r := <-s.asked
		seen[r[0]] = r[1]
	}
	success := len(h.want) == 3
	if fresh := seen["/bad"] != seen["/good"]; h.accept == nil && !strings.HasPrefix(h.want, "3") && fresh != (h.fresh || !success) {
		t.Errorf("the next request comes over a new connection: %v, want %v", fresh, !fresh)
	}
}

// Every fault has the outcome the catalogue names, within its bound, and the same user goes on to a sound answer.
func TestHostileServers(t *testing.T) {
	groups := hostileGroups(t)
	checkCatalogue(t, append(groups, hostileGroup{"HTTP/2", hostileStreams()}))
	for _, group := range groups {
		for _, h := range group.cases {
			t.Run(group.name+"/"+h.fault, h.run)
		}
	}
}

// hostileGroup is a table of the catalogue.
type hostileGroup struct {
	name  string
	cases []hostile
}
