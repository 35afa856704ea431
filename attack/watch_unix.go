//go:build unix

package attack

import (
	"cmp"
	"context"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"golang.org/x/sys/unix"
)

// watch measures what the generator itself costs.
type watch struct {
	mu    sync.Mutex
	begin usage
	timer *time.Timer
}

// usage is what the process and the host had used by some moment.
type usage struct {
	cpu, gcPause       time.Duration
	peakRSS            uint64
	hostBusy, hostIdle float64 // seconds, all cores together
	waits              threadWaits
	scheduling         scheduling
}

// startWatch begins to count after the warm-up.
func startWatch(warmup time.Duration) *watch {
	w := &watch{begin: readUsage()}
	w.timer = time.AfterFunc(warmup, func() {
		now := readUsage()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.begin = now
	})
	return w
}

// stop returns what was used since the beginning.
func (w *watch) stop() Generator {
	w.timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	end := readUsage()
	g := Generator{
		CPU:      end.cpu - w.begin.cpu,
		Cores:    min(runtime.NumCPU(), runtime.GOMAXPROCS(0)),
		PeakRSS:  end.peakRSS,
		GCPause:  end.gcPause - w.begin.gcPause,
		HostIdle: 1,

		RunQueue:     end.waits.since(w.begin.waits),
		ReadyWaitP99: quantileSince(w.begin.scheduling.readyWait, end.scheduling.readyWait, 0.99),
		GCPauseMax:   quantileSince(w.begin.scheduling.gcPause, end.scheduling.gcPause, 1),
	}
	busy, idle := end.hostBusy-w.begin.hostBusy, end.hostIdle-w.begin.hostIdle
	if busy+idle > 0 {
		g.HostIdle = idle / (busy + idle)
	}
	return g
}

func readUsage() usage {
	u := usage{waits: readThreadWaits(), scheduling: readScheduling()}
	var self unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &self) == nil {
		u.cpu = time.Duration(self.Utime.Nano() + self.Stime.Nano())
		u.peakRSS = uint64(self.Maxrss)
		if runtime.GOOS != "darwin" {
			u.peakRSS *= 1024 // bytes there, KiB elsewhere
		}
	}
	u.peakRSS = cmp.Or(peakRSS(), u.peakRSS)
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	u.gcPause = gc.PauseTotal
	if host, err := cpu.Times(false); err == nil && len(host) == 1 {
		u.hostIdle = host[0].Idle + host[0].Iowait
		u.hostBusy = host[0].User + host[0].Nice + host[0].System + host[0].Irq + host[0].Softirq + host[0].Steal
	}
	return u
}

// sharesCores reports whether the service under attack runs on this machine, on a core this process may use, too.
// A service that listens here but whose process cannot be found is taken to share.
// Of a long list of targets the first few addresses are looked at, for two seconds in all.
func (r *run) sharesCores(ctx context.Context) bool {
	if r.opts.UnixSocket != "" {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	const most = 16
	seen := map[string]bool{}
	for _, bp := range r.blueprints {
		if seen[bp.origin.addr] || len(seen) == most {
			continue
		}
		seen[bp.origin.addr] = true
		host, port, err := net.SplitHostPort(bp.origin.addr)
		if err == nil && isLocal(ctx, host) && mayShare(ctx, port) {
			return true
		}
	}
	return false
}

// isLocal reports whether a host name means this machine.
func isLocal(ctx context.Context, host string) bool {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	own, _ := net.InterfaceAddrs()
	for _, addr := range addrs {
		ip := net.IP(addr.Unmap().AsSlice())
		same := func(a net.Addr) bool { n, ok := a.(*net.IPNet); return ok && n.IP.Equal(ip) }
		if ip.IsLoopback() || slices.ContainsFunc(own, same) {
			return true
		}
	}
	return false
}
