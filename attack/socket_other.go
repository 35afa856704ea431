//go:build !linux

package attack

import (
	"net"
	"time"
)

// socket is for Linux only: elsewhere connections are written to and read from by net.Conn.
type socket struct{}

func newSocket(net.Conn) *socket { return nil }

func (*socket) exchange(_, _ []byte, _ bool) (sent int, written time.Time, got int, err error) {
	return
}
