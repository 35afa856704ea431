package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Beyond these the generator's own waiting is worth a line: it is in the latencies of a closed loop, where no lag
// shows it.
const (
	maxQueued    = 0.1 // of the time its threads wanted a core, and of the time its cores had: to wake up alone takes some
	maxReadyWait = time.Millisecond
	maxGCPause   = time.Millisecond
)

// queued returns the share of the time the generator's threads wanted a core that they waited for one, 0–1; 0 if
// that is unknown. Other processes had the core meanwhile.
func (g Generator) queued() float64 {
	if g.RunQueue == nil || *g.RunQueue <= 0 {
		return 0
	}
	return float64(*g.RunQueue) / float64(*g.RunQueue+g.CPU)
}

// wanted returns the share of its cores the generator would have used, had it always been given one, 0 and more.
func (g Generator) wanted() float64 { return g.CPURatio / max(1-g.queued(), 0.001) }

// crowded reports whether the generator waited for its cores for longer than waking up takes.
func (g Generator) crowded() bool { return g.queued() > maxQueued && g.wanted()-g.CPURatio > maxQueued }

// starved reports whether the generator would have used its cores up, had it always been given one.
func (g Generator) starved() bool { return g.wanted() > maxWanted && g.queued() > maxQueued }

// waits says in words what of the latencies may be the generator's own; it is empty if there is nothing to mention.
func (g Generator) waits() string {
	var parts []string
	if g.crowded() {
		parts = append(parts,
			fmt.Sprintf("its threads waited for a core %s of the time they wanted one", percent(g.queued())))
	}
	if wait := g.ReadyWaitP99; wait != nil && *wait > maxReadyWait {
		parts = append(parts, fmt.Sprintf("its goroutines waited to run, p99 %s", spaced(int64(*wait))))
	}
	if pause := g.GCPauseMax; pause != nil && *pause > maxGCPause {
		parts = append(parts, fmt.Sprintf("its collector stopped it for up to %s", spaced(int64(*pause))))
	}
	if len(parts) == 0 {
		return ""
	}
	return "generator: " + strings.Join(parts, ", ") + "; latencies include that"
}

// ownErrors are the errors that are the generator's and not the service's: what this process or this machine had no
// more of.
func ownErrors() map[string]string {
	return map[string]string{
		"EMFILE":        "this process ran out of file descriptors",
		"ENFILE":        "this machine ran out of file descriptors",
		"EADDRNOTAVAIL": "this machine ran out of local ports, or has no address to connect from",
		"ENOBUFS":       "this machine ran out of memory for sockets",
		"ENOMEM":        "this machine ran out of memory",
	}
}

// ownFaults says which requests failed for the generator's want of something.
func ownFaults(errors map[string]int64) (reasons []string) {
	own := ownErrors()
	for _, key := range slices.Sorted(maps.Keys(own)) {
		if n := errors[key]; n > 0 {
			reasons = append(reasons, fmt.Sprintf("%s: %s × %s", own[key], key, integer(n)))
		}
	}
	return reasons
}
