package attack

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	readBuffer = 4 << 10   // bytes a connection keeps for reading
	maxHead    = 256 << 10 // bytes of one response head; more is HPE_HEADER_OVERFLOW
	maxLine    = 8 << 10   // bytes of one line between chunks
)

// conn is one HTTP/1.1 connection, used by one goroutine at a time. It reads response heads in place and throws
// bodies away without copying them. Its memory is readBuffer, and up to maxHead while a head that long is read.
type conn struct {
	net.Conn
	origin   origin
	buf      []byte // buf[r:w] is read from the network and not yet used
	r, w     int
	deadline time.Time // what the network connection was last told
	used     bool      // an exchange has been completed on it
	unwatch  func() bool
}

// head is what the attack needs of a response head. Its slices are valid until the next read.
type head struct {
	status   int
	length   int64 // of the body; -1: until the connection closes
	chunked  bool
	close    bool // no further request may be sent on this connection
	location []byte
}

// protocolError is an answer that is not HTTP; its text is the error's stable key, in the names Node gives them.
type protocolError string

func (e protocolError) Error() string { return string(e) }

const (
	errStatusLine = protocolError("HPE_INVALID_CONSTANT")
	errVersion    = protocolError("HPE_INVALID_VERSION")
	errHeader     = protocolError("HPE_INVALID_HEADER_TOKEN")
	errOverflow   = protocolError("HPE_HEADER_OVERFLOW")
	errLength     = protocolError("HPE_INVALID_CONTENT_LENGTH")
	errEncoding   = protocolError("HPE_INVALID_TRANSFER_ENCODING")
	errChunk      = protocolError("HPE_INVALID_CHUNK_SIZE")
)

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
	for {
		text, err := c.headText()
		if err != nil {
			return head{}, err
		}
		h, err := parseHead(text)
		if err != nil {
			return head{}, err
		}
		if h.status >= 200 || h.status == 101 {
			return h.framed(method), nil
		}
	}
}

// headText returns the bytes up to and including the next blank line, in place.
func (c *conn) headText() ([]byte, error) {
	for searched := 0; ; {
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
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// parseHead reads a status line and the headers that decide how long the body is and what comes after it.
func parseHead(text []byte) (head, error) {
	line, rest := cutLine(text)
	h, err := parseStatus(line)
	if err != nil {
		return h, err
	}
	h.length = -1
	foldable := false // a folded line may only continue a header that is of no interest here
	for {
		line, rest = cutLine(rest)
		if len(line) == 0 {
			return h, nil
		}
		if line[0] == ' ' || line[0] == '\t' {
			if !foldable {
				return h, errHeader
			}
			continue
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !isToken(line[:colon]) {
			return h, errHeader
		}
		matters, err := h.header(line[:colon], bytes.Trim(line[colon+1:], " \t"))
		if err != nil {
			return h, err
		}
		foldable = !matters
	}
}

// parseStatus reads `HTTP/1.x NNN reason`.
func parseStatus(line []byte) (head, error) {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/")) {
		return head{}, errStatusLine
	}
	if string(line[5:7]) != "1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return head{}, errVersion
	}
	status := 0
	for _, digit := range line[9:12] {
		if digit < '0' || digit > '9' {
			return head{}, errStatusLine
		}
		status = status*10 + int(digit-'0')
	}
	if status < 100 || len(line) > 12 && line[12] != ' ' {
		return head{}, errStatusLine
	}
	return head{status: status, close: line[7] == '0'}, nil
}

// header takes one header if it is one of those that matter, and says whether it was.
func (h *head) header(name, value []byte) (matters bool, err error) {
	switch {
	case equalFold(name, "content-length"):
		return true, h.contentLength(value)
	case equalFold(name, "transfer-encoding"):
		if h.chunked || !equalFold(value, "chunked") {
			return true, errEncoding
		}
		h.chunked = true
	case equalFold(name, "connection"):
		h.connection(value)
	case equalFold(name, "location"):
		if h.location == nil {
			h.location = value
		}
	default:
		return false, nil
	}
	return true, nil
}

func (h *head) contentLength(value []byte) error {
	var n int64
	for _, digit := range value {
		if digit < '0' || digit > '9' || n > (1<<63-1-9)/10 {
			return errLength
		}
		n = n*10 + int64(digit-'0')
	}
	if len(value) == 0 || h.length >= 0 && h.length != n {
		return errLength
	}
	h.length = n
	return nil
}

// connection reads the tokens that say whether the connection stays open.
func (h *head) connection(value []byte) {
	for token := range bytes.SplitSeq(value, []byte(",")) {
		switch token = bytes.Trim(token, " \t"); {
		case equalFold(token, "close"):
			h.close = true
		case equalFold(token, "keep-alive"):
			h.close = false
		}
	}
}

// framed settles how long the body is (RFC 9112, section 6.3).
func (h head) framed(method string) head {
	switch {
	case method == "HEAD" || h.status == 204 || h.status == 304:
		h.length, h.chunked = 0, false
	case h.status == 101:
		h.length, h.chunked, h.close = 0, false, true
	case h.chunked:
		h.length = -1
	case h.length < 0:
		h.close = true
	}
	return h
}

// discard reads the body to its end and returns how many bytes it had.
func (c *conn) discard(h head) (uint64, error) {
	switch {
	case h.chunked:
		return c.discardChunks()
	case h.length < 0:
		n, err := c.discardN(1<<63 - 1)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return n, err
	}
	return c.discardN(h.length)
}

// scratch holds buffers for bodies that are larger than a connection's own.
var scratch = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// discardN throws n bytes away: what is buffered first, then from the network.
func (c *conn) discardN(n int64) (uint64, error) {
	buffered := min(n, int64(c.w-c.r))
	c.r += int(buffered)
	if buffered == n {
		return uint64(n), nil
	}
	into := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(into)
	done := buffered
	for done < n {
		got, err := c.Read(into[:min(n-done, int64(len(into)))])
		done += int64(got)
		if err != nil && done < n {
			return uint64(done), err
		}
	}
	return uint64(done), nil
}

// discardChunks throws away a chunked body with its trailers and returns the bytes of its chunks.
func (c *conn) discardChunks() (uint64, error) {
	var total uint64
	for {
		line, err := c.line()
		if err != nil {
			return total, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return total, err
		}
		if size == 0 {
			return total, c.discardTrailers()
		}
		n, err := c.discardN(size)
		total += n
		if err != nil {
			return total, err
		}
		if line, err = c.line(); err != nil {
			return total, err
		}
		if len(line) > 0 {
			return total, errChunk
		}
	}
}

func (c *conn) discardTrailers() error {
	for read := 0; read < maxHead; {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return err
		}
		read += len(line)
	}
	return errOverflow
}

// line returns the next line without its end, in place; it is at most maxLine long.
func (c *conn) line() ([]byte, error) {
	for {
		if lf := bytes.IndexByte(c.buf[c.r:c.w], '\n'); lf >= 0 {
			line, _ := cutLine(c.buf[c.r : c.r+lf+1])
			c.r += lf + 1
			return line, nil
		}
		if c.w-c.r > maxLine {
			return nil, errChunk
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// chunkSize reads the hexadecimal size that begins a chunk's line; extensions after ';' are passed over.
func chunkSize(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 {
		return 0, errChunk
	}
	var size int64
	for _, d := range digits {
		switch {
		case d >= '0' && d <= '9':
			size = size<<4 | int64(d-'0')
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			size = size<<4 | int64(d|0x20-'a'+10)
		default:
			return 0, errChunk
		}
	}
	return size, nil
}

// cutLine splits text behind its first LF and returns the line without its end.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// equalFold reports whether text is lower, an ASCII text in lower case, whatever the case of its letters.
func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, b := range text {
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// isToken reports whether name may be the name of a header (RFC 9110, section 5.6.2).
func isToken(name []byte) bool {
	for _, b := range name {
		switch {
		case b|0x20 >= 'a' && b|0x20 <= 'z', b >= '0' && b <= '9', b == '-':
		case b <= ' ' || b >= 0x7f || bytes.IndexByte([]byte(`"(),/:;<=>?@[\]{}`), b) >= 0:
			return false
		}
	}
	return true
}
