package main

import (
	"syscall"
	"time"

	"github.com/starkillersystems/imgsvc/reports"
)

// watch looks at what else the machine does, from now until the func it returns notes that in a round. Of servers that
// this gate has not started it cannot tell which work is theirs: then only stolen time is noted.
func (r *gateRunner) watch(t *target) func(*reports.GateRound) {
	before, known := readMachine(r.cpus)
	ours, server := ownCPU(), t.cpu()
	return func(out *reports.GateRound) {
		now, _ := readMachine(r.cpus)
		all := now.all - before.all
		if !known || all <= 0 {
			return
		}
		out.Steal = max(0, float64(now.stolen-before.stolen)/float64(all))
		if now.pressure >= 0 && before.pressure >= 0 {
			out.Pressure = new(float64(now.pressure-before.pressure) / float64(now.at.Sub(before.at)))
		}
		if t.side == nil {
			return
		}
		others := now.work - before.work - (ownCPU() - ours) - t.cpu().Since(server)
		out.Others = max(0, float64(others)/float64(all))
	}
}

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return 0
	}
	return time.Duration(self.Utime.Nano() + self.Stime.Nano())
}
