//go:build unix

package attack

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// closedByPeer reports whether an idle connection has already been closed by the other side, or holds bytes nobody
// asked for. It looks without waiting; a connection it cannot look into counts as open.
func closedByPeer(c net.Conn) bool {
	secure, isTLS := c.(interface{ NetConn() net.Conn })
	if isTLS {
		c = secure.NetConn()
	}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case err != nil:
			gone = err != unix.EAGAIN && err != unix.EINTR
		case n == 0:
			gone = true
		default:
			gone = !isTLS // under TLS these may be session tickets
		}
		return true
	})
	return gone || err != nil
}
