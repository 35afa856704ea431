package attack

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// BenchmarkProtocols is the cost of a plain GET in a closed loop of 32 users, over HTTP/1.1 and over HTTP/2 without
// TLS, with the cost of a server in the same process that does next to nothing. With -cpu 1 its time is CPU time.
func BenchmarkProtocols(b *testing.B) {
	http1 := dialogue(b, func(c net.Conn, in *bufio.Reader) {
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
			}
		}
	})
	http2 := frameSite(b, func(f *frames) {
		f.settings(0, 0)
		f.each(func(stream uint32) bool {
			f.answer(stream)
			return true
		})
	})
	for _, run := range []struct {
		name    string
		options Options
	}{
		{"HTTP1", Options{Script: plan(scenarios.Phase{Users: 32}, get(http1))}},
		{"H2C", Options{Script: plan(scenarios.Phase{Users: 32}, get(http2)), Protocol: H2C}},
		{"H2C/4conns", Options{Script: plan(scenarios.Phase{Users: 32}, get(http2)), Protocol: H2C, Connections: 4}},
		{"H2C/1conn", Options{Script: plan(scenarios.Phase{Users: 32}, get(http2)), Protocol: H2C, Connections: 1}},
	} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			o := run.options
			o.Script.Phases[0].Requests = int64(b.N)
			o.Sink = silence{}
			if _, err := Run(b.Context(), o); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// silence is a sink that keeps nothing.
type silence struct{ Deaf }

func (silence) Begin(time.Time) {}
func (silence) Shard() Shard    { return silence{} }
