package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// mergedGenerator is all generators as one: sums, but for what says how bad it was, which is of the worst. The
// generator is the limit if it was for any of them, and the reasons say for which.
func mergedGenerator(r *Report) Generator {
	all := Generator{LagP99: time.Duration(r.Lag.P99), HostIdle: 1, CeilingRPS: new(0.0), RunQueue: new(time.Duration(0)),
		GCPauseMax: new(time.Duration(0)), ReadyWaitP99: new(time.Duration(0))}
	had, known := 0.0, true // CPU seconds their cores had
	for _, s := range r.Generators {
		g := s.Generator
		known = known && g.Cores > 0
		had += float64(g.Cores) * s.Duration.Seconds()
		all.CPU += g.CPU
		all.Cores += g.Cores
		all.PeakRSS = max(all.PeakRSS, g.PeakRSS)
		all.GCPause += g.GCPause
		all.HostIdle = min(all.HostIdle, g.HostIdle)
		all.HostShared = all.HostShared || g.HostShared
		all.GCPauseMax = ifBoth(all.GCPauseMax, g.GCPauseMax, maxOf)
		all.ReadyWaitP99 = ifBoth(all.ReadyWaitP99, g.ReadyWaitP99, maxOf)
		all.RunQueue = ifBoth(all.RunQueue, g.RunQueue, sumOf)
		all.CeilingRPS = ifBoth(all.CeilingRPS, g.CeilingRPS, sumOf)
	}
	switch {
	case !known:
		all.CPU, all.Cores = 0, 0
	case had > 0:
		all.CPURatio = all.CPU.Seconds() / had
	}
	all.Limit, all.Reasons = r.mergedLimit()
	return all
}

func maxOf[T cmp.Ordered](a, b T) T { return max(a, b) }

func sumOf[T time.Duration | float64](a, b T) T { return a + b }

// ifBoth is of two figures, or nil if one is unknown.
func ifBoth[T any](a, b *T, of func(a, b T) T) *T {
	if a == nil || b == nil {
		return nil
	}
	return new(of(*a, *b))
}

// mergedLimit says what limited the runs: what did for any of them, the generator before the machine, and why.
func (r *Report) mergedLimit() (limit string, reasons []string) {
	unknown := false
	for _, limit := range []string{LimitGenerator, LimitMachine} {
		for _, s := range r.Generators {
			if s.Generator.Limit == limit {
				reasons = append(reasons, s.File+": "+strings.Join(s.Generator.Reasons, ", "))
			}
		}
		if n := len(reasons); n > mostNamed {
			reasons = append(reasons[:mostNamed], fmt.Sprintf("and %d more", n-mostNamed))
		}
		if len(reasons) > 0 {
			return limit, reasons
		}
	}
	least, most := 1.0, 0.0
	for _, s := range r.Generators {
		unknown = unknown || s.Generator.Limit != LimitService
		least, most = min(least, s.Generator.CPURatio), max(most, s.Generator.CPURatio)
	}
	if unknown {
		return "", []string{}
	}
	used := percent(least)
	if text := percent(most); text != used {
		used += " to " + text
	}
	reasons = []string{"generators used " + used + " of their cores"}
	if r.ClosedUsers == 0 {
		reasons = append(reasons, "lag p99 "+spaced(r.Lag.P99))
	}
	return LimitService, reasons
}
