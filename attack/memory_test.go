package attack_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network is a network in memory, and the listener at its other end. It takes no time, so that in a bubble of
// testing/synctest every duration that is measured is one that a test made.
type network struct {
	onDial  func(ctx context.Context, n int) error               // of the n-th connection, from 0; nil: nothing goes wrong
	secure  func(*tls.ClientHelloInfo) (*tls.Certificate, error) // not nil: connections are encrypted
	tapped  bool                                                 // taps keep what the attacks send
	streams int                                                  // on an HTTP/2 connection at once, at most; 0: net/http's default

	mu      sync.Mutex
	dialed  int
	taps    []*tap // one a connection; read when all is over
	waiting chan net.Conn
	closed  chan struct{}
	closing sync.Once
	onClose func()
	serving sync.WaitGroup
}

func newNetwork() *network {
	return &network{waiting: make(chan net.Conn, 1<<16), closed: make(chan struct{})}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	number := n.dialed
	n.dialed++
	n.mu.Unlock()
	if n.onDial != nil {
		if err := n.onDial(ctx, number); err != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	client, server := pipe(number)
	if n.tapped {
		client.tap = &tap{}
		n.mu.Lock()
		n.taps = append(n.taps, client.tap)
		n.mu.Unlock()
	}
	n.waiting <- server
	return client, nil
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.waiting:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close is called by the server that serves, too.
func (n *network) Close() error {
	n.closing.Do(func() { close(n.closed) })
	return nil
}

// stop ends all service and waits for it.
func (n *network) stop() {
	_ = n.Close()
	if n.onClose != nil {
		n.onClose()
	}
	n.serving.Wait()
	time.Sleep(time.Hour) // in which what handlers have begun comes to its end
}

func (n *network) Addr() net.Addr { return address(0) }

func address(n int) net.Addr {
	return &net.TCPAddr{IP: net.IPv4(10, 0, byte(n>>16), byte(n>>8)), Port: 1 + n&0xff}
}

// wire is one end of a connection. What is written is there at once; there is room for any amount.
type wire struct {
	in, out       *stream
	tap           *tap // gets what is written; nil: nobody does
	local, remote net.Addr
	mu            sync.Mutex
	writeBefore   time.Time
}

func pipe(n int) (client, server *wire) {
	there, back := newStream(), newStream()
	return &wire{in: back, out: there, local: address(n + 1), remote: address(0)},
		&wire{in: there, out: back, local: address(0), remote: address(n + 1)}
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.read(p)
	if err != nil && err != io.EOF {
		err = &net.OpError{Op: "read", Net: "tcp", Err: err}
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	before := w.writeBefore
	w.mu.Unlock()
	err := os.ErrDeadlineExceeded
	if before.IsZero() || time.Now().Before(before) {
		err = w.out.write(p)
	}
	if w.tap != nil {
		w.tap.Write(p)
	}
	if err != nil {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: err}
	}
	return len(p), nil
}

// Close ends both directions: the other side reads what is there, and then the end.
func (w *wire) Close() error {
	w.out.end(io.EOF)
	w.in.end(net.ErrClosed)
	return nil
}

// reset ends both directions at once, as a TCP reset does: what is on its way is lost.
func (w *wire) reset() {
	w.out.lose()
	w.out.end(syscall.ECONNRESET)
	w.in.end(net.ErrClosed)
}

func (w *wire) LocalAddr() net.Addr  { return w.local }
func (w *wire) RemoteAddr() net.Addr { return w.remote }

func (w *wire) SetDeadline(t time.Time) error {
	_ = w.SetWriteDeadline(t)
	return w.SetReadDeadline(t)
}

func (w *wire) SetReadDeadline(t time.Time) error {
	w.in.until(t)
	return nil
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeBefore = t
	return nil
}

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	change *sync.Cond
	data   []byte
	err    error // what is read behind the data; nil: more may come
	before time.Time
	timer  *time.Timer
}

func newStream() *stream {
	s := &stream{}
	s.change = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case !s.before.IsZero() && !time.Now().Before(s.before):
			return 0, os.ErrDeadlineExceeded
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.data = s.data[n:]
			return n, nil
		case s.err != nil:
			return 0, s.err
		}
		s.change.Wait()
	}
}

func (s *stream) write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return os.NewSyscallError("write", syscall.EPIPE)
	}
	s.data = append(s.data, p...)
	s.change.Broadcast()
	return nil
}

func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.change.Broadcast()
}

func (s *stream) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = nil
}

func (s *stream) until(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = t
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	// No timer for what is over already: net/http asks for that after each answer, and in a bubble under the race detector
	// such a timer can crash the runtime (golang/go#78156).
	if left := time.Until(t); !t.IsZero() && left > 0 && s.err == nil {
		s.timer = time.AfterFunc(left, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.change.Broadcast()
		})
	}
	s.change.Broadcast()
}
