package attack

import "testing"

// What a service says of its streams is told once, when whoever reads has taken it in, however it comes.
func TestSettingsAreSeen(t *testing.T) {
	frame := func(payload string) string {
		return "\x00\x00" + string(rune(len(payload))) + "\x04\x00\x00\x00\x00\x00" + payload
	}
	const window, streams, none = "\x00\x04\x00\x01\x00\x00", "\x00\x03\x00\x00\x00\x07", "\x00\x03\x00\x00\x00\x00"
	tests := []struct {
		name, wire string
		limit      int
		other      bool
	}{
		{"no settings", frame(""), defaultStreams, false},
		{"others", frame(window), defaultStreams, false},
		{"a limit", frame(streams), 7, false},
		{"a limit among others", frame(window + streams + window), 7, false},
		{"the last one counts", frame(streams + none), 0, false},
		{"more frames behind", frame(streams) + frame(none), 7, false},
		{"broken off", frame(streams)[:12], defaultStreams, false},
		{"nothing", "", defaultStreams, false},
		{"HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", defaultStreams, true},
		{"a frame as long as they come", "\xff\xff\xff\x04\x00\x00\x00\x00\x00" + string(make([]byte, 20_000)), defaultStreams, false},
	}
	for _, test := range tests {
		for _, piece := range []int{1, 7, 1 << 20} {
			var told []int
			w := &streamWire{Conn: &wire{rest: test.wire, piece: piece}, ended: make(chan struct{})}
			w.onSettings = func(limit int) { told = append(told, limit) }
			for buf := make([]byte, readBuffer); ; {
				if _, err := w.Read(buf); err != nil {
					break
				}
			}
			if len(told) != 1 || told[0] != test.limit || w.otherProtocol.Load() != test.other || int(w.received.Load()) != len(test.wire) {
				t.Errorf("%s in pieces of %d: told %v, other protocol %v, %d bytes; want %d, %v, %d",
					test.name, piece, told, w.otherProtocol.Load(), w.received.Load(), test.limit, test.other, len(test.wire))
			}
			<-w.ended
		}
	}
}
