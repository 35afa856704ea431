package attack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// reading is what came of reading one answer.
type reading struct {
	status int
	header http.Header // of the final head
	body   string
	close  bool // the connection is of no further use
	rest   int  // bytes that are left
	err    error
}

// readOurs reads an answer as attacks do, in pieces of a size.
func readOurs(method, data string, piece int) (reading, *conn) {
	w := &wire{rest: data, piece: piece}
	c := &conn{Conn: w, buf: make([]byte, readBuffer)}
	h, err := c.readHead(method)
	if err != nil {
		return reading{err: err}, c
	}
	r := reading{status: h.status, header: headerOf(string(c.text)), close: h.close}
	var kept answer
	kept.begin(len(data), new(atomic.Int64), h.length, nil)
	c.kept = &kept
	n, err := c.discard(h)
	r.err, r.body, r.rest = err, string(kept.body.bytes), c.w-c.r+len(w.rest)
	if err == nil && n != uint64(len(r.body)) {
		r.err = fmt.Errorf("a body of %d bytes is said to have %d", len(r.body), n)
	}
	return r, c
}

// headerOf asks headerValues, as attacks do, for each header there may be.
func headerOf(head string) http.Header {
	all := http.Header{}
	for line := range strings.SplitSeq(head, "\n") {
		name, _, ok := strings.Cut(line, ":")
		if key := http.CanonicalHeaderKey(name); ok && isToken([]byte(name)) && all[key] == nil {
			all[key] = headerValues([]byte(head), strings.ToLower(name))
		}
	}
	return all
}

// readTheirs reads an answer as net/http's client does.
func readTheirs(method, data string) reading {
	from := bytes.NewReader([]byte(data))
	buffered := bufio.NewReader(from)
	for {
		resp, err := http.ReadResponse(buffered, &http.Request{Method: method})
		if err != nil {
			return reading{err: err}
		}
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		return reading{
			status: resp.StatusCode, header: resp.Header, body: string(body), err: err,
			close: resp.Close || resp.StatusCode == 101, rest: buffered.Buffered() + from.Len(),
		}
	}
}

// differ says in what two readings differ; empty: in nothing that matters. Of what is no answer only that is told.
func (r reading) differ(theirs reading) string {
	switch {
	case r.err != nil && theirs.err != nil:
		return ""
	case (r.err != nil) != (theirs.err != nil):
		return fmt.Sprintf("error %v, net/http %v", r.err, theirs.err)
	case r.status != theirs.status:
		return fmt.Sprintf("status %d, net/http %d", r.status, theirs.status)
	case r.body != theirs.body:
		return fmt.Sprintf("body %q, net/http %q", r.body, theirs.body)
	case r.rest != theirs.rest:
		return fmt.Sprintf("%d bytes left, net/http %d", r.rest, theirs.rest)
	case r.close != theirs.close:
		return fmt.Sprintf("close %v, net/http %v", r.close, theirs.close)
	}
	return differentHeaders(r.header, theirs.header)
}

// differentHeaders compares headers, but for those that net/http takes out or makes up.
func differentHeaders(ours, theirs http.Header) string {
	for name := range theirs {
		madeUp := name == "Cache-Control" && ours[name] == nil && slices.Equal(theirs["Pragma"], ours["Pragma"])
		once := name == "Content-Length" && len(theirs[name]) == 1 && slices.Contains(ours[name], theirs[name][0])
		if !madeUp && !once && !slices.Equal(ours[name], theirs[name]) {
			return fmt.Sprintf("%s %q, net/http %q", name, ours[name], theirs[name])
		}
	}
	for name := range ours {
		switch name {
		case "Transfer-Encoding", "Content-Length", "Connection", "Trailer":
		default:
			if theirs[name] == nil {
				return fmt.Sprintf("%s %q, which net/http has not", name, ours[name])
			}
		}
	}
	return ""
}

// FuzzResponse gives the same bytes to our reader and to net/http's: the same verdict, status, headers, body and end,
// but for the differences that are meant, whatever pieces the bytes come in.
func FuzzResponse(f *testing.F) {
	for _, data := range answerSeeds() {
		f.Add(data, "GET", 3)
		f.Add(data, "HEAD", 1<<20)
	}
	known := differences()
	f.Fuzz(func(t *testing.T, data, method string, piece int) {
		if len(data) > 64<<10 || !isToken([]byte(method)) || method == "CONNECT" {
			return // no client sends it, or it takes too long
		}
		sameReading(t, known, data, method, piece)
	})
}

// FuzzResponseParts does the same with answers that are put together from the parts answers have, one a byte.
func FuzzResponseParts(f *testing.F) {
	parts := answerParts()
	f.Add([]byte{0, 9, 1, 80}, 1)
	f.Add([]byte{0, 20, 1, 60, 61, 62}, 2)
	known := differences()
	f.Fuzz(func(t *testing.T, choice []byte, piece int) {
		var data strings.Builder
		for _, b := range choice[:min(len(choice), 60)] {
			data.WriteString(parts[int(b)%len(parts)])
		}
		method := "GET"
		if piece%5 == 0 {
			method = "HEAD"
		}
		sameReading(t, known, data.String(), method, piece)
	})
}

// sameReading compares what the two make of an answer. Every error has a key, and what a connection keeps is bounded.
func sameReading(t *testing.T, known []difference, data, method string, piece int) {
	t.Helper()
	ours, c := readOurs(method, data, max(1, piece))
	if ours.err != nil && errorKey(context.Background(), ours.err) == keyUnknown {
		t.Errorf("%q: error %v has no key", data, ours.err)
	}
	if len(c.buf) > maxHead {
		t.Errorf("%q: the connection keeps %d bytes", data, len(c.buf))
	}
	if whole, _ := readOurs(method, data, 1<<20); ours.differ(whole) != "" || errorText(ours.err) != errorText(whole.err) {
		t.Errorf("%q in pieces of %d: %+v, whole: %+v", data, piece, ours, whole)
	}
	theirs := readTheirs(method, data)
	if what := ours.differ(theirs); what != "" && !intended(known, data, ours, theirs) {
		t.Errorf("%s %q: %s", method, data, what)
	}
}

func errorText(err error) string { return fmt.Sprint(err) }

// answerSeeds are answers to begin the search with: the examples of intended differences, and of the ways to frame.
func answerSeeds() []string {
	const ok = "HTTP/1.1 200 OK\r\n"
	seeds := []string{
		ok + "Content-Length: 5\r\n\r\nhello",
		ok + "Content-Length: 5\r\nContent-Length: 5\r\nPragma: no-cache\r\n\r\nhelloHTTP/1.1 408 Late\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5;x=y\r\nhello\r\n00f\r\n123456789abcdef\r\n0\r\nA: b\r\n c\r\n\r\nmore",
		ok + "\r\nuntil close",
		"HTTP/1.0 200 OK\nConnection: Keep-Alive, foo\nContent-Length: 2\n\nhi",
		ok + "Connection: keep-alive, close\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nframes",
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nSet-Cookie: a=1\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
		ok + "Content-Length: -1\r\n\r\n", ok + "X: \x00\r\n\r\n", ok + ": x\r\n\r\n",
	}
	for _, d := range differences() {
		seeds = append(seeds, d.example)
	}
	return seeds
}

// answerParts are what answers are made of, sound and not.
func answerParts() []string {
	return []string{
		"HTTP/1.1 200 OK\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 204 No Content\r\n",
		"HTTP/1.1 304 Not Modified\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "content-length:1\n", "Content-Length: 5 \r\n",
		"Content-Length: 9223372036854775807\r\n", "Content-Length: 9223372036854775808\r\n", "Content-Length: 5, 5\r\n",
		"Content-Length:\r\n", "Content-Length: +5\r\n", "Content-Length: 0x5\r\n", "CONTENT-LENGTH: 5\r\n",
		"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: Chunked \n", "Transfer-Encoding: identity\r\n",
		"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding:\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
		"Connection: foo, CLOSE ,bar\r\n", "Connection: Keep-Alive, x\n", "Connection:\r\n", "Connection: closed\r\n", "Connection: close;\r\n",
		"Location: /a\r\n", "Set-Cookie: a=1\r\n", "Set-Cookie: b=2; Path=/\n", "Content-Encoding: gzip\r\n", "Pragma: no-cache\r\n",
		"Cache-Control: no-store\r\n", "X-A: b\r\n", "X-A: \xff\xfe\r\n", "X-A: \x00\r\n", "X-A: \x7f\r\n", "X-A: b\rc\r\n", "X-A:\r\n",
		": x\r\n", "X A: b\r\n", "X-A : b\r\n", "X\x00: b\r\n", "nonsense\r\n", " c\r\n", "\tc\n", " \r\n", "\n", "\r", "\n", ":",
		"Trailer: X-A\r\n", "Keep-Alive: timeout=5\r\n", "Upgrade: h2c\r\n", "5\r\nhello\r\n", "1\r\nx\r\n", "0\r\n", "0\r\n\r\n", "00\r\n\r\n",
		"5;x=y\r\nhello\r\n", "5 \r\nhello\r\n", " 5\r\nhello\r\n", "5\nhello\n", "5\r\nhelloo\r\n", "5\r\nhell\r\n", "0000000000000005\r\nhello\r\n",
		"00000000000000005\r\nhello\r\n", "ffffffffffffffff\r\n", "7fffffffffffffff\r\n", "fffffffffffffff\r\n", "-1\r\n", "g\r\n", ";\r\n",
		"a\r\n0123456789\r\n", "A\r\n0123456789\r\n", "1;" + strings.Repeat("y", 4080) + "\r\nx\r\n", strings.Repeat("z", 4096), "hello", "x", "",
		"HTTP/1.1 2OO OK\r\n", "HTTP/1.1 099 Low\r\n", "HTTP/1.1 999 High\r\n", "HTTP/1.1 1000 Long\r\n", "HTTP/1.1 200\r\n", "HTTP/1.1  200 OK\r\n",
		"HTTP/1.1 200\tOK\r\n", "HTTP/1.1 -12 OK\r\n", "HTTP/1.1\r\n", "HTTP/2.0 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "HTTP/11 200 OK\r\n",
		"http/1.1 200 OK\r\n", "ICY 200 OK\r\n", "HTTP/1.1 200 \x00\r\n", "HTTP/1.1 20\r\n", "\x00", "\xff", ";", " ", "0",
	}
}

// Answers that chance puts together from these parts in the order answers have them, the same ones every time: most of
// what a search finds lies near what is nearly sound.
func TestResponsesMadeUp(t *testing.T) {
	parts, known := answerParts(), differences()
	random := rand.New(rand.NewPCG(1, 2))
	some := func(text *strings.Builder, most int) {
		for range random.IntN(most) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
	}
	for range 10_000 {
		var text strings.Builder
		text.WriteString(parts[max(0, random.IntN(60)-50)])
		chunked := random.IntN(2) == 0
		if chunked {
			text.WriteString("Transfer-Encoding: chunked\r\n")
		}
		some(&text, 4)
		text.WriteString("\r\n")
		some(&text, 6)
		if chunked {
			text.WriteString("0\r\n")
			some(&text, 3)
			text.WriteString("\r\n")
		}
		some(&text, 2)
		sameReading(t, known, text.String(), []string{"GET", "HEAD"}[random.IntN(5)/4], 1+random.IntN(9))
	}
}
