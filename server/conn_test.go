package server

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/server/store"
)

// held is a finder that says when it is asked and answers when it is told to.
type held struct{ asked, tell chan struct{} }

func (h held) FindListing(ctx context.Context, id int64) (store.Listing, error) {
	h.asked <- struct{}{}
	<-h.tell
	return shelf(ctx, id)
}

// TestRequestsWhileAnswering sends more requests, whole and in pieces, while the first is being answered: what has
// come early belongs to the next request, to its first byte.
func TestRequestsWhileAnswering(t *testing.T) {
	h := held{make(chan struct{}), make(chan struct{})}
	c := start(t, Config{Finder: h}).dial(t)
	const get = "GET /listings/%d HTTP/1.1\nHost: test\n\n"
	c.send(get, 1)
	<-h.asked
	c.send(get+"G", 2)
	h.tell <- struct{}{}
	for id := 1; id <= 3; id++ {
		if a := c.receive("GET"); a.StatusCode != 200 || a.body != string(newListing(int64(id)).JSON()) {
			t.Fatalf("answer %d: %s %s", id, a.Status, a.body)
		}
		switch id {
		case 2:
			c.send(strings.TrimPrefix(get, "G"), 3)
			fallthrough
		case 1:
			<-h.asked
			h.tell <- struct{}{}
		}
	}
}

// TestClientLeavesWhileAnswering checks that nothing waits for a client that has gone: its connection is closed, and the
// service ends without being killed.
func TestClientLeavesWhileAnswering(t *testing.T) {
	h := held{make(chan struct{}), make(chan struct{})}
	r := start(t, Config{Finder: h, MaxConns: 1})
	c := r.dial(t)
	c.send("GET /listings/1 HTTP/1.1\nHost: test\n\n")
	<-h.asked
	c.Close()
	h.tell <- struct{}{}
	next := r.dial(t) // is accepted once the first is gone
	next.send("GET /listings/2 HTTP/1.1\nHost: test\n\n")
	<-h.asked
	h.tell <- struct{}{}
	if a := next.receive("GET"); a.StatusCode != 200 {
		t.Error(a.Status)
	}
	next.Close()
	r.stop()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}

// TestConnRead checks what net/http relies on: the read that waits for a client to leave ends when the deadline is
// moved into the past, or the connection is closed, and takes nothing from the next request.
func TestConnRead(t *testing.T) {
	l := newListener(listen(t), 1)
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := accepted.(*conn)
	defer c.Close()
	if _, err := peer.Write([]byte(strings.Repeat("x", 3))); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func(){
		func() { c.SetReadDeadline(time.Unix(1, 0)) },
		func() { c.SetReadDeadline(time.Unix(1, 0)) },
		func() { c.Close() },
	} {
		c.SetReadDeadline(time.Time{})
		c.enter(answering)
		ended := make(chan error)
		go func() {
			n, err := c.Read(make([]byte, 1))
			if n != 0 {
				err = errors.New("a byte was taken")
			}
			ended <- err
		}()
		end()
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		case <-time.After(patient):
			t.Fatal("the read did not end")
		}
	}
}
