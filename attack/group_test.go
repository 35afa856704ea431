package attack

import (
	"bufio"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The CPU time of a server is that of all its processes, those it has started too, and none of anybody else's.
func TestGroupCPU(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", `sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo $$; read x'; :`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	leader := cmd.Process.Pid
	defer func() {
		in.Close()
		syscall.Kill(-leader, syscall.SIGKILL)
		cmd.Wait()
		if members, err := GroupMembers(leader); err != nil || len(members) > 0 {
			t.Errorf("%v, members of a group that has ended: %v", err, members)
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	used, err := ReadGroupCPU(leader)
	if err != nil {
		t.Fatal(err)
	}
	members, err := GroupMembers(leader)
	if err != nil || !slices.Contains(members, child) || !slices.Contains(members, leader) || len(members) != 2 {
		t.Errorf("%v, members %v, want %d and %d", err, members, leader, child)
	}
	if used[child] < time.Millisecond {
		t.Errorf("a child that counted to 100,000 has used %v", used[child])
	}
	if sum := used.Since(GroupCPU{child: time.Millisecond}); sum >= used[child]+used[leader] || sum <= 0 {
		t.Errorf("since 1 ms of %v: %v", used, sum)
	}
}
