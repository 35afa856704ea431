//go:build unix

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestScript(t *testing.T) {
	o := options{connections: 32, duration: 1500 * time.Millisecond, rate: 400}
	got := o.script(generator{line: `"$0" -c {C} -d {N}s -r {R} "$1"`})
	if want := `"$0" -c 32 -d 2s -r 400 "$1"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, g := range slices.Concat(closedLoop(), fixedRate(), closedLoopTLS(), oneCore(), twoCores(), artilleryScript()) {
		line := o.script(g)
		left := strings.Contains(line, "{C}") || strings.Contains(line, "{N}") || strings.Contains(line, "{R}")
		url := strings.Contains(line, "$1") || strings.Contains(line, "${1}")
		if left || !url || !strings.Contains(line, `"$0"`) {
			t.Errorf("%s: %s", g.name, line)
		}
	}
}

// Every table has the generator that it divides by, and imgsvc.
func TestGenerators(t *testing.T) {
	for _, test := range []struct {
		name, base string
		generators []generator
	}{
		{"closed", "wrk", closedLoop()},
		{"rate", "vegeta", fixedRate()},
		{"tls", "wrk", closedLoopTLS()},
		{"one core", "wrk", oneCore()},
		{"two cores", "wrk", twoCores()},
		{"artillery", "artillery", artilleryScript()},
	} {
		for _, name := range []string{"imgsvc", test.base} {
			if len(named(test.generators, name)) != 1 {
				t.Errorf("%s: not one %s", test.name, name)
			}
		}
	}
}

func TestChooseTables(t *testing.T) {
	all := strings.Join(tableNames(), ",")
	for _, test := range []struct{ names, want string }{
		{all, all},
		{"service,closed", "closed,service"},
		{"tls", "tls"},
	} {
		chosen, err := chooseTables(test.names)
		if err != nil {
			t.Errorf("%s: %v", test.names, err)
		}
		var got []string
		for _, c := range chosen {
			got = append(got, c.name)
		}
		if strings.Join(got, ",") != test.want {
			t.Errorf("%s: got %v, want %s", test.names, got, test.want)
		}
	}
	for _, names := range []string{"", "closed,", "wrk"} {
		if _, err := chooseTables(names); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}

func TestRender(t *testing.T) {
	run := func(name string, samples ...sample) *runner {
		return &runner{generator: generator{name: name}, samples: samples}
	}
	got := render([]*runner{
		run("slow", sample{rate: 100, cpu: 40}, sample{rate: 300, cpu: 20}),
		run("wrk", sample{rate: 90_000, cpu: 10}, sample{rate: 100_000, cpu: 10}, sample{rate: 200_000, cpu: 5}),
	}, "wrk")
	want := `
        requests/s  of wrk's  CPU µs/request  of wrk's  cores  slowest  fastest
   wrk      100000      1.00            10.0      1.00   1.00    90000   200000
  slow         200      0.00            30.0      3.00   0.01      100      300
`
	if got != want[1:] {
		t.Errorf("got\n%swant%s", got, want)
	}
}

func TestRenderWithoutBase(t *testing.T) {
	got := render([]*runner{{generator: generator{name: "ab"}, samples: []sample{{rate: 100, cpu: 10}}}}, "wrk")
	if !strings.Contains(got, "–") || strings.Contains(got, "NaN") {
		t.Errorf("got\n%s", got)
	}
}

func TestUsersNote(t *testing.T) {
	got := usersNote([]*runner{
		{generator: generator{name: "imgsvc"}, samples: []sample{{users: 400}, {users: 400}}},
		{generator: generator{name: "artillery"}, samples: []sample{{users: 400}, {users: 312}}},
	})
	if want := "users connected, of 400: imgsvc 400–400, artillery 312–400\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Ratios are of the same round: a round in which the machine is slower for everybody changes none.
func TestRenderCosts(t *testing.T) {
	got := renderCosts([]*contender{
		{process: &process{name: "bare"}, costs: []float64{10, 20, 10}},
		{process: &process{name: "service"}, costs: []float64{11, 22, 12}},
	})
	want := `
           CPU µs/request  ratio  lowest  highest
     bare            10.0   1.00    1.00     1.00
  service            12.0   1.10    1.10     1.20
`
	if got != want[1:] {
		t.Errorf("got\n%swant%s", got, want)
	}
}
