package attack

import (
	"context"
	"strconv"

	psnet "github.com/shirou/gopsutil/v4/net"
	"golang.org/x/sys/unix"
)

// mayShare reports whether the process that listens on a port of this machine may run on a core this one may.
func mayShare(ctx context.Context, port string) bool {
	number, _ := strconv.Atoi(port)
	conns, err := psnet.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return true
	}
	for _, c := range conns {
		if c.Status != "LISTEN" || int(c.Laddr.Port) != number || c.Pid == 0 {
			continue
		}
		var own, theirs unix.CPUSet
		if unix.SchedGetaffinity(0, &own) == nil && unix.SchedGetaffinity(int(c.Pid), &theirs) == nil {
			return overlap(own, theirs)
		}
	}
	return true
}

func overlap(a, b unix.CPUSet) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
