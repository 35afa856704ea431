package attack

import (
	"bytes"
	"os"
	"strconv"
)

// peakRSS returns the most memory this process has had resident, in bytes; 0 if the kernel does not say. What
// getrusage calls ru_maxrss is no less than what the process that started this one had, and so often not about this
// one at all.
func peakRSS() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("\nVmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseUint(string(fields[0]), 10, 64) // 0 if it is no number
	return kib << 10
}
