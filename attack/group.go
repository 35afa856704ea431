//go:build unix

package attack

import "time"

// Since returns what has been used since an earlier reading. What a process that has ended meanwhile used is lost.
func (g GroupCPU) Since(earlier GroupCPU) (sum time.Duration) {
	for pid, used := range g {
		sum += max(0, used-earlier[pid]) // less than before is another process with the same number
	}
	return sum
}
