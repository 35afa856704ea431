//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

// canPin says that a process cannot be kept to some of its CPUs.
const canPin = false

// allowedCPUs returns the numbers of the CPUs this process may run on: all of them, where there is no affinity.
func allowedCPUs() ([]int, error) {
	cpus := make([]int, runtime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus, nil
}

// pinProcess sets GOMAXPROCS to the number of cpus. It cannot choose which ones they are, and says so.
func pinProcess(cpus []int) error {
	runtime.GOMAXPROCS(len(cpus))
	fmt.Fprintf(os.Stderr, "imgsvc: no CPU affinity on %s, only GOMAXPROCS=%d\n", runtime.GOOS, len(cpus))
	return nil
}

// widestCPUs returns no CPU: there is no moving to others.
func widestCPUs() []int { return nil }
