package main

import (
	"os"
	"testing"
)

func TestCPUOf(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil || before <= 0 {
		t.Fatal(before, err)
	}
	for n := 0; ; n++ { // it grows while we work
		if after, err := cpuOf(os.Getpid()); err != nil {
			t.Fatal(err)
		} else if after > before {
			return
		}
	}
}

func TestCPUOfNobody(t *testing.T) {
	if _, err := cpuOf(1 << 30); err == nil {
		t.Error("no error for a process that is not there")
	}
}
