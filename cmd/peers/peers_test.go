//go:build unix

package main

import (
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
	for _, g := range append(closedLoop(), fixedRate()...) {
		line := o.script(g)
		left := strings.Contains(line, "{C}") || strings.Contains(line, "{N}") || strings.Contains(line, "{R}")
		if left || !strings.Contains(line, "$1") || !strings.Contains(line, `"$0"`) {
			t.Errorf("%s: %s", g.name, line)
		}
	}
}

func TestRender(t *testing.T) {
	run := func(name string, samples ...sample) *runner {
		return &runner{generator: generator{name: name}, samples: samples}
	}
	got := render([]*runner{
		run("slow", sample{100, 40}, sample{300, 20}),
		run("wrk", sample{900, 10}, sample{1000, 12}, sample{2000, 11}),
	}, "wrk")
	want := `
        requests/s  of wrk's  CPU µs/request  of wrk's  slowest  fastest
   wrk        1000      1.00            11.0      1.00      900     2000
  slow         200      0.20            30.0      2.73      100      300
`
	if got != want[1:] {
		t.Errorf("got\n%swant%s", got, want)
	}
}

func TestStatus(t *testing.T) {
	count := status.FindSubmatch([]byte("Active connections: 2 \nserver accepts handled requests\n 12 12 3456 \nReading: 0\n"))
	if count == nil || string(count[1]) != "3456" {
		t.Errorf("%q", count)
	}
}
