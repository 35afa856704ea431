package main

import "os"

// heapFloor is how many bytes of garbage may lie in the heap before the collector runs, besides as much as is in use.
const heapFloor = 32 << 20

// collectLater returns what has to be kept as long as heapFloor is to hold: memory that counts as heap for the
// collector's pace and is never touched, so that it takes none of the machine's. Without it a process with little in
// use collects after every 4 MiB, many times a second under load: 7 % of a service's CPU time, a fifth of a
// generator's at a fixed rate. GOGC, if set, is left alone to say what it says.
func collectLater() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, heapFloor)
}
