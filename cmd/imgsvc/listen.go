package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"

	"github.com/starkillersystems/imgsvc/server"
	"github.com/starkillersystems/imgsvc/server/store"
)

// listenBoth opens the address for everybody and, unless it is empty, the one for those who run the service.
func listenBoth(addr, adminAddr string) (public, admin *net.TCPListener, err error) {
	if public, err = listenTCP("--addr", addr); err != nil || adminAddr == "" {
		return public, nil, err
	}
	if admin, err = listenTCP("--admin-addr", adminAddr); err != nil {
		return nil, nil, errors.Join(err, public.Close())
	}
	return public, admin, nil
}

func listenTCP(flag, addr string) (*net.TCPListener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, usageError(fmt.Errorf("%s %q: %w\nwant HOST:PORT, such as 127.0.0.1:3000", flag, addr, err))
	}
	l, err := net.ListenTCP("tcp", tcp)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s is in use\n"+
			"stop what listens there, or choose another port (0: any that is free)", flag, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return l, nil
}

// serving is what a service says of itself once it listens: the JSON document of serve.
type serving struct {
	Schema   int      `json:"schema"`
	Addr     string   `json:"addr"`
	URL      string   `json:"url"`
	AdminURL string   `json:"admin_url,omitempty"`
	Store    string   `json:"store"`
	Cache    []string `json:"cache"`
	Records  int64    `json:"records"`
	Writes   bool     `json:"writes,omitempty"` // whether listings can be changed
	CPUs     int      `json:"cpus"`
	PID      int      `json:"pid"`
}

func newServing(cfg server.Config, at store.Location, caches []string, meta store.Meta) serving {
	s := serving{
		Schema:  1,
		Addr:    cfg.Listener.Addr().String(),
		URL:     urlOf(cfg.Listener),
		Store:   at.String(),
		Records: meta.Records,
		Writes:  cfg.Writer != nil,
		CPUs:    runtime.GOMAXPROCS(0),
		PID:     os.Getpid(),
	}
	for _, cache := range caches {
		s.Cache = append(s.Cache, store.Redacted(cache))
	}
	if cfg.Admin != nil {
		s.AdminURL = urlOf(cfg.Admin)
	}
	return s
}

// announce prints the document, or logs a line with the same in short.
func (s serving) announce(stdout io.Writer, log *slog.Logger, asJSON bool) error {
	if asJSON {
		return writeJSON(stdout, s)
	}
	log.Info("listening", "url", s.URL, "store", s.Store, "records", s.Records, "cache", s.Cache, "cpus", s.CPUs)
	return nil
}

// urlOf returns a URL at which a client on this machine finds the listener.
func urlOf(l *net.TCPListener) string {
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	ip := addr.Addr().Unmap()
	switch ip {
	case netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	}
	return "http://" + netip.AddrPortFrom(ip, addr.Port()).String()
}
