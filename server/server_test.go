package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// patient is how long a test waits for what must happen; it decides nothing.
const patient = 20 * time.Second

type finderFunc func(ctx context.Context, id int64) (store.Listing, error)

func (f finderFunc) FindListing(ctx context.Context, id int64) (store.Listing, error) {
	return f(ctx, id)
}

// shelf finds listings 0 to 9; listing n has 3+n images, and a title that is about n KB long.
func shelf(_ context.Context, id int64) (store.Listing, error) {
	if id >= 10 {
		return store.Listing{}, fmt.Errorf("shelf: %w", store.ErrNotFound)
	}
	return newListing(id), nil
}

func newListing(id int64) store.Listing {
	json := fmt.Appendf(nil, `{"id":%d,"title":"%s","count":%d,"images":[`, id, strings.Repeat("x", 1000*int(id)), 3+id)
	var starts []int
	for i := range 3 + id {
		if i > 0 {
			json = append(json, ',')
		}
		starts = append(starts, len(json))
		json = fmt.Appendf(json, `{"index":%d,"url":"https://img.example/%d/%d.jpg"}`, i, id, i)
	}
	end := len(json)
	listing, err := store.ParseListing(store.AppendListing(nil, append(json, "]}"...), starts, end))
	if err != nil {
		panic(err)
	}
	return listing
}

// running is a Run under test.
type running struct {
	url, addr, adminURL string

	stop, kill context.CancelFunc
	ended      chan error // gets what Run returns
}

// start runs a service on loopback and stops it at the end of the test, if it is still running by then.
func start(t testing.TB, cfg Config) *running {
	t.Helper()
	cfg.Listener = listen(t)
	r := &running{addr: cfg.Listener.Addr().String(), ended: make(chan error, 1)}
	r.url = "http://" + r.addr
	if cfg.Finder == nil {
		cfg.Finder = finderFunc(shelf)
	}
	if cfg.Admin != nil {
		r.adminURL = "http://" + cfg.Admin.Addr().String()
	}
	if cfg.Farewell == 0 {
		cfg.Farewell = 10 * time.Millisecond
	}
	var ctx, kill context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	kill, r.kill = context.WithCancel(context.Background())
	go func() { r.ended <- Run(ctx, kill, cfg) }()
	t.Cleanup(func() {
		r.kill()
		r.stop()
		if r.ended != nil {
			<-r.ended
		}
	})
	return r
}

func listen(t testing.TB) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// wait returns what Run returned.
func (r *running) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended = nil
		return err
	case <-time.After(patient):
		t.Fatal("Run did not return")
		return nil
	}
}

// client is a raw connection to a service.
type client struct {
	net.Conn
	in *bufio.Reader
	t  testing.TB
}

func (r *running) dial(t testing.TB) *client {
	t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patient))
	return &client{Conn: conn, in: bufio.NewReader(conn), t: t}
}

func (c *client) send(format string, args ...any) {
	c.t.Helper()
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\r\n")
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

// receive reads the answer to a request with this method.
func (c *client) receive(method string) answer {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal("no answer: ", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal("half an answer: ", err)
	}
	return answer{res, string(body)}
}

func (c *client) get(path string) answer {
	c.t.Helper()
	c.send("GET %s HTTP/1.1\nHost: test\n\n", path)
	return c.receive("GET")
}

// closed waits for the server to close the connection without another word.
func (c *client) closed() {
	c.t.Helper()
	if n, err := c.in.Read(make([]byte, 100)); n > 0 || isTimeout(err) {
		c.t.Errorf("read %d bytes, error %v, want a closed connection", n, err)
	}
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}
