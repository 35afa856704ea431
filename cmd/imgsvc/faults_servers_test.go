//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
	"github.com/starkillersystems/imgsvc/server/store/redistest"
)

// victim is a server that things happen to. Each func does it, and returns what undoes it.
type victim struct {
	kind                   string // for the log
	url                    string
	via                    string // its URL through a proxy that can slow it down
	kill, stop, slow, fill func() (undo func())
}

// victimRedis is a redis-server under IMGSVC_TEST_REAL=1, which is killed, stopped and filled itself, else miniredis behind
// a proxy that does as if.
func victimRedis(t *testing.T) *victim {
	if os.Getenv(mongotest.EnvReal) != "1" {
		mini := miniredis.RunT(t)
		v := newProxy(t, mini.Addr()).victim("miniredis", "redis://%s")
		v.fill = func() func() {
			mini.SetError("OOM command not allowed when used memory > 'maxmemory'.")
			return func() { mini.SetError("") }
		}
		return v
	}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("IMGSVC_TEST_REAL=1 wants a real Redis: ", err, "\ninstall redis-server")
	}
	server := redistest.StartServer(t, program, redistest.FreeAddr(t))
	proxy := newProxy(t, server.Addr)
	return &victim{
		kind: "redis-server", url: "redis://" + server.Addr, via: "redis://" + proxy.addr(),
		kill: func() func() {
			server.Stop()
			return func() { server = redistest.StartServer(t, program, server.Addr) }
		},
		stop: freezing(t, func(s os.Signal) error { return server.Signal(s) }),
		slow: proxy.slow,
		fill: func() func() {
			configure(t, server.Addr, "maxmemory-policy", "noeviction", "maxmemory", "1")
			return func() { configure(t, server.Addr, "maxmemory", "0") }
		},
	}
}

// victimMongo is a FerretDB under IMGSVC_TEST_REAL=1, else the stand-in in memory behind a proxy.
func victimMongo(t *testing.T) *victim {
	if os.Getenv(mongotest.EnvReal) != "1" {
		addr, database, _ := strings.Cut(strings.TrimPrefix(mongotest.StartFake(t, mongotest.Faults{}), "mongodb://"), "/")
		return newProxy(t, addr).victim("a stand-in for MongoDB", "mongodb://%s/"+database)
	}
	server := mongotest.StartServer(t)
	proxy := newProxy(t, server.Addr())
	_, database, _ := strings.Cut(strings.TrimPrefix(server.URL, "mongodb://"), "/")
	return &victim{
		kind: "FerretDB", url: server.URL, via: "mongodb://" + proxy.addr() + "/" + database,
		kill: func() func() {
			server.Kill()
			return func() { server.Restart(t) }
		},
		stop: freezing(t, server.Signal),
		slow: proxy.slow,
	}
}

// freezing returns what stops a process and has it go on.
func freezing(t *testing.T, signal func(os.Signal) error) func() func() {
	send := func(s os.Signal) {
		if err := signal(s); err != nil {
			t.Error(err)
		}
	}
	return func() func() {
		send(syscall.SIGSTOP)
		return func() { send(syscall.SIGCONT) }
	}
}

// configure sets pairs of a Redis' settings.
func configure(t *testing.T, addr string, pairs ...string) {
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	for i := 0; i < len(pairs); i += 2 {
		if err := client.ConfigSet(t.Context(), pairs[i], pairs[i+1]).Err(); err != nil {
			t.Error(err)
		}
	}
}

// proxy is a toxiproxy in front of a server.
type proxy struct {
	*toxiproxy.Proxy
	t *testing.T
}

func newProxy(t *testing.T, upstream string) proxy {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(api, "victim", redistest.FreeAddr(t), upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return proxy{p, t}
}

func (p proxy) addr() string { return p.Listen }

// victim does with the proxy what it can of what happens to servers.
func (p proxy) victim(kind, url string) *victim {
	url = fmt.Sprintf(url, p.addr())
	return &victim{kind: kind, url: url, via: url, kill: p.cut, stop: p.silence, slow: p.slow}
}

// cut refuses connections and ends those there are.
func (p proxy) cut() func() {
	p.Stop()
	return func() {
		if err := p.Start(); err != nil {
			p.t.Error(err)
		}
	}
}

// silence lets nothing through.
func (p proxy) silence() func() { return p.poison("timeout", `{"timeout":0}`) }

// slowBy is more than any time limit of the service under test.
const slowBy = 3 * time.Second

// slow lets every answer wait.
func (p proxy) slow() func() {
	return p.poison("latency", fmt.Sprintf(`{"latency":%d}`, slowBy.Milliseconds()))
}

func (p proxy) poison(kind, attributes string) func() {
	toxic := fmt.Sprintf(`{"name":"fault","type":"%s","stream":"downstream","attributes":%s}`, kind, attributes)
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Error(err)
	}
	return func() {
		if err := p.Toxics.RemoveToxic(p.t.Context(), "fault"); err != nil {
			p.t.Error(err)
		}
	}
}
