package attack

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// exactSleeper waits to the microsecond. The runtime's own timers are late by up to a millisecond on an idle Linux
// process, because the poller it waits in counts whole milliseconds: as late as the lag that is called too much.
// A timer that is a file descriptor wakes the poller when it fires. Used by one goroutine at a time.
type exactSleeper struct {
	fd      int
	file    *os.File
	ctx     context.Context // asked only whether it has ended
	unwatch func() bool
}

// newExactSleeper returns a sleeper whose sleep ends with ctx. Close must free it.
func newExactSleeper(ctx context.Context) (sleeper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "timerfd")
	unwatch := context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Unix(1, 0)) })
	return &exactSleeper{fd: fd, file: file, ctx: ctx, unwatch: unwatch}, nil
}

// Sleep waits for d, or until the context ends, and reports whether d has passed.
func (s *exactSleeper) Sleep(d time.Duration) bool {
	if d <= 0 || s.ctx.Err() != nil {
		return s.ctx.Err() == nil
	}
	timer := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if err := unix.TimerfdSettime(s.fd, 0, &timer, nil); err != nil {
		return false
	}
	var expirations [8]byte
	for {
		_, err := s.file.Read(expirations[:])
		if err == nil {
			return true
		}
		if !errors.Is(err, unix.EINTR) {
			return false
		}
	}
}

// Close frees the timer.
func (s *exactSleeper) Close() error {
	s.unwatch()
	return s.file.Close()
}
