package reports

import (
	"fmt"
	"strconv"
)

// apdexCounters are the names of Apdex' three counts, as Artillery has them: how many answers took at most the
// threshold, at most four times as long, and longer.
func apdexCounters() [3]string {
	return [3]string{satisfied: "apdex.satisfied", tolerated: "apdex.tolerated", frustrated: "apdex.frustrated"}
}

// apdexScore returns (satisfied + tolerated/2) / all of the counters; false if nothing was counted.
func apdexScore(counters map[string]int64) (float64, bool) {
	names := apdexCounters()
	s, t, f := counters[names[satisfied]], counters[names[tolerated]], counters[names[frustrated]]
	if s+t+f <= 0 {
		return 0, false
	}
	return (float64(s) + float64(t)/2) / float64(s+t+f), true
}

// apdexText says the score in Artillery's words; "" if nothing was counted.
func apdexText(counters map[string]int64) string {
	score, ok := apdexScore(counters)
	if !ok {
		return ""
	}
	return fmt.Sprintf("Apdex score: %s (%s)", strconv.FormatFloat(score, 'g', -1, 64), apdexRanking(score))
}

func apdexRanking(score float64) string {
	switch {
	case score >= 0.94:
		return "excellent"
	case score >= 0.85:
		return "good"
	case score >= 0.70:
		return "fair"
	case score >= 0.49:
		return "poor"
	}
	return "unacceptable"
}
