package attack

import (
	"testing"
	"time"
)

func TestThreadWaitsSince(t *testing.T) {
	begin := threadWaits{"1": 5, "2": 50, "3": 1}
	end := threadWaits{"1": 9, "2": 10, "4": 100} // 2 is another thread of the same number, 3 has gone, 4 has come
	if got := end.since(begin); got == nil || *got != 4+100 {
		t.Errorf("waited %v, want %s", got, 104*time.Nanosecond)
	}
	if threadWaits(nil).since(begin) != nil || end.since(nil) != nil {
		t.Error("unknown is not zero")
	}
}

// TestThreadWaitsAreRead is about this kernel: it counts, and never backwards.
func TestThreadWaitsAreRead(t *testing.T) {
	first := readThreadWaits()
	if second := readThreadWaits(); len(first) == 0 || second.since(first) == nil || *second.since(first) < 0 {
		t.Errorf("%d threads waited %v", len(first), second.since(first))
	}
}
