//go:build !linux

package main

import (
	"os/exec"
	"time"
)

// startOn starts a command; here it cannot be kept to some CPUs.
func startOn(cmd *exec.Cmd, _ []int) error { return cmd.Start() }

// machineTime is what some of the machine's CPUs had done by some moment; here that is not known.
type machineTime struct {
	all, work, stolen, pressure time.Duration
	at                          time.Time
}

func readMachine([]int) (machineTime, bool) { return machineTime{}, false }
