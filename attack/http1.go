package attack

import (
	"bytes"
	"io"
	"net"
	"strings"
	"time"
)

const (
	readBuffer = 4 << 10   // bytes a connection keeps for reading
	knownHead  = 1 << 10   // bytes of the last response head it keeps at most
	maxHead    = 256 << 10 // bytes of one response head, of all informational ones before it, and of trailers; more is HPE_HEADER_OVERFLOW
	maxLine    = 4 << 10   // bytes of one line between chunks, as in net/http
	maxExtra   = 16 << 10  // bytes of chunks' extensions beyond what small chunks take anyway, as in net/http
)

// conn is one HTTP/1.1 connection, used by one goroutine at a time. It reads response heads in place and throws
// bodies away without copying them. Its memory is readBuffer and knownHead, and up to maxHead while a head that long is read.
type conn struct {
	net.Conn
	socket    *socket // nil: Conn alone is used
	origin    origin
	via       *proxy // forwards the requests; nil: they are sent as to the origin itself
	buf       []byte // buf[r:w] is read from the network and not yet used
	r, w      int
	known     []byte    // the last response head, if it is worth keeping
	parsed    head      // what it says
	text      []byte    // the present response head, until the next read
	deadline  time.Time // what the network connection was last told
	used      bool      // an exchange has been completed on it
	answered  bool      // some byte of the present answer has come
	kept      *answer   // gets the bytes of the present body; nil: nobody
	cut       bool      // something was not written to its end
	idleSince time.Time
	roundTrip time.Duration // at most: what connecting took
	unwatch   func() bool
}

// extend gives the connection until at least t. The network is told up to 3 % of timeout more than that, so that
// a busy connection tells it rarely: a deadline costs a timer each time it is set.
func (c *conn) extend(t time.Time, timeout time.Duration) error {
	if !c.deadline.Before(t) {
		return nil
	}
	c.deadline = t.Add(timeout / 32)
	return c.SetDeadline(c.deadline)
}

// readHead reads the next final response head; informational ones before it are passed over.
func (c *conn) readHead(method string) (head, error) {
	if c.r == c.w {
		if err := c.fill(); err != nil {
			return head{}, err
		}
	}
	if len(c.known) > 0 && bytes.HasPrefix(c.buf[c.r:c.w], c.known) {
		c.text = c.buf[c.r : c.r+len(c.known)]
		c.r += len(c.known)
		return c.parsed.framed(method), nil
	}
	for before := 0; ; {
		text, err := c.headText()
		if err != nil {
			return head{}, err
		}
		if before += len(text); before > maxHead {
			return head{}, errOverflow
		}
		h, err := parseHead(text)
		if err != nil {
			return head{}, err
		}
		if h.status >= 200 || h.status == 101 {
			c.text = text
			c.remember(text, h)
			return h.framed(method), nil
		}
	}
}

// remember keeps a head for the next answer. A service that is asked the same thing again answers with the same head
// until the second of its Date is over, and comparing is cheaper than parsing. A head with a Location is not
// kept: it refers to the text it was parsed from.
func (c *conn) remember(text []byte, h head) {
	c.known = c.known[:0]
	if len(text) <= knownHead && h.location == nil {
		c.known, c.parsed = append(c.known, text...), h
	}
}

// headText returns the bytes up to and including the next blank line, in place. What does not begin as a head is refused
// at once: its end may never come.
func (c *conn) headText() ([]byte, error) {
	for searched := 0; ; {
		if text := c.buf[c.r:c.w]; !strings.HasPrefix("HTTP/", string(text[:min(len(text), 5)])) {
			return nil, errStatusLine
		}
		if end := headEnd(c.buf[c.r:c.w], searched); end > 0 {
			text := c.buf[c.r : c.r+end]
			c.r += end
			return text, nil
		}
		searched = max(0, c.w-c.r-3)
		if c.w-c.r >= maxHead {
			return nil, errOverflow
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// headEnd returns the length of the head in data, its blank line included, or 0 if the blank line is not there
// yet. Lines end in LF, with or without CR. The first `from` bytes are known not to hold the end's first LF.
func headEnd(data []byte, from int) int {
	for at := from; ; {
		lf := bytes.IndexByte(data[at:], '\n')
		if lf < 0 {
			return 0
		}
		at += lf + 1
		if at < len(data) && data[at] == '\n' {
			return at + 1
		}
		if at+1 < len(data) && data[at] == '\r' && data[at+1] == '\n' {
			return at + 2
		}
	}
}

// send writes a request and returns how much of it was written, and when. If it could, it has read the beginning of
// the answer, too.
func (c *conn) send(request []byte) (int, time.Time, error) {
	if c.socket == nil {
		n, err := c.Write(request)
		return n, time.Now(), err
	}
	sent, at, got, err := c.socket.exchange(request, c.buf, !c.used)
	c.w, c.answered = got, got > 0
	if err != nil || sent == len(request) {
		return sent, at, err
	}
	n, err := c.Write(request[sent:])
	return sent + n, time.Now(), err
}

// fill reads more behind what is buffered, making room first.
func (c *conn) fill() error {
	switch {
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(c.buf) && c.r > 0:
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	case c.w == len(c.buf):
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		c.answered = true
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
