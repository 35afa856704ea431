package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// canPin says that a process can be kept to some of its CPUs.
const canPin = true

// allowedCPUs returns the numbers of the CPUs this process may run on, in order.
func allowedCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("read the CPU affinity: %w", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// pinProcess lets this process run on these CPUs and no others, and sets GOMAXPROCS to their number. A thread
// inherits its affinity from the one that starts it, so this is done once no thread is left that could start
// another with the old one.
func pinProcess(cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	pinned := map[int]bool{}
	for more := true; more; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list the threads of this process: %w", err)
		}
		more = false
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil || pinned[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("set the CPU affinity to %v: %w", cpus, err)
			}
			pinned[tid], more = true, true
		}
	}
	runtime.GOMAXPROCS(len(cpus))
	return nil
}

// widestCPUs returns the CPUs this process could be given, whatever whoever started it has left it: the kernel keeps
// to those of its cpuset. The affinity of the calling thread is theirs afterwards.
func widestCPUs() []int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all unix.CPUSet
	for i := range all {
		all[i] = ^all[i]
	}
	_ = unix.SchedSetaffinity(0, &all) // if not, there are those it has
	cpus, err := allowedCPUs()
	if err != nil {
		return nil
	}
	return cpus
}
