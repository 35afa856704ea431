package attack

import (
	"bufio"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mayShare reports whether the process that listens on a port of this machine may run on a core this one may. Where
// several processes hold the listening socket, the youngest counts: workers are younger than who started them.
func mayShare(ctx context.Context, port string) bool {
	pid := listenerOf(ctx, port)
	if pid == 0 {
		return true
	}
	var own, theirs unix.CPUSet
	if unix.SchedGetaffinity(0, &own) == nil && unix.SchedGetaffinity(pid, &theirs) == nil {
		return overlap(own, theirs)
	}
	return true
}

// listenerOf returns the process that listens on a TCP port, or 0 if it cannot be found: it is gone, it is another
// user's, or it is not in this network namespace. The kernel's tables of sockets say which inode listens; only then,
// and only up to the first match, are the files of processes looked at, the youngest first: to look at all of them
// takes thousands of system calls, which would compete with the service before the run begins.
func listenerOf(ctx context.Context, port string) int {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	sockets := append(listening("/proc/net/tcp", number), listening("/proc/net/tcp6", number)...)
	if len(sockets) == 0 {
		return 0
	}
	for _, pid := range youngestFirst() {
		if ctx.Err() != nil {
			return 0
		}
		if holdsAny(pid, sockets) {
			return pid
		}
	}
	return 0
}

// listening returns what the file descriptors of sockets that listen on the port link to, by the kernel's table of
// TCP sockets (man 5 proc: local_address, rem_address, st in columns 2 to 4, inode in column 10). Those that listen
// come first in it; the rest, which takes the kernel a millisecond to list, is not read.
func listening(table string, port uint64) (sockets []string) {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	const listen = "0A"
	lines := bufio.NewScanner(f)
	lines.Scan() // the columns' names
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) < 10 || columns[3] != listen {
			break
		}
		_, hex, _ := strings.Cut(columns[1], ":")
		if local, err := strconv.ParseUint(hex, 16, 16); err == nil && local == port {
			sockets = append(sockets, "socket:["+columns[9]+"]")
		}
	}
	return sockets
}

// youngestFirst lists the processes, those with the highest numbers first.
func youngestFirst() []int {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // what was listed before an error is as good as it gets
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	slices.Reverse(pids)
	return pids
}

// holdsAny reports whether a process has one of the sockets open. Other users' processes cannot be looked into.
func holdsAny(pid int, sockets []string) bool {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd/"
	dir, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	buf := make([]byte, 64) // a longer link is not a socket's
	for _, name := range names {
		n, err := unix.Readlink(folder+name, buf)
		if err == nil && slices.Contains(sockets, string(buf[:n])) {
			return true
		}
	}
	return false
}

func overlap(a, b unix.CPUSet) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
