package attack

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// readLimits asks the kernel. Go has raised the soft limit of open files to the hard one when the program started, so
// what is read is what there is.
func readLimits() limits {
	var l limits
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		l.files = int(min(files.Cur, 1<<31-1))
	}
	if names, err := os.ReadDir("/proc/self/fd"); err == nil {
		l.open = len(names)
	}
	const ipv4 = "/proc/sys/net/ipv4/"
	var low, high int // of IPv6, too
	if _, err := fmt.Sscan(setting(ipv4+"ip_local_port_range"), &low, &high); err == nil && high >= low {
		l.ports = high - low + 1
	}
	reuse := setting(ipv4 + "tcp_tw_reuse")
	l.reuse, l.loopback = reuse == "1", reuse == "2"
	return l
}

func setting(path string) string {
	text, _ := os.ReadFile(path) // unknown where it cannot be read
	return strings.TrimSpace(string(text))
}
