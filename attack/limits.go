package attack

import (
	"errors"
	"fmt"
	"time"
)

// limits are what this machine lets a run have. 0 is unknown, and limits nothing.
type limits struct {
	files    int  // file descriptors of this process
	open     int  // of these, in use before the run
	ports    int  // local ports, for connections to one address and port
	reuse    bool // a port is free again a second after its connection was closed
	loopback bool // the same, for connections within this machine
}

// What a run takes of limits besides its connections.
const (
	spareFiles = 16               // timers, look-ups of names, files of /proc
	timeWait   = 60 * time.Second // a port rests for so long after its connection was closed; Linux: fixed
	timeReuse  = time.Second      // or for so long, where it may be reused
)

// needs are the connections a run may have. Those that answers make it need are bounded by the time a request may
// take: a rate cannot have more under way than fall due within it.
type needs struct {
	users    int  // of the largest closed phase: so many connections it has for certain
	most     int  // users at once, or requests in flight at a rate, if answers are slow
	origins  int  // each user may keep a connection to each
	network  bool // connections take local ports
	fixed    bool // the one origin is an IP address: all connections go to one address and port
	loopback bool

	arrive, arriveSoon int // users who come on a schedule within timeWait and timeReuse, each to leave a port to rest
}

// checkLimits compares what the run may need with what there is. What it surely cannot have is an error; what it may
// run out of is a warning. Each says what was wanted, what there is, and what raises it.
func (r *run) checkLimits() (warnings []error, err error) {
	return judge(r.needs(), readLimits())
}

// warnOfLimits checks, and tells Warn.
func (r *run) warnOfLimits() ([]error, error) {
	warnings, err := r.checkLimits()
	if err == nil && r.opts.Warn != nil {
		for _, w := range warnings {
			r.opts.Warn(w.Error())
		}
	}
	return warnings, err
}

func judge(n needs, l limits) (warnings []error, err error) {
	var errs []error
	tell := func(sure bool, text string) {
		if sure {
			errs = append(errs, errors.New(text))
		} else if text != "" {
			warnings = append(warnings, errors.New(text))
		}
	}
	tell(n.shortOfFiles(l))
	tell(n.shortOfPorts(l))
	return warnings, errors.Join(errs...)
}

// shortOfFiles says that file descriptors will not do, or may not; it is empty if they will.
func (n needs) shortOfFiles(l limits) (sure bool, text string) {
	free, most := l.files-l.open-spareFiles, times(n.most, n.origins)
	switch {
	case l.files == 0 || most <= free:
		return false, ""
	case n.users > free:
		return true, fmt.Sprintf("%d users at once need as many connections, "+
			"and of the %d files this process may have open %d are free\n"+
			"use fewer users, or raise the limit: %s",
			n.users, l.files, max(free, 0), raiseFiles(n.users+l.open+spareFiles))
	}
	return false, fmt.Sprintf("up to %d connections may be open at once, if answers are slow, "+
		"and this process may have %d files open: "+
		"what is more fails with EMFILE, which is the generator's limit, not the service's; to raise it: %s",
		most, l.files, raiseFiles(most+l.open+spareFiles))
}

// shortOfPorts says the same of local ports.
func (n needs) shortOfPorts(l limits) (sure bool, text string) {
	resting := n.arrive
	if l.reuse || l.loopback && n.loopback {
		resting = n.arriveSoon
	}
	ports := max(n.most, n.users+resting)
	switch {
	case l.ports == 0 || !n.network || ports <= l.ports:
		return false, ""
	case n.fixed && n.users > l.ports:
		return true, fmt.Sprintf("%d users at once need as many connections to one address, "+
			"and this machine has %d local ports for them\n"+
			"use fewer users, or raise the limit: %s", n.users, l.ports, raisePorts)
	}
	return false, fmt.Sprintf("up to %d local ports may be taken at once for one address, "+
		"those of closed connections included, and this machine has %d: "+
		"what is more fails with EADDRNOTAVAIL, which is the generator's limit, not the service's; to raise it: %s",
		ports, l.ports, raisePorts)
}

// raisePorts is as far as it goes: beyond that, more addresses or more machines are needed.
const raisePorts = "sudo sysctl -w net.ipv4.ip_local_port_range='1024 65535'"

// raiseFiles is the command that lets what is started from this shell have so many files open.
func raiseFiles(n int) string { return fmt.Sprintf("sudo prlimit --pid $$ --nofile=%d:%d", n, n) }
