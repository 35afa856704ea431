package attack

import (
	"math"
	"net"
	"net/netip"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// needs returns the connections the run may have.
func (r *run) needs() needs {
	n := needs{users: r.surelyConnected(), network: r.opts.UnixSocket == ""}
	n.origins, n.fixed, n.loopback = r.origins()
	if r.opts.Rate != nil {
		n.most = r.inFlight()
		return n
	}
	arriving := 0
	for i, p := range r.opts.Script.Phases {
		if p.Arrivals == nil {
			continue
		}
		total, peak := r.arriving(i, p)
		atOnce := total
		if p.MaxUsers > 0 {
			atOnce = min(total, p.MaxUsers)
		}
		arriving = plus(arriving, atOnce)
		n.arrive = max(n.arrive, min(total, count(peak*timeWait.Seconds())))
		n.arriveSoon = max(n.arriveSoon, min(total, count(peak*timeReuse.Seconds())))
	}
	n.most = n.users + min(arriving, r.opts.MaxVUs)
	return n
}

// surelyConnected returns how many users of a closed phase are bound to have a connection at once.
func (r *run) surelyConnected() int {
	users := r.mostUsers()
	if len(r.opts.Script.Phases) == 1 {
		if own := r.opts.Script.Phases[0].Requests; own > 0 {
			users = min(users, count(float64(own)))
		}
	}
	if r.opts.Requests > 0 {
		users = min(users, count(float64(r.opts.Requests)))
	}
	return users
}

// origins counts where connections go to, those whose host is a variable as one. fixed: it is one IP address and
// port. loopback: it is this machine by an address that never leaves it.
func (r *run) origins() (number int, fixed, loopback bool) {
	seen := map[string]bool{}
	loopback = true
	for _, bp := range r.blueprints {
		if addr := bp.origin.addr; !seen[addr] {
			seen[addr] = true
			ip, local := addressOf(addr)
			fixed, loopback = ip, loopback && local
		}
	}
	return len(seen), fixed && len(seen) == 1, loopback
}

// addressOf reports whether host:port has an IP address for its host, and whether it is of the loopback interface.
func addressOf(addr string) (ip, loopback bool) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, false
	}
	parsed, err := netip.ParseAddr(host)
	return err == nil, err == nil && parsed.IsLoopback() || host == "localhost"
}

// inFlight returns the most requests a rate may have under way at once: those that fall due while one waits for its
// answer until Timeout. Redirects, which may take as long again each, are left out.
func (r *run) inFlight() int {
	peak := max(r.opts.Rate.Rate(0), r.opts.Rate.Rate(r.opts.Rate.End()))
	most := min(r.opts.MaxVUs, max(1, count(math.Ceil(peak*r.opts.Timeout.Seconds()))))
	if r.opts.Requests > 0 {
		most = min(most, count(float64(r.opts.Requests)))
	}
	return most
}

// arriving returns how many users an open phase brings in all, and how many a second at most.
func (r *run) arriving(i int, p scenarios.Phase) (total int, peak float64) {
	schedule := arrivals(p, arrivalStream(r.opts.Seed, i))
	end := schedule.End()
	peak = max(schedule.Rate(0), schedule.Rate(end))
	if limit := r.opts.Duration; limit > 0 && (end == 0 || limit < end) {
		end = limit
	}
	total = math.MaxInt32
	if end > 0 {
		total = count(float64(dueBy(schedule, end)))
	}
	warm := count(openingRate(p) * r.opts.Warmup.Seconds())
	if r.opts.Requests > 0 {
		total = min(total, count(float64(r.opts.Requests)))
	}
	return plus(total, warm), peak
}

// count makes a whole number of v, at most as many as there can be connections.
func count(v float64) int { return int(min(v, math.MaxInt32)) }

func plus(a, b int) int { return min(a+b, math.MaxInt32) }

func times(a, b int) int { return int(min(int64(a)*int64(max(b, 1)), math.MaxInt32)) }
