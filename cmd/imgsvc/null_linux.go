package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// nullWorker answers the connections of one epoll, on one thread: two system calls a request, and one for all the
// requests that have come at once. net/http takes more for an answer than the generator for a request, and so does
// a goroutine a connection; a null handler must not be the limit.
type nullWorker struct {
	epoll  int
	answer nullAnswer
	buf    []byte
	begun  map[int32]*nullRequest // connections whose request has not come whole
	fresh  nullRequest            // that of any other
}

// serveNull answers on 127.0.0.1, a worker a core, until ctx ends.
func serveNull(ctx context.Context, answer nullAnswer, listening func(url string) error) (err error) {
	listener, port, err := listenRaw()
	if err != nil {
		return fmt.Errorf("listen for the null handler: %w", err)
	}
	defer unix.Close(listener)
	stop, err := unix.Eventfd(0, unix.EFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("make an event for the null handler: %w", err)
	}
	defer unix.Close(stop)
	workers := make([]*nullWorker, runtime.GOMAXPROCS(0))
	before := runtime.GOMAXPROCS(len(workers) + 1) // the workers keep theirs
	defer runtime.GOMAXPROCS(before)
	for i := range workers {
		if workers[i], err = newNullWorker(answer, stop); err != nil {
			return err
		}
		defer unix.Close(workers[i].epoll)
	}
	if err := watchFile(workers[0].epoll, listener); err != nil {
		return err
	}
	if err := listening("http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err != nil {
		return err
	}
	ring := func() { _, _ = unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) } // fails only if it has rung for ever
	unwatch := context.AfterFunc(ctx, ring)
	defer unwatch()
	var group errgroup.Group
	for _, w := range workers {
		group.Go(func() error {
			defer ring() // one that fails takes the others along
			return w.run(stop, listener, workers)
		})
	}
	return group.Wait()
}

func listenRaw() (fd, port int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, os.NewSyscallError("socket", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		return 0, 0, errors.Join(err, unix.Close(fd))
	}
	addr, err := unix.Getsockname(fd)
	if err != nil {
		return 0, 0, errors.Join(err, unix.Close(fd))
	}
	return fd, addr.(*unix.SockaddrInet4).Port, nil
}

func newNullWorker(answer nullAnswer, stop int) (*nullWorker, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	w := &nullWorker{epoll: epoll, answer: answer, buf: make([]byte, 64<<10), begun: map[int32]*nullRequest{}}
	return w, watchFile(epoll, stop)
}

func watchFile(epoll, fd int) error {
	err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	return os.NewSyscallError("epoll_ctl", err)
}

// run answers until stop rings. The worker the listener belongs to deals connections out in turn; those that are
// open at the end are closed with the process.
func (w *nullWorker) run(stop, listener int, workers []*nullWorker) error {
	events := make([]unix.EpollEvent, 256)
	for next := 0; ; {
		n, errno := rawCall(unix.SYS_EPOLL_PWAIT, w.epoll, unsafe.Pointer(&events[0]), len(events), longestWait)
		if errno != 0 && errno != unix.EINTR {
			return os.NewSyscallError("epoll_pwait", errno)
		}
		for _, event := range events[:n] {
			switch fd := int(event.Fd); fd {
			case stop:
				return nil
			case listener:
				if err := accept(listener, workers[next%len(workers)].epoll); err != nil {
					return err
				}
				next++
			default:
				w.serve(event.Fd)
			}
		}
	}
}

// accept takes one connection for an epoll to watch.
func accept(listener, epoll int) error {
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return os.NewSyscallError("accept4", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return errors.Join(os.NewSyscallError("setsockopt", err), unix.Close(fd))
	}
	return watchFile(epoll, fd)
}

// longestWait is the most milliseconds a worker waits for events: so long, too, a collection of garbage may have to
// wait for it.
const longestWait = 10

// rawCall makes a system call that Go's scheduler does not get to know of. It is for calls that return at once or soon:
// to tell the scheduler took a quarter of the worker's time.
func rawCall(number uintptr, fd int, data unsafe.Pointer, size, more int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(number, uintptr(fd), uintptr(data), uintptr(size), uintptr(more), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// serve reads once, and answers if that was the end of a request.
func (w *nullWorker) serve(fd int32) {
	n, errno := rawCall(unix.SYS_READ, int(fd), unsafe.Pointer(&w.buf[0]), len(w.buf), 0)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return
	}
	request, begun := w.begun[fd]
	if !begun {
		w.fresh = nullRequest{}
		request = &w.fresh
	}
	complete, err := request.take(w.buf[:n])
	switch {
	case err != nil || n == 0:
		delete(w.begun, fd)
		unix.Close(int(fd))
	case complete:
		delete(w.begun, fd)
		w.write(int(fd), w.answer.to(request))
	case !begun:
		kept := w.fresh
		w.begun[fd] = &kept
	}
}

// write writes the whole answer, waiting where it does not fit into the socket: the generator reads all of it before
// it asks again. A connection that breaks meanwhile is closed when it is read next.
func (w *nullWorker) write(fd int, text []byte) {
	for len(text) > 0 {
		n, errno := rawCall(unix.SYS_WRITE, fd, unsafe.Pointer(&text[0]), len(text), 0)
		switch errno {
		case 0:
			text = text[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 1000)
		default:
			return
		}
	}
}
