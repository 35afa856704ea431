package attack

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// The types of HTTP/2 frames that the tests' own server sends and reads (RFC 9113, section 6).
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	framePing     = 0x6
	frameGoAway   = 0x7

	endStream  = 0x1
	ack        = 0x1
	endHeaders = 0x4
)

// frames is the server's side of an HTTP/2 connection, for servers that break the rules.
type frames struct {
	net.Conn
	in   *bufio.Reader
	gone <-chan struct{} // closed when the test is over
	bad  *atomic.Bool    // the service misbehaves at present; nil: it is not asked
}

// send writes a frame. Errors are not looked at: reading ends when the other side is gone.
func (f *frames) send(kind, flags byte, stream uint32, payload ...byte) {
	n := len(payload)
	head := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[5:], stream)
	if f.Write(head); n > 0 {
		f.Write(payload)
	}
}

// settings sends the first frame with one setting, or none.
func (f *frames) settings(id uint16, value uint32) {
	if id == 0 {
		f.send(frameSettings, 0, 0)
		return
	}
	payload := binary.BigEndian.AppendUint16(nil, id)
	f.send(frameSettings, 0, 0, binary.BigEndian.AppendUint32(payload, value)...)
}

// answer sends status 200 with a body of 2 bytes: 0x88 is `:status: 200` in HPACK's table.
func (f *frames) answer(stream uint32) {
	f.send(frameHeaders, endHeaders, stream, 0x88)
	f.send(frameData, endStream, stream, 'h', 'i')
}

func (f *frames) reset(stream, code uint32) {
	f.send(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code)...)
}

func (f *frames) goAway(last, code uint32) {
	f.send(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)...)
}

// each calls do with the stream of every request until it returns false or the other side is gone.
func (f *frames) each(do func(stream uint32) bool) {
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(f.in, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(f.in, payload); err != nil {
			return
		}
		switch {
		case head[3] == frameSettings && head[4]&ack == 0:
			f.send(frameSettings, ack, 0)
		case head[3] == framePing && head[4]&ack == 0:
			f.send(framePing, ack, 0, payload...)
		case head[3] == frameHeaders && !do(binary.BigEndian.Uint32(head[5:])):
			return
		}
	}
}

// frameSite is a server that has read the client's preface and leaves all else to talk.
func frameSite(t testing.TB, talk func(f *frames)) string {
	t.Helper()
	return dialogue(t, func(c net.Conn, in *bufio.Reader) {
		f := &frames{Conn: c, in: in, gone: t.Context().Done()}
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(in, preface); err == nil && strings.HasPrefix(string(preface), "PRI * HTTP/2.0") {
			talk(f)
		}
	})
}
