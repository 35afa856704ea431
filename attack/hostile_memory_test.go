package attack

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// allocates returns how many bytes this process allocates while something is done: more than it holds at any time.
func allocates(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// holds returns how many bytes of live objects there are at most while something is done, beyond those before.
func holds(do func()) int {
	live := func() int {
		runtime.GC()
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return int(sample[0].Value.Uint64())
	}
	before, most := live(), 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	for {
		most = max(most, live())
		select {
		case <-done:
			return most - before
		case <-time.After(10 * time.Millisecond):
		}
	}
}
