package attack_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// dicing is a script in which whatever can be random is.
const dicing = `
config:
  target: "http://shop.test"
  payload: {path: rows.csv, fields: [name, size]}
  variables: {color: [red, green, blue, black]}
  phases: [%s]
scenarios:
  - name: many
    weight: 3
    flow:
      - get: {url: "/many?color={{ color }}&n={{ $randomNumber(1, 100000) }}&s={{ $randomString(8) }}"}
      - think: 0.2
        jitter: "50%%"
      - loop:
          - get: {url: "/many/{{ name }}/{{ $loopCount }}?n={{ $randomNumber(1, 100) }}", probability: 60}
        count: 4
  - name: one
    weight: 2
    flow:
      - get: {url: "/one/{{ size }}", capture: {json: "$.ids[*]", as: id}}
      - post: {url: "/ids/{{ id }}", json: {color: "{{ color }}", n: "{{ $randomNumber(1, 100000) }}"}}
`

func diced(t *testing.T, phases string) *scenarios.Script {
	t.Helper()
	dir := t.TempDir()
	var rows strings.Builder
	for i := range 50 {
		fmt.Fprintf(&rows, "name%d,%d\n", i, i*7)
	}
	for name, text := range map[string]string{"rows.csv": rows.String(), "s.yml": fmt.Sprintf(dicing, phases)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script, err := scenarios.LoadFile(filepath.Join(dir, "s.yml"), scenarios.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// said returns what each connection was told, byte for byte, and when requests were due: both in an order that does not
// depend on whose turn it was. later is the time of day, from which nothing may be drawn.
func said(t *testing.T, o attack.Options, later time.Duration) (text string) {
	t.Helper()
	inBubble(t, nil, func(t *testing.T, n *network) {
		n.tapped = true
		time.Sleep(later)
		n.serve(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Duration(len(r.URL.Path)) * ms)
			fmt.Fprint(w, `{"ids": [1, 2, 3, 4, 5, 6, 7]}`)
		})
		out := run(t, context.Background(), n, o)
		if out.Requests == 0 || out.Responses != out.Requests || len(out.UserErrors) > 0 {
			t.Fatalf("%d requests, %d answers, %v", out.Requests, out.Responses, out.UserErrors)
		}
		var all []string
		for _, tap := range n.taps {
			all = append(all, tap.String())
		}
		slices.Sort(all)
		if each := slices.Compact(slices.Clone(all)); len(each) < len(all) {
			t.Errorf("of %d users only %d did something of their own", len(all), len(each))
		}
		for _, r := range out.results {
			all = append(all, fmt.Sprint(r.Due().Sub(out.summary.Started)))
		}
		text = strings.Join(all, "\n")
	})
	return text
}

// The same script, seed and server have the same requests sent, to the byte and the nanosecond, however many cores there
// are; another seed has others.
func TestTheSameSeedSendsTheSame(t *testing.T) {
	inLoop := diced(t, "{duration: 1, arrivalRate: 1}")
	inLoop.Phases = []scenarios.Phase{{Users: 7, Duration: 5*time.Second + 300*time.Microsecond}}
	atOnce := diced(t, "{duration: 1, arrivalRate: 1}")
	atOnce.Phases = nil
	for scenario := range 2 { // each of whose users belongs to its phase, whoever gets a core first
		atOnce.Phases = append(atOnce.Phases, scenarios.Phase{
			Only: []int{scenario}, Arrivals: &scenarios.Arrivals{Law: scenarios.Even, Count: 30},
		})
	}
	targets := load(t, "targets.txt", "GET http://shop.test/a\nPOST http://shop.test/b\nGET http://shop.test/c\n")
	tests := []struct {
		name    string
		options attack.Options
		random  bool
	}{
		{"one user", attack.Options{Script: diced(t, "{duration: 1, arrivalCount: 1}")}, true},
		{"users who arrive", attack.Options{Script: diced(t, "{duration: 2, arrivalRate: 40}, {duration: 3, rampTo: 60}")}, true},
		{"who arrive at random", attack.Options{Script: diced(t, "{duration: 2, arrivalRate: 50, mode: poisson}")}, true},
		{"who all arrive at once", attack.Options{Script: atOnce}, true},
		{"users in a loop", attack.Options{Script: inLoop}, true},
		{"a rate", attack.Options{Script: targets, Rate: attack.Ramp{From: 30, To: 90, Duration: 3 * time.Second}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.options.Seed = 1
			first := said(t, test.options, 0)
			for i, cores := range []int{1, 2, runtime.GOMAXPROCS(0)} {
				before := runtime.GOMAXPROCS(cores)
				again := said(t, test.options, time.Duration(i+1)*1234567*time.Microsecond)
				runtime.GOMAXPROCS(before)
				if again != first {
					t.Fatalf("on %d cores the same seed sent something else: %s", cores, difference(first, again))
				}
			}
			test.options.Seed = 2
			if other := said(t, test.options, 0); (other != first) != test.random {
				t.Errorf("another seed sends something else: %v, want %v", other != first, test.random)
			}
		})
	}
}

// difference is the first line that differs.
func difference(a, b string) string {
	one, two := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(one), len(two)) {
		if one[i] != two[i] {
			return fmt.Sprintf("line %d is %q, then %q", i, one[i], two[i])
		}
	}
	return fmt.Sprintf("%d lines, then %d", len(one), len(two))
}

// tap keeps what one connection was told.
type tap struct{ bytes.Buffer }
