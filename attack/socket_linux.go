package attack

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// socket writes a request to a plain socket and waits for the first bytes of its answer, with two system calls and
// without telling the runtime's scheduler of them: the socket does not block, so neither do they. net.Conn takes five
// steps for it: a write, a look for an answer that cannot be there yet, the wait, the read, and the scheduler's
// bookkeeping around each call.
//
// The wait is the runtime's own (syscall.RawConn.Read), with its deadlines. It is readied before the request is
// written, so an answer cannot come unnoticed in between. What came before that wakes nobody: on a new connection, where
// a service may have spoken or closed already, the first look does not wait.
type socket struct {
	raw  syscall.RawConn
	step func(fd uintptr) bool // socket.next, bound once

	out, in []byte
	wrote   bool
	looks   bool      // before the first wait
	sent    int       // bytes written
	written time.Time // when that was done
	got     int       // bytes read
	errno   syscall.Errno
}

// newSocket returns nil for what is no plain socket.
func newSocket(nc net.Conn) *socket {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.step = s.next
	return s
}

// exchange writes out and reads the beginning of the answer into in. It returns how many bytes were written, when, and
// how many were read. If fewer were written than there are and there is no error, nothing was read: the socket is full,
// and the caller writes the rest. first says that nothing has been read from the socket yet.
func (s *socket) exchange(out, in []byte, first bool) (sent int, written time.Time, got int, err error) {
	s.looks = first
	s.out, s.in, s.wrote, s.sent, s.written, s.got, s.errno = out, in, false, 0, time.Time{}, 0, 0
	err = s.raw.Read(s.step)
	s.out, s.in = nil, nil
	switch {
	case err != nil:
	case s.errno != 0 && s.sent < len(out):
		err = os.NewSyscallError("write", s.errno)
	case s.errno != 0:
		err = os.NewSyscallError("read", s.errno)
	case s.got == 0 && s.sent == len(out):
		err = io.EOF
	}
	return s.sent, s.written, s.got, err
}

// next is called once before the wait and once after each time it ends, and returns whether there is nothing more to
// wait for.
func (s *socket) next(fd uintptr) bool {
	if !s.wrote {
		s.wrote = true
		s.sent, s.errno = transfer(syscall.SYS_WRITE, fd, s.out)
		s.written = time.Now()
		if s.errno != 0 || s.sent < len(s.out) {
			return true
		}
		if !s.looks {
			return false
		}
	}
	s.got, s.errno = transfer(syscall.SYS_READ, fd, s.in)
	if s.errno == syscall.EAGAIN {
		s.errno = 0
		return false
	}
	return true
}

// transfer reads or writes without blocking. A socket that is full when written to has taken 0 bytes, without an error.
func transfer(call, fd uintptr, data []byte) (int, syscall.Errno) {
	for {
		if underRace {
			return watched(call, fd, data)
		}
		n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)))
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN && call == syscall.SYS_WRITE:
			return 0, 0
		case errno != 0:
			return 0, errno
		}
		return int(n), 0
	}
}

// watched does the same in sight of the race detector.
func watched(call, fd uintptr, data []byte) (n int, errno syscall.Errno) {
	var err error
	for again := true; again; again = err == syscall.EINTR {
		if call == syscall.SYS_WRITE {
			n, err = syscall.Write(int(fd), data)
		} else {
			n, err = syscall.Read(int(fd), data)
		}
	}
	if errno, _ = err.(syscall.Errno); errno == 0 {
		return n, 0
	}
	if errno == syscall.EAGAIN && call == syscall.SYS_WRITE {
		errno = 0
	}
	return 0, errno
}
