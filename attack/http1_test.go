package attack

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// wire is a connection whose other side has already said everything it will say, in pieces of a given size.
type wire struct {
	net.Conn
	rest  string
	piece int
}

func (w *wire) Read(into []byte) (int, error) {
	if w.rest == "" {
		return 0, io.EOF
	}
	n := copy(into[:min(len(into), w.piece)], w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func TestReadResponse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct {
		name, method, answer string
		status               int
		body                 uint64
		close                bool
		err                  string // the error's key; empty: the answer is complete
	}{
		{"content length", "GET", ok + "Content-Length: 5\r\n\r\nhello", 200, 5, false, ""},
		{"no body", "GET", ok + "Content-Length: 0\r\n\r\n", 200, 0, false, ""},
		{"bare line feeds", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, 2, false, ""},
		{"no reason phrase", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 0, false, ""},
		{"chunked", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n", 200, 6, false, ""},
		{"chunked with trailers", "GET", ok + "transfer-encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n", 200, 1, false, ""},
		{"chunked wins over length", "GET", ok + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, 1, false, ""},
		{"until close", "GET", ok + "\r\nhello", 200, 5, true, ""},
		{"http 1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, 2, true, ""},
		{"http 1.0 kept alive", "GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", 200, 2, false, ""},
		{"asked to close", "GET", ok + "Connection: foo, Close\r\nContent-Length: 2\r\n\r\nhi", 200, 2, true, ""},
		{"head", "HEAD", ok + "Content-Length: 500\r\n\r\n", 200, 0, false, ""},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, false, ""},
		{"304 with length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", 304, 0, false, ""},
		{"after 100 and 103", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx", 200, 1, false, ""},
		{"folded header", "GET", ok + "X-A: b\r\n c\r\nContent-Length: 1\r\n\r\nx", 200, 1, false, ""},
		{"same length twice", "GET", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, 1, false, ""},
		{"long body", "GET", ok + "Content-Length: 200000\r\n\r\n" + strings.Repeat("x", 200000), 200, 200000, false, ""},
		{"long head", "GET", ok + "X: " + strings.Repeat("y", 100000) + "\r\nContent-Length: 1\r\n\r\nx", 200, 1, false, ""},

		{"nothing", "GET", "", 0, 0, false, "ECONNRESET"},
		{"half a head", "GET", ok + "Content-Le", 0, 0, false, "ECONNRESET"},
		{"short body", "GET", ok + "Content-Length: 5\r\n\r\nhell", 200, 4, false, "ECONNRESET"},
		{"short chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe", 200, 2, false, "ECONNRESET"},
		{"no last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", 200, 1, false, "ECONNRESET"},
		{"not http", "GET", "220 smtp.example.com ESMTP\r\n\r\n", 0, 0, false, "HPE_INVALID_CONSTANT"},
		{"wrong version", "GET", "HTTP/2.0 200 OK\r\n\r\n", 0, 0, false, "HPE_INVALID_VERSION"},
		{"status of letters", "GET", "HTTP/1.1 2OO OK\r\n\r\n", 0, 0, false, "HPE_INVALID_STATUS"},
		{"status too long", "GET", "HTTP/1.1 2000 OK\r\n\r\n", 0, 0, false, "HPE_INVALID_STATUS"},
		{"header without colon", "GET", ok + "nonsense\r\n\r\n", 0, 0, false, "HPE_INVALID_HEADER_TOKEN"},
		{"space before colon", "GET", ok + "Content-Length : 5\r\n\r\nhello", 0, 0, false, "HPE_INVALID_HEADER_TOKEN"},
		{"folded length", "GET", ok + "Content-Length: 1\r\n 2\r\n\r\nx", 0, 0, false, "HPE_INVALID_HEADER_TOKEN"},
		{"two lengths", "GET", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 0, 0, false, "HPE_UNEXPECTED_CONTENT_LENGTH"},
		{"negative length", "GET", ok + "Content-Length: -1\r\n\r\n", 0, 0, false, "HPE_INVALID_CONTENT_LENGTH"},
		{"length over 63 bits", "GET", ok + "Content-Length: 99999999999999999999\r\n\r\n", 0, 0, false, "HPE_INVALID_CONTENT_LENGTH"},
		{"unknown transfer encoding", "GET", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", 0, 0, false, "HPE_INVALID_TRANSFER_ENCODING"},
		{"chunk size of letters", "GET", ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 200, 0, false, "HPE_INVALID_CHUNK_SIZE"},
		{"chunk size over 60 bits", "GET", ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 200, 0, false, "HPE_INVALID_CHUNK_SIZE"},
		{"chunk longer than it says", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", 200, 1, false, "HPE_STRICT"},
		{"head without end", "GET", ok + strings.Repeat("X-A: b\r\n", 100000), 0, 0, false, "HPE_HEADER_OVERFLOW"},
		{"trailers without end", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X-A: b\r\n", 100000), 200, 0, false, "HPE_HEADER_OVERFLOW"},
	}
	for _, test := range tests {
		for _, piece := range []int{1, 7, 1 << 20} {
			c := &conn{Conn: &wire{rest: test.answer, piece: piece}, buf: make([]byte, readBuffer)}
			h, err := c.readHead(test.method)
			status, body := h.status, uint64(0)
			if err == nil {
				body, err = c.discard(h)
			}
			key := ""
			if err != nil {
				key = errorKey(context.Background(), err)
			}
			if test.err == "" && h.close != test.close {
				t.Errorf("%s in pieces of %d: close = %v, want %v", test.name, piece, h.close, test.close)
			}
			if test.err != "" && test.status == 0 {
				status = 0 // whatever of a broken head was understood
			}
			if status != test.status || body != test.body || key != test.err {
				t.Errorf("%s in pieces of %d: status %d, body of %d bytes, error %q; want %d, %d, %q",
					test.name, piece, status, body, key, test.status, test.body, test.err)
			}
		}
	}
}

// A body or a head of any length must not make a connection keep more than its buffer.
func TestConnectionGivesBackItsBuffer(t *testing.T) {
	answer := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 200000) + "\r\nContent-Length: 3\r\n\r\nabc"
	c := &conn{Conn: &wire{rest: answer, piece: 1 << 20}, buf: make([]byte, readBuffer)}
	h, err := c.readHead("GET")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.discard(h); err != nil {
		t.Fatal(err)
	}
	c.release(time.Now())
	if len(c.buf) != readBuffer {
		t.Errorf("connection keeps %d bytes after a long head, want %d", len(c.buf), readBuffer)
	}
}

func TestDeadlineIsToldRarelyAndNeverTooEarly(t *testing.T) {
	told := &deadlines{}
	c := &conn{Conn: told}
	begin := time.Unix(1_000_000, 0)
	for i := range 1000 {
		now := begin.Add(time.Duration(i) * time.Millisecond)
		if err := c.extend(now.Add(time.Second), time.Second); err != nil {
			t.Fatal(err)
		}
		if left := told.last.Sub(now); left < time.Second || left > time.Second+time.Second/30 {
			t.Fatalf("request %d may take %v, want 1s to 1.033s", i, left)
		}
	}
	if told.count > 40 {
		t.Errorf("the network was told %d deadlines for 1,000 requests in a second, want about 32", told.count)
	}
}

type deadlines struct {
	net.Conn
	last  time.Time
	count int
}

func (d *deadlines) SetDeadline(t time.Time) error {
	d.last = t
	d.count++
	return nil
}

// TestReadAnswersInTurn reads many answers from one connection: a head like the one before it is not parsed again,
// and must mean the same, whatever came in between and whatever was asked.
func TestReadAnswersInTurn(t *testing.T) {
	const five = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	answers := []struct {
		method, text string
		status       int
		body         uint64
	}{
		{"GET", five + "hello", 200, 5},
		{"GET", five + "world", 200, 5},
		{"HEAD", five, 200, 0},
		{"GET", five + "hello", 200, 5},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 200, 5},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\n" + five + "hello", 200, 5},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\n" + five + "hello", 200, 5},
		{"GET", five + "hello", 200, 5},
		{"GET", "HTTP/1.1 404 Not Found\nContent-Length: 1\n\nx", 404, 1},
		{"GET", "HTTP/1.1 404 Not Found\nContent-Length: 1\n\ny", 404, 1},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, 1},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n", 200, 2},
		{"GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2*knownHead) + "\r\nContent-Length: 3\r\n\r\nabc", 200, 3},
		{"GET", five + "hello", 200, 5},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0},
	}
	var all strings.Builder
	for _, a := range answers {
		all.WriteString(a.text)
	}
	for _, piece := range []int{1, 7, 40, 1 << 20} {
		c := &conn{Conn: &wire{rest: all.String(), piece: piece}, buf: make([]byte, readBuffer)}
		for i, a := range answers {
			h, err := c.readHead(a.method)
			if err != nil {
				t.Fatalf("answer %d in pieces of %d: %v", i, piece, err)
			}
			if body, err := c.discard(h); err != nil || h.status != a.status || body != a.body || h.close {
				t.Errorf("answer %d in pieces of %d: status %d, %d bytes, close %v, error %v", i, piece, h.status, body, h.close, err)
			}
		}
	}
}

// TestReadRedirectsInTurn reads two redirects whose heads are as long as each other, and the first again.
func TestReadRedirectsInTurn(t *testing.T) {
	text := ""
	for _, to := range []string{"/a", "/a", "/b", "/a"} {
		text += "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
	}
	c := &conn{Conn: &wire{rest: text, piece: 50}, buf: make([]byte, readBuffer)}
	var got []string
	for range 4 {
		h, err := c.readHead("GET")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(h.location))
	}
	if strings.Join(got, " ") != "/a /a /b /a" {
		t.Error(got)
	}
}
