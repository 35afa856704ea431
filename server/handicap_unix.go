//go:build unix

package server

import (
	"syscall"
	"time"
)

// processCPU returns the CPU time this process has used.
func processCPU() time.Duration {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return 0
	}
	return time.Duration(self.Utime.Nano() + self.Stime.Nano())
}
