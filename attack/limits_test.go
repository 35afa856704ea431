package attack

import (
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// TestLimitsAreJudged compares what runs may need with what machines have.
func TestLimitsAreJudged(t *testing.T) {
	tests := []struct {
		name    string
		needs   needs
		limits  limits
		fails   []string // in the error
		warning []string // in the only warning
	}{
		{"enough of everything", needs{users: 100, most: 100, origins: 1, network: true},
			limits{files: 1024, open: 8, ports: 28_232}, nil, nil},
		{"nothing is known", needs{users: 1e6, most: 1e6, origins: 3, network: true}, limits{}, nil, nil},
		{"users that can never all connect", needs{users: 2000, most: 2000, origins: 1, network: true},
			limits{files: 1024, open: 8, ports: 28_232},
			[]string{"2000 users", "1024 files", "1000 are free", "--nofile=2024:2024"}, nil},
		{"a few files are for other things", needs{users: 1001, most: 1001, origins: 1},
			limits{files: 1024, open: 8}, []string{"1001 users"}, nil},
		{"just so many", needs{users: 1000, most: 1000, origins: 1}, limits{files: 1024, open: 8}, nil, nil},
		{"users that may want a connection to each of two", needs{users: 600, most: 600, origins: 2},
			limits{files: 1024, open: 8}, nil, []string{"up to 1200 connections", "1024 files", "EMFILE", "--nofile=1224:1224"}},
		{"a rate whose answers are slow", needs{most: 4000, origins: 1}, limits{files: 1024, open: 8},
			nil, []string{"up to 4000 connections", "if answers are slow"}},
		{"more users than ports at one address", needs{users: 30_000, most: 30_000, origins: 1, network: true, fixed: true},
			limits{ports: 28_232}, []string{"30000 users", "28232 local ports", "ip_local_port_range"}, nil},
		{"a name may have several addresses", needs{users: 30_000, most: 30_000, origins: 1, network: true},
			limits{ports: 28_232}, nil, []string{"EADDRNOTAVAIL", "ip_local_port_range"}},
		{"a unix socket takes no ports", needs{users: 30_000, most: 30_000, origins: 1, fixed: true},
			limits{ports: 28_232}, nil, nil},
		{"ports rest after use", needs{most: 500, origins: 1, network: true, arrive: 30_000, arriveSoon: 500},
			limits{ports: 28_232}, nil, []string{"up to 30000 local ports", "those of closed connections included"}},
		{"or are reused", needs{most: 500, origins: 1, network: true, arrive: 30_000, arriveSoon: 500},
			limits{ports: 28_232, reuse: true}, nil, nil},
		{"or are reused on this machine only",
			needs{most: 500, origins: 1, network: true, arrive: 30_000, arriveSoon: 500, loopback: true},
			limits{ports: 28_232, loopback: true}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			warnings, err := judge(tt.needs, tt.limits)
			if (err != nil) != (tt.fails != nil) || (len(warnings) == 1) != (tt.warning != nil) || len(warnings) > 1 {
				t.Fatalf("error %v, warnings %q", err, warnings)
			}
			for _, want := range tt.fails {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
			for _, want := range tt.warning {
				if !strings.Contains(warnings[0].Error(), want) {
					t.Errorf("no %q in: %s", want, warnings[0])
				}
			}
		})
	}
}

// TestNeeds works out what options may need.
func TestNeeds(t *testing.T) {
	open := func(rate, to float64, over time.Duration) scenarios.Phase {
		return scenarios.Phase{Duration: over, Arrivals: &scenarios.Arrivals{Law: scenarios.Linear, Rate: rate, RampTo: to}}
	}
	capped := open(50, 50, time.Minute)
	capped.MaxUsers = 20
	tests := []struct {
		name string
		opts Options
		want needs
	}{
		{"users", Options{Script: plan(scenarios.Phase{Users: 32}, get("http://127.0.0.1/"))},
			needs{users: 32, most: 32, origins: 1, fixed: true, loopback: true, network: true}},
		{"fewer requests than users", Options{Script: plan(scenarios.Phase{Users: 32, Requests: 5}, get("http://10.0.0.1/"))},
			needs{users: 5, most: 5, origins: 1, fixed: true, network: true}},
		{"users of two origins", Options{
			Script: plan(scenarios.Phase{Users: 32}, get("http://a.test/"), get("http://b.test/")),
		}, needs{users: 32, most: 32, origins: 2, network: true}},
		{"a unix socket", Options{UnixSocket: "/x", Script: plan(scenarios.Phase{Users: 32}, get("http://a.test/"))},
			needs{users: 32, most: 32, origins: 1}},
		{"a rate", Options{Rate: Ramp{From: 400, To: 400}, Script: plan(scenarios.Phase{}, get("http://a.test/"))},
			needs{most: 4000, origins: 1, network: true}},
		{"a short ramp", Options{
			Rate: Ramp{From: 0, To: 1000, Duration: time.Minute}, Requests: 3000,
			Script: plan(scenarios.Phase{}, get("http://localhost/")),
		}, needs{most: 3000, origins: 1, loopback: true, network: true}},
		{"a rate that is capped", Options{
			Rate: Ramp{From: 1e6, To: 1e6}, Script: plan(scenarios.Phase{}, get("http://[::1]:80/")),
		}, needs{most: 10_000, origins: 1, fixed: true, loopback: true, network: true}},
		{"users who arrive", Options{Script: plan(open(50, 50, time.Minute), get("http://a.test/"))},
			needs{most: 3000, origins: 1, network: true, arrive: 3000, arriveSoon: 50}},
		{"who are capped", Options{Script: plan(capped, get("http://a.test/"))},
			needs{most: 20, origins: 1, network: true, arrive: 3000, arriveSoon: 50}},
		{"who are cut short", Options{Duration: time.Second, Script: plan(open(50, 50, time.Minute), get("http://a.test/"))},
			needs{most: 51, origins: 1, network: true, arrive: 51, arriveSoon: 50}}, // one is due at 0 and one at 1 s
		{"who never end", Options{Script: plan(open(50, 50, 0), get("http://a.test/"))},
			needs{most: 10_000, origins: 1, network: true, arrive: 3000, arriveSoon: 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{opts: tt.opts.withDefaults()}
			if err := r.compile(); err != nil {
				t.Fatal(err)
			}
			got := r.needs()
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
