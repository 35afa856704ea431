//go:build unix && !linux

package attack

import (
	"os"

	"golang.org/x/sys/unix"
)

// readLimits asks the kernel for what all kinds of Unix know.
func readLimits() limits {
	var l limits
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		l.files = int(min(uint64(files.Cur), 1<<31-1))
	}
	if names, err := os.ReadDir("/dev/fd"); err == nil {
		l.open = len(names)
	}
	return l
}
