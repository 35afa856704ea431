package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServeCPUs checks that every thread of a service that is told to use one CPU may use that one only, threads
// included that were started before it was told.
func TestServeCPUs(t *testing.T) {
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	service := startServe(t, 10, "--cpus", "1")
	if service.CPUs != 1 {
		t.Errorf("GOMAXPROCS is %d", service.CPUs)
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", service.PID))
	if err != nil || len(threads) == 0 {
		t.Fatal("no threads: ", err)
	}
	want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", cpus[0])
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		if !strings.Contains(string(status), want) {
			t.Errorf("%s does not say %q", thread, want)
		}
	}
}
