package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
)

// What kept the figures from being higher.
const (
	LimitService   = "service"
	LimitGenerator = "generator"
	LimitMachine   = "machine"
)

// Beyond these a figure says more about the generator, or about the machine, than about the service.
const (
	maxCPURatio = 0.9
	maxLagP99   = time.Millisecond // of an open loop; users of a closed one send when they are ready
	minHostIdle = 0.05
	maxWanted   = 0.9 // of its cores, the waiting for them included
)

func newGenerator(s attack.Summary, lag Distribution, errors map[string]int64) Generator {
	g := Generator{
		CPU:        s.Generator.CPU,
		Cores:      s.Generator.Cores,
		CPURatio:   s.Generator.Ratio(s.Duration),
		PeakRSS:    s.Generator.PeakRSS,
		GCPause:    s.Generator.GCPause,
		LagP99:     time.Duration(lag.P99),
		HostIdle:   s.Generator.HostIdle,
		HostShared: s.Generator.Shared,

		GCPauseMax:   new(s.Generator.GCPauseMax),
		RunQueue:     s.Generator.RunQueue,
		ReadyWaitP99: new(s.Generator.ReadyWaitP99),
	}
	g.Limit, g.Reasons = g.limit(s.OpenLoop, ownFaults(errors))
	return g
}

// limit says what limited the run, and why in words: what was beyond its bound, or, if nothing was, the figures that
// were within. Requests that failed for want of something of the generator's own are always a reason.
func (g Generator) limit(openLoop bool, faults []string) (limit string, reasons []string) {
	cpu := fmt.Sprintf("generator used %s of %s", percent(g.CPURatio), cores(g.Cores))
	waited := "waited for a core " + percent(g.queued()) + " of the time it wanted one"
	lag := "lag p99 " + spaced(int64(g.LagP99))
	reasons = faults
	if g.CPURatio > maxCPURatio {
		reasons = append(reasons, cpu)
	}
	if openLoop && g.LagP99 > maxLagP99 {
		reasons = append(reasons, lag)
	}
	switch {
	case len(reasons) > 0:
		return LimitGenerator, reasons
	case g.HostIdle < minHostIdle && g.HostShared:
		return LimitMachine, []string{percent(g.HostIdle) + " idle, with service and generator on the same cores"}
	case g.starved() && g.HostShared:
		return LimitMachine, []string{cpu, waited, "with service and generator on the same cores"}
	case g.starved():
		return LimitGenerator, []string{cpu, waited}
	case openLoop:
		return LimitService, []string{cpu, lag}
	}
	return LimitService, []string{cpu}
}

// words says the limit in a line.
func (g Generator) words() string {
	reasons := ""
	if len(g.Reasons) > 0 {
		reasons = " (" + strings.Join(g.Reasons, ", ") + ")"
	}
	switch g.Limit {
	case LimitGenerator:
		return "the GENERATOR" + reasons + ": figures are a lower bound of what the service holds"
	case LimitMachine:
		return "the MACHINE" + reasons + ": alone on it the service would hold more"
	case LimitService:
		return "the service" + reasons
	}
	return "unknown, as the report does not say"
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}
