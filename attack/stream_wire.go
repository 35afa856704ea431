package attack

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	frameHead      = 9    // bytes before a frame's payload (RFC 9113, section 4.1)
	maxStreams     = 3    // the setting SETTINGS_MAX_CONCURRENT_STREAMS (section 6.5.2)
	defaultStreams = 1000 // streams at once on a connection whose service names no limit: net/http has none above
	hungUp         = 250 * time.Millisecond
)

// streamWire is the network connection below an HTTP/2 connection. It looks at the first frame that comes, the
// service's settings, since net/http does not tell when it has them, and counts what comes.
type streamWire struct {
	net.Conn
	onSettings    func(limit int) // called once: when net/http knows the settings, or there will be none
	telling       sync.Once
	first         []byte       // what has come of the first frame; nil when it has been looked at
	whole         bool         // all of it has
	served        atomic.Bool  // net/http has taken it, and reads
	received      atomic.Int64 // bytes
	otherProtocol atomic.Bool  // what came is no HTTP/2
	refused       atomic.Bool  // what came last is a TLS alert
	stuck         atomic.Bool  // the service has read nothing for a whole timeout
	closed        atomic.Bool
	ending        sync.Once
	ended         chan struct{} // closed when net/http reads no more
}

// Read is called by one goroutine, net/http's reader, which comes back only when it has taken in all it was given.
func (w *streamWire) Read(p []byte) (int, error) {
	if w.whole && w.first != nil {
		w.tell(streamLimit(w.first))
		w.first = nil
	}
	n, err := w.Conn.Read(p)
	w.received.Add(int64(n))
	if !w.whole {
		w.look(p[:n])
	}
	if err != nil {
		w.refused.Store(alerted(err))
		w.tell(defaultStreams)
		w.end()
	}
	return n, err
}

// Write waits, after an error, for what the service said before it closed the connection: until net/http's reader has
// it or, before there is one, by reading it here.
func (w *streamWire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.stuck.Store(true)
	case closed(err) && w.served.Load():
		timer := time.NewTimer(hungUp)
		defer timer.Stop()
		select {
		case <-w.ended:
		case <-timer.C:
		}
	case closed(err) && w.SetReadDeadline(time.Now().Add(hungUp)) == nil:
		_, _ = w.Read(make([]byte, readBuffer)) // which keeps what matters
	}
	return n, err
}

func (w *streamWire) tell(limit int) { w.telling.Do(func() { w.onSettings(limit) }) }
func (w *streamWire) end()           { w.ending.Do(func() { close(w.ended) }) }

// look gathers the first frame.
func (w *streamWire) look(data []byte) {
	w.first = append(w.first, data...)
	if len(w.first) < frameHead {
		return
	}
	if bytes.HasPrefix(w.first, []byte("HTTP/1.")) {
		w.otherProtocol.Store(true)
	}
	length := frameHead + (int(w.first[0])<<16 | int(w.first[1])<<8 | int(w.first[2]))
	if len(w.first) >= length || length > readBuffer {
		w.whole = true
		w.first = append([]byte(nil), w.first[:min(length, len(w.first))]...)
	}
}

// streamLimit reads the number of streams a settings frame allows.
func streamLimit(frame []byte) int {
	limit := uint32(defaultStreams)
	for len(frame) > frameHead+5 {
		setting := frame[frameHead : frameHead+6]
		if binary.BigEndian.Uint16(setting) == maxStreams {
			limit = binary.BigEndian.Uint32(setting[2:])
		}
		frame = frame[6:]
	}
	return int(min(limit, 1<<30))
}

// Close closes the connection. Over TLS it takes leave first, and waits no longer than hungUp for somebody to listen.
// Net/http's reader closes it as well when it ends, so that after a second Close nobody reads.
func (w *streamWire) Close() error {
	if w.closed.Swap(true) {
		w.end()
	}
	w.tell(defaultStreams)
	if secure, ok := w.Conn.(*tls.Conn); ok {
		defer time.AfterFunc(hungUp, func() { secure.NetConn().Close() }).Stop()
	}
	return w.Conn.Close()
}
