package attack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	frameContinuation = 0x9
	frameWindow       = 0x8
	framePush         = 0x5
)

// field is a header as HPACK writes one that is in no table, without Huffman coding (RFC 7541, section 6.2.2).
func field(name, value string) []byte {
	long := func(dst []byte, n int) []byte { // an integer with a prefix of seven bits, section 5.1
		if n < 127 {
			return append(dst, byte(n))
		}
		dst, n = append(dst, 127), n-127
		for ; n >= 128; n /= 128 {
			dst = append(dst, byte(n%128)|0x80)
		}
		return append(dst, byte(n))
	}
	text := append(long([]byte{0}, len(name)), name...)
	return append(long(text, len(value)), value...)
}

// head sends a response head, its fields one behind the other, in as many frames as it takes.
func (f *frames) head(stream uint32, flags byte, text []byte) {
	for kind := byte(frameHeaders); ; kind, flags = frameContinuation, 0 {
		n := min(len(text), 16<<10)
		end := byte(0)
		if n == len(text) {
			end = endHeaders
		}
		f.send(kind, flags|end, stream, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			return
		}
	}
}

// flood sends the same frame until the client is gone, or the fault is over.
func (f *frames) flood(kind, flags byte, stream uint32, payload ...byte) {
	n := len(payload)
	frame := binary.BigEndian.AppendUint32([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}, stream)
	much := bytes.Repeat(append(frame, payload...), 1+(16<<10)/(n+frameHead))
	for f.bad.Load() {
		if _, err := f.Write(much); err != nil {
			return
		}
	}
}

// a200 is `:status: 200`.
func a200() []byte { return []byte{0x88} }

func hostileStreams() []hostile {
	const broken = "an error, and a new connection"
	many := append(a200(), bytes.Repeat(field("x-a", "b"), 20_000)...)
	some := append(a200(), bytes.Repeat(field("x-a", strings.Repeat("y", 5000)), 51)...)
	some = append(some, field("x-b", strings.Repeat("y", 6000))...)
	long := append(a200(), field("x", strings.Repeat("y", 10_000_000))...)
	length := func(n string) []byte { return append(a200(), field("content-length", n)...) }
	of := func(fault, want string, do func(f *frames, stream uint32)) hostile {
		return hostile{fault: fault, does: broken, want: want, frames: do}
	}
	cases := []hostile{
		of("a head a little longer than 256 KiB", "HPE_HEADER_OVERFLOW", func(f *frames, stream uint32) { f.head(stream, endStream, some) }),
		of("20,000 headers", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, many) }),
		of("a value of 10 MB", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, long) }),
		of("a head without end, in CONTINUATION frames", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) {
			f.send(frameHeaders, 0, stream, a200()...)
			f.flood(frameContinuation, 0, stream, field("x-a", "b")...)
		}),
		of("empty CONTINUATION frames without end", "ETIMEDOUT", func(f *frames, stream uint32) {
			f.send(frameHeaders, 0, stream, a200()...)
			f.flood(frameContinuation, 0, stream)
			f.send(frameContinuation, endHeaders, stream)
		}),
		of("a head that is no HPACK", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) {
			f.send(frameHeaders, endHeaders, stream, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
		}),
		of("no status", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, field("a", "b")) }),
		of("a status of letters", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, field(":status", "abc")) }),
		of("a status of 1000", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, field(":status", "1000")) }),
		of("a header in capitals", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, append(a200(), field("X-A", "b")...)) }),
		of("a control character in a value", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.head(stream, endStream, append(a200(), field("x-a", "b\x00")...)) }),
		of("1xx answers without end", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) {
			f.flood(frameHeaders, endHeaders, stream, field(":status", "103")...)
		}),
		of("101", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) {
			f.head(stream, 0, field(":status", "101"))
			f.send(frameData, endStream, stream, 'x')
		}),
		of("less body than Content-Length", "ECONNRESET", func(f *frames, stream uint32) {
			f.head(stream, 0, length("9"))
			f.send(frameData, endStream, stream, 'h')
		}),
		of("more body than Content-Length", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) {
			f.head(stream, 0, length("1"))
			f.send(frameData, endStream, stream, 'h', 'i')
		}),
		of("several Content-Lengths that differ", "200", func(f *frames, stream uint32) {
			f.head(stream, 0, append(length("1"), field("content-length", "2")...))
			f.send(frameData, endStream, stream, 'h', 'i')
		}),
		of("a body beyond its window", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) {
			f.head(stream, 0, a200())
			f.flood(frameData, 0, stream, make([]byte, 16<<10)...)
		}),
		of("empty DATA frames without end", "ETIMEDOUT", func(f *frames, stream uint32) { f.head(stream, 0, a200()); f.flood(frameData, 0, stream) }),
		of("a body a byte at a time, for ever", "ETIMEDOUT", func(f *frames, stream uint32) {
			f.head(stream, 0, a200())
			for _, err := f.Write(nil); err == nil && f.bad.Load(); time.Sleep(5 * time.Millisecond) {
				_, err = f.Write([]byte{0, 0, 1, frameData, 0, byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream), 'x'})
			}
		}),
		of("half a body, and silence", "ETIMEDOUT", func(f *frames, stream uint32) { f.head(stream, 0, a200()); f.send(frameData, 0, stream, 'h') }),
		of("no answer", "ETIMEDOUT", func(*frames, uint32) {}),
		of("half a frame, and closed", "ECONNRESET", func(f *frames, stream uint32) { f.Write([]byte{0, 0, 9, frameHeaders}); f.Close() }),
		of("DATA before the head", "NGHTTP2_PROTOCOL_ERROR", func(f *frames, stream uint32) { f.send(frameData, endStream, stream, 'x') }),
		of("DATA of no stream", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.send(frameData, 0, 0, 'x') }),
		of("an answer nobody asked for", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) {
			f.head(stream+100, 0, a200())
			f.send(frameData, endStream, stream+100, 'x')
		}),
		of("a pushed request", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.send(framePush, endHeaders, stream, 0, 0, 0, 2, 0x82) }),
		of("a frame of 16 MB", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.Write([]byte{0xff, 0xff, 0xff, frameData, 0, 0, 0, 0, 1}) }),
		of("a window beyond 31 bits", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.flood(frameWindow, 0, 0, 0x7f, 0xff, 0xff, 0xff) }),
		of("PING frames without end", "ETIMEDOUT", func(f *frames, _ uint32) { f.flood(framePing, 0, 0, make([]byte, 8)...) }),
		of("SETTINGS frames without end", "ETIMEDOUT", func(f *frames, _ uint32) { f.flood(frameSettings, 0, 0) }),
		of("frames of unknown types without end", "ETIMEDOUT", func(f *frames, _ uint32) { f.flood(0xee, 0, 0, make([]byte, 100)...) }),
		of("reset with a code nobody has defined", "NGHTTP2_UNKNOWN_ERROR", func(f *frames, stream uint32) { f.reset(stream, 999) }),
		of("GOAWAY, over the request, and closed", "ECONNRESET", func(f *frames, stream uint32) { f.goAway(stream, 0); f.Close() }),
		of("GOAWAY that wants calm, and closed", "ERR_HTTP2_SESSION_ERROR", func(f *frames, stream uint32) { f.goAway(stream, 11); f.Close() }),
		of("HTTP/1.1 instead", "ERR_HTTP2_NOT_NEGOTIATED", nil),
	}
	for i := range cases {
		cases[i].waits = cases[i].want == "ETIMEDOUT"
		if cases[i].waits {
			cases[i].does = "goes on until the timeout"
		}
		if cases[i].want == "200" {
			cases[i].does = "goes by the frames"
		}
		cases[i].most = 6 << 10
	}
	return cases
}

// streamSiteOf serves a case over HTTP/2: as it says while bad is set, and politely otherwise.
func (h hostile) streamSite(t *testing.T, bad *atomic.Bool) string {
	return dialogue(t, func(c net.Conn, in *bufio.Reader) {
		if h.frames == nil && bad.Load() {
			in.ReadByte()
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
			return
		}
		f := &frames{Conn: c, in: in, gone: t.Context().Done(), bad: bad}
		if _, err := io.CopyN(io.Discard, in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
			return
		}
		f.settings(0, 0)
		f.each(func(stream uint32) bool {
			if bad.Load() && h.frames != nil {
				h.frames(f, stream)
			} else {
				f.answer(stream)
				if h.frames == nil {
					f.goAway(stream, 0)
				}
			}
			return true
		})
	})
}

// Over HTTP/2, too, every fault has the outcome the catalogue names, within its bound, and the same user goes on.
func TestHostileServersOverHTTP2(t *testing.T) {
	log.SetOutput(io.Discard) // net/http says there what it thinks of such frames
	defer log.SetOutput(os.Stderr)
	for _, h := range hostileStreams() {
		t.Run(h.fault, func(t *testing.T) {
			var bad atomic.Bool
			url := h.streamSite(t, &bad)
			u, n := hostileUser(t, Options{Remote: true, Protocol: H2C}, get(url+"/bad"), get(url+"/good"))
			for range 2 {
				bad.Store(true)
				h.measure(t, u, n)
				bad.Store(false)
				n.results, u.run.opts.Timeout = nil, ampleLimit
				if err := u.send(1); err != nil || len(n.results) != 1 || outcomeOf(n.results[0]) != "200" {
					t.Fatalf("then: error %v, results %v; want 200", err, n.codes())
				}
			}
		})
	}
}
