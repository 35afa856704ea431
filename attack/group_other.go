//go:build unix && !linux

package attack

import (
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v4/process"
	"golang.org/x/sys/unix"
)

// GroupCPU is the CPU time that each process of a server has used, by its process id.
type GroupCPU map[int]time.Duration

// ReadGroupCPU reads the CPU time of a process group and of what descends from its leader, as finely as the system
// counts it.
func ReadGroupCPU(leader int) (GroupCPU, error) {
	members, err := GroupMembers(leader)
	if err != nil {
		return nil, err
	}
	used := GroupCPU{}
	for _, pid := range members {
		p, err := process.NewProcess(int32(pid))
		if err != nil {
			continue // it has just ended
		}
		if times, err := p.Times(); err == nil {
			used[pid] = time.Duration((times.User + times.System) * float64(time.Second))
		}
	}
	if len(used) == 0 {
		return nil, fmt.Errorf("process group %d has no process", leader)
	}
	return used, nil
}

// GroupMembers returns the processes of a group, and those that descend from its leader in another.
func GroupMembers(leader int) ([]int, error) {
	all, err := process.Processes()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []int
	for _, p := range all {
		pid := int(p.Pid)
		group, err := unix.Getpgid(pid)
		parent, _ := p.Ppid()
		if err == nil && (group == leader || pid == leader || int(parent) == leader) {
			found = append(found, pid)
		}
	}
	return found, nil
}
