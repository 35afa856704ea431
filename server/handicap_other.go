//go:build !unix

package server

import "time"

// processCPU returns 0: what requests cost is not known here, and a handicap burns nothing.
func processCPU() time.Duration { return 0 }
