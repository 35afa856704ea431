package attack

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// discard reads the body to its end and returns how many bytes it had.
func (c *conn) discard(h head) (uint64, error) {
	switch {
	case h.chunked:
		return c.discardChunks()
	case h.length < 0:
		n, err := c.discardN(1<<63-1, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return n, err
	}
	return c.discardN(h.length, 1)
}

// scratch holds buffers for bodies that are larger than a connection's own.
var scratch = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// discardN throws n bytes away: what is buffered first, then from the network. Where more is 1 it tries to read one byte
// more, which then lies in the buffer: the answer was longer than it said.
func (c *conn) discardN(n, more int64) (uint64, error) {
	done := min(n, int64(c.w-c.r))
	if c.kept != nil {
		c.kept.add(c.buf[c.r : c.r+int(done)])
	}
	c.r += int(done)
	if done == n {
		return uint64(n), nil
	}
	into := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(into)
	for done < n {
		got, err := c.Read(into[:min(n-done, int64(len(into))-more)+more])
		if int64(got) > n-done {
			got--
			c.buf[0], c.r, c.w = into[got], 0, 1
		}
		done += int64(got)
		if c.kept != nil {
			c.kept.add(into[:got])
		}
		if err != nil && done < n {
			return uint64(done), err
		}
	}
	return uint64(done), nil
}

// discardChunks throws away a chunked body with its trailers and returns the bytes of its chunks. Of what is no body it
// takes 16 bytes a chunk, twice the body, and maxExtra.
func (c *conn) discardChunks() (uint64, error) {
	var total uint64
	var extra int64
	for {
		line, err := c.line(errExtensions)
		if err != nil {
			return total, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return total, err
		}
		if extra = max(0, extra+int64(len(line))-14-2*size); extra > maxExtra {
			return total, errExtensions
		}
		if size == 0 {
			return total, c.discardTrailers()
		}
		n, err := c.discardN(size, 0)
		total += n
		if err == nil {
			err = c.chunkEnd()
		}
		if err != nil {
			return total, err
		}
	}
}

// chunkEnd reads the line's end that follows the bytes of a chunk.
func (c *conn) chunkEnd() error {
	for c.w-c.r < 2 {
		if err := c.fill(); err != nil {
			return err
		}
	}
	if string(c.buf[c.r:c.r+2]) != "\r\n" {
		return errChunkEnd
	}
	c.r += 2
	return nil
}

func (c *conn) discardTrailers() error {
	for read := 0; read < maxHead; {
		line, err := c.line(errOverflow)
		if err != nil || len(line) == 0 {
			return err
		}
		if _, _, ok := parseHeader(line, read > 0); !ok {
			return errHeader
		}
		read += len(line) + 2
	}
	return errOverflow
}

// line returns the next line of a chunked body without its CRLF, in place; if it is longer than maxLine, tooLong.
func (c *conn) line(tooLong error) ([]byte, error) {
	for {
		text := c.buf[c.r:c.w]
		lf := bytes.IndexByte(text, '\n')
		switch {
		case lf >= maxLine || lf < 0 && len(text) >= maxLine:
			return nil, tooLong
		case lf >= 0:
			c.r += lf + 1
			return lineText(text[:lf])
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// lineText takes the CR off the end of a line, where it must be, and nowhere else.
func lineText(line []byte) ([]byte, error) {
	switch cr := bytes.IndexByte(line, '\r'); {
	case cr < 0:
		return nil, errLineEnd
	case cr < len(line)-1:
		return nil, errChunkEnd
	}
	return line[:len(line)-1], nil
}

// chunkSize reads the hexadecimal size that begins a chunk's line; extensions after ';' are passed over.
func chunkSize(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 16 {
		return 0, errChunk
	}
	var size int64
	for _, d := range digits {
		if size >= 1<<56 {
			return 0, errChunk
		}
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
