package reports

import "fmt"

// minBadRounds is in how many rounds a side has to be over the limit of errors: one burst, which a machine can bring
// about, is not enough.
const minBadRounds = 3

// assessErrors compares the shares of requests that failed. p is the larger of two: that of the sign-flip test on the
// pairs' differences, which holds whatever makes requests fail together, and Fisher's, which asks for more than a few
// failures.
func (g *Gate) assessErrors(to *GateMetric, base, candidate []GateRound) {
	if len(base) == 0 {
		return
	}
	var failed, all [2]int64
	e := make([]float64, len(base))
	for i := range base {
		for side, r := range []GateRound{base[i], candidate[i]} {
			k, n := r.failures()
			failed[side] += k
			all[side] += n
			share := float64(k) / float64(max(n, 1))
			e[i] += float64(2*side-1) * share // the candidate's less the base's
		}
	}
	share := func(side int) *float64 { return new(float64(failed[side]) / float64(max(all[side], 1))) }
	to.Base, to.Candidate, to.Estimate = share(0), share(1), share(1)
	lo, hi := clopperPearson(failed[1], max(all[1], 1), 1-g.Alpha)
	to.Interval = &[2]float64{lo, hi}
	to.P = new(max(signFlip(e), fisherMore(failed[0], all[0], failed[1], all[1])))
}

// judgeErrors ends the gate if a side fails more requests than it may, and reports whether it did. It looks after every
// pair: that limit is one of its own and no comparison, so that alpha does not cover it.
func (g *Gate) judgeErrors() (over bool) {
	for _, side := range []string{SideBase, SideCandidate} {
		failed, all, bad := g.failuresOf(side)
		if bad < minBadRounds || all == 0 {
			continue
		}
		if lo, _ := clopperPearson(failed, all, 0.999); lo <= g.MaxErrors {
			continue
		}
		g.assess(0)
		text := fmt.Sprintf("the %s failed %s of its %s requests, in %d rounds more than the %s that may (%s)", side,
			percent(float64(failed)/float64(all)), integer(all), bad, percent(g.MaxErrors), listed(g.failureKinds(side)))
		if side == SideBase {
			g.Invalidate(text)
		} else {
			g.metric(MetricErrors).Verdict = VerdictFail
			g.fail(text)
		}
		return true
	}
	return false
}

// failuresOf adds up a side's failures over all rounds that came to their end, and counts those over the limit.
func (g *Gate) failuresOf(side string) (failed, all int64, bad int) {
	for _, r := range g.Rounds {
		if r.Side != side || r.Error != "" {
			continue
		}
		k, n := r.failures()
		failed, all = failed+k, all+n
		if float64(k) > g.MaxErrors*float64(n) {
			bad++
		}
	}
	return failed, all, bad
}

// failureKinds counts how requests of a side failed.
func (g *Gate) failureKinds(side string) map[string]int64 {
	kinds := map[string]int64{}
	for _, r := range g.Rounds {
		if r.Side != side {
			continue
		}
		for _, loop := range []GateLoop{r.Closed, r.Open} {
			for key, n := range loop.Errors {
				kinds[key] += n
			}
			for code, n := range loop.StatusCodes {
				if code >= "400" {
					kinds["status "+code] += n
				}
			}
		}
	}
	return kinds
}
