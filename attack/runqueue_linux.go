package attack

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// threadWaits is how long each thread of this process has waited for a core while it could have run, by thread id.
type threadWaits map[string]time.Duration

// readThreadWaits reads the second field of each thread's schedstat (Linux: Documentation/scheduler/sched-stats.rst,
// nanoseconds on the run queue); the process's own file is that of its first thread alone. It is nil where the kernel
// does not count, which shows in threads that ran without ever having been given a core. It takes some 10 µs a
// thread, and a run reads it twice.
func readThreadWaits() threadWaits {
	const tasks = "/proc/self/task/"
	dir, err := os.Open(tasks)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	waits, ran := threadWaits{}, int64(0)
	for _, tid := range names {
		text, err := os.ReadFile(tasks + tid + "/schedstat")
		fields := bytes.Fields(text)
		if err != nil || len(fields) < 3 {
			continue // the thread has just ended
		}
		wait, _ := strconv.ParseInt(string(fields[1]), 10, 64) // the kernel's own text
		slices, _ := strconv.ParseInt(string(fields[2]), 10, 64)
		waits[tid] = time.Duration(wait)
		ran += slices
	}
	if ran == 0 {
		return nil
	}
	return waits
}

// since returns how long the threads have waited since an earlier reading; nil if that cannot be told. A thread that
// came in between counts as a whole. One that went is lost, but Go keeps its threads.
func (w threadWaits) since(earlier threadWaits) *time.Duration {
	if w == nil || earlier == nil {
		return nil
	}
	var sum time.Duration
	for tid, wait := range w {
		sum += max(0, wait-earlier[tid]) // less than before is another thread with the same number
	}
	return &sum
}
