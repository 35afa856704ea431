package attack

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// GroupCPU is the CPU time that each process of a server has used, by its process id.
type GroupCPU map[int]time.Duration

// ReadGroupCPU reads the CPU time of a process group and of what descends from its leader, in nanoseconds, threads that
// have ended included: by the clock that a process has (man 3 clock_getcpuclockid), which the sum of its threads'
// schedstat falls short of by those.
func ReadGroupCPU(leader int) (GroupCPU, error) {
	members, err := GroupMembers(leader)
	if err != nil {
		return nil, err
	}
	used := GroupCPU{}
	for _, pid := range members {
		const scheduled = 2 // CPUCLOCK_SCHED of the kernel's posix-timers.h: of the whole process, as the scheduler counts
		var at unix.Timespec
		if unix.ClockGettime(int32(^pid)<<3|scheduled, &at) == nil { // if not, it has just ended
			used[pid] = time.Duration(at.Nano())
		}
	}
	if len(used) == 0 {
		return nil, fmt.Errorf("process group %d has no process", leader)
	}
	return used, nil
}

// GroupMembers returns the processes of a group, and those that descend from its leader in another, that have not ended.
func GroupMembers(leader int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	parents, members := map[int]int{}, map[int]bool{leader: true}
	var alive []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		state, parent, group, ok := readStat(pid)
		if !ok || state == 'Z' || state == 'X' {
			continue
		}
		alive = append(alive, pid)
		parents[pid], members[pid] = parent, group == leader || pid == leader
	}
	var found []int
	for _, pid := range alive {
		for at, depth := pid, 0; at > 1 && depth < 64; at, depth = parents[at], depth+1 {
			if members[at] {
				found = append(found, pid)
				break
			}
		}
	}
	return found, nil
}

// readStat reads a process's state, parent and group (man 5 proc: fields 3, 4 and 5 of stat; the name before them, in
// brackets, can hold anything).
func readStat(pid int) (state byte, parent, group int, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	at := bytes.LastIndexByte(text, ')')
	if err != nil || at < 0 {
		return 0, 0, 0, false
	}
	fields := bytes.Fields(text[at+1:])
	if len(fields) < 3 {
		return 0, 0, 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	if err == nil {
		group, err = strconv.Atoi(string(fields[2]))
	}
	return fields[0][0], parent, group, err == nil
}
