package server

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// TestSlowClients checks that clients who keep a connection without getting on with a request lose it. Nothing
// depends on when: a service without limits would keep them until the test gives up.
func TestSlowClients(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  Config
		do   func(c *client)
	}{
		{"says nothing", Config{HeaderTimeout: 20 * time.Millisecond}, func(*client) {}},
		{"half a header", Config{HeaderTimeout: 20 * time.Millisecond}, func(c *client) {
			c.send("GET /listings/1 HTTP/1.1\nHost: te")
		}},
		{"half a second header", Config{HeaderTimeout: 20 * time.Millisecond}, func(c *client) {
			c.get("/listings/1")
			c.send("GET /listings/1 HTTP/1.1\nHost: te")
		}},
		{"idle", Config{IdleTimeout: 20 * time.Millisecond}, func(c *client) { c.get("/listings/1") }},
		{"half a body", Config{AnswerTimeout: 20 * time.Millisecond}, func(c *client) {
			c.send("GET /listings/1 HTTP/1.1\nHost: test\nContent-Length: 10\n\n12345")
		}},
		{"half a chunk", Config{AnswerTimeout: 20 * time.Millisecond}, func(c *client) {
			c.send("GET /listings/1 HTTP/1.1\nHost: test\nTransfer-Encoding: chunked\n\na\n12345")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, test.cfg).dial(t)
			test.do(c)
			c.closed()
		})
	}
}

// TestSlowloris checks that a header that trickles in, a few bytes at a time, is cut off as well: the limit is of the
// whole header, not of the pauses in it.
func TestSlowloris(t *testing.T) {
	c := start(t, Config{HeaderTimeout: 50 * time.Millisecond}).dial(t)
	c.send("GET /listings/1 HTTP/1.1\nHost: test\n")
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for begin := time.Now(); time.Since(begin) < patient; <-pause.C {
		if _, err := io.WriteString(c, "X-A: b\r\n"); err != nil {
			return
		}
	}
	t.Error("a client that sends its header byte by byte is never cut off")
}

// TestSlowReader checks that a client that asks and asks and never reads an answer loses its connection.
func TestSlowReader(t *testing.T) {
	c := start(t, Config{AnswerTimeout: 50 * time.Millisecond}).dial(t)
	request := []byte(strings.Repeat("GET /listings/9 HTTP/1.1\r\nHost: test\r\n\r\n", 1000))
	for range 10_000 {
		if _, err := c.Write(request); isTimeout(err) {
			t.Fatal("the connection is neither read nor closed")
		} else if err != nil {
			return
		}
	}
	t.Error("the client could send without end")
}

func TestOversized(t *testing.T) {
	service := start(t, Config{MaxBody: 1000, MaxHeader: 8 << 10})
	line := "GET /listings/2 HTTP/1.1\nHost: test\n"
	t.Run("header", func(t *testing.T) {
		c := service.dial(t)
		go io.WriteString(c, "GET /listings/2 HTTP/1.1\r\nHost: test\r\nX-Bomb: "+strings.Repeat("x", 1<<20))
		if got := c.receive("GET"); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d", got.StatusCode)
		}
	})
	t.Run("many headers", func(t *testing.T) {
		c := service.dial(t)
		go io.WriteString(c, "GET /listings/2 HTTP/1.1\r\nHost: test\r\n"+strings.Repeat("X-Bomb: x\r\n", 10_000))
		if got := c.receive("GET"); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d", got.StatusCode)
		}
	})
	t.Run("header that fits", func(t *testing.T) {
		c := service.dial(t)
		c.send("%sX-Long: %s\n\n", line, strings.Repeat("x", 7<<10))
		if got := c.receive("GET"); got.StatusCode != http.StatusOK {
			t.Errorf("status %d", got.StatusCode)
		}
	})
	t.Run("URL without end", func(t *testing.T) {
		c := service.dial(t)
		go io.WriteString(c, "GET /"+strings.Repeat("x", 1<<20))
		if got := c.receive("GET"); got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d", got.StatusCode)
		}
	})
	t.Run("body announced", func(t *testing.T) {
		c := service.dial(t)
		c.send("%sContent-Length: 1001\n\n", line)
		checkRefusal(t, c.receive("GET"), http.StatusRequestEntityTooLarge, "1000")
	})
	t.Run("body in chunks", func(t *testing.T) {
		c := service.dial(t)
		go io.WriteString(c, strings.ReplaceAll(line, "\n", "\r\n")+"Transfer-Encoding: chunked\r\n\r\n"+
			strings.Repeat("64\r\n"+strings.Repeat("x", 100)+"\r\n", 1000))
		checkRefusal(t, c.receive("GET"), http.StatusRequestEntityTooLarge, "1000")
	})
	t.Run("body that fits", func(t *testing.T) {
		c := service.dial(t)
		for range 2 {
			c.send("%sContent-Length: 1000\n\n%s", line, strings.Repeat("x", 1000))
			if got := c.receive("GET"); got.StatusCode != http.StatusOK || got.body != string(newListing(2).JSON()) {
				t.Errorf("status %d, body %s", got.StatusCode, got.body)
			}
		}
	})
	t.Run("chunks that fit", func(t *testing.T) {
		c := service.dial(t)
		for range 2 {
			c.send("%sTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", line)
			if got := c.receive("GET"); got.StatusCode != http.StatusOK {
				t.Errorf("status %d", got.StatusCode)
			}
		}
	})
	t.Run("expects to continue", func(t *testing.T) {
		c := service.dial(t)
		c.send("%sContent-Length: 5\nExpect: 100-continue\n\n", line)
		if got := c.receive("GET"); got.StatusCode != http.StatusContinue {
			t.Errorf("status %d", got.StatusCode)
		}
		c.send("hello")
		if got := c.receive("GET"); got.StatusCode != http.StatusOK {
			t.Errorf("status %d", got.StatusCode)
		}
	})
}

// TestMalformed checks that what is not HTTP is refused, and that the service goes on.
func TestMalformed(t *testing.T) {
	service := start(t, Config{})
	for name, text := range map[string]string{
		"not HTTP":           "hello\n\n",
		"no host":            "GET /listings/2 HTTP/1.1\n\n",
		"two hosts":          "GET /listings/2 HTTP/1.1\nHost: a\nHost: b\n\n",
		"bad escape":         "GET /listings/%zz HTTP/1.1\nHost: a\n\n",
		"negative length":    "GET /listings/2 HTTP/1.1\nHost: a\nContent-Length: -1\n\n",
		"two lengths":        "GET /listings/2 HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 2\n\n",
		"space before colon": "GET /listings/2 HTTP/1.1\nHost : a\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := service.dial(t)
			c.send("%s", text)
			if got := c.receive("GET"); got.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d", got.StatusCode)
			}
			c.closed()
		})
	}
	if got := service.dial(t).get("/listings/2"); got.StatusCode != http.StatusOK {
		t.Errorf("afterwards: status %d", got.StatusCode)
	}
}

// TestMaxConns checks that a connection beyond the limit waits for one to end, and is served then.
func TestMaxConns(t *testing.T) {
	var third atomic.Bool
	service := start(t, Config{MaxConns: 2, Finder: finderFunc(func(_ context.Context, id int64) (store.Listing, error) {
		if id == 3 {
			third.Store(true)
		}
		return newListing(id), nil
	})})
	a, b := service.dial(t), service.dial(t)
	a.get("/listings/1")
	b.get("/listings/2")
	c := service.dial(t)
	c.send("GET /listings/3 HTTP/1.1\nHost: test\n\n")
	for range 100 {
		b.get("/listings/2")
	}
	if third.Load() {
		t.Error("a third connection was served beside two others")
	}
	a.Close()
	if got := c.receive("GET"); got.StatusCode != http.StatusOK {
		t.Errorf("status %d", got.StatusCode)
	}
}

// TestLeavingClient checks that a client that gives up does not keep the listing from those who ask next.
func TestLeavingClient(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	service := start(t, Config{Finder: finderFunc(func(ctx context.Context, id int64) (store.Listing, error) {
		close(asked)
		<-answer
		done <- ctx.Err()
		return newListing(id), nil
	})})
	c := service.dial(t)
	c.send("GET /listings/1 HTTP/1.1\nHost: test\n\n")
	<-asked
	c.Close()
	close(answer)
	if err := <-done; err != nil {
		t.Errorf("the finder was told to stop: %v", err)
	}
}
