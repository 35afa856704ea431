package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// processCPU returns the CPU time this process has used.
func processCPU() time.Duration { return readClock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadCPU returns the CPU time that the calling thread has used.
func threadCPU() time.Duration { return readClock(unix.CLOCK_THREAD_CPUTIME_ID) }

func readClock(clock int32) time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(clock, &at); err != nil {
		return 0 // as if nothing had been used: a handicap burns nothing then
	}
	return time.Duration(at.Nano())
}
