//go:build !linux

package server

import "time"

// processCPU returns 0: what requests cost is not known here, and a handicap burns nothing.
func processCPU() time.Duration { return 0 }

// threadCPU returns 0.
func threadCPU() time.Duration { return 0 }
