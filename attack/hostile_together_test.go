package attack

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Users and rates that meet all faults in turn get as many results as they sent requests, each with its own outcome: no
// fault spoils the request behind it.
func TestHostileServersTogether(t *testing.T) {
	var cases []hostile
	for _, group := range [][]hostile{hostileHeads(), hostileStatusLines(), hostileBodies(), hostileChunks(), hostileExtras()} {
		for _, h := range group {
			if h.talk != nil && !h.waits && h.change == nil {
				cases = append(cases, h)
			}
		}
	}
	url := dialogue(t, func(c net.Conn, in *bufio.Reader) {
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			var number int
			fmt.Sscanf(r.URL.Path, "/%d", &number)
			if !cases[number].talk(c) {
				return
			}
			if len(cases[number].want) > len("200") { // the client is about to close
				io.Copy(io.Discard, in)
				return
			}
		}
	})
	var steps []scenarios.Step
	for i := range cases {
		steps = append(steps, get(fmt.Sprintf("%s/%d", url, i)))
	}
	for law, o := range map[string]Options{
		"users": {Script: plan(scenarios.Phase{Users: 3, Requests: int64(6 * len(cases))}, steps...)},
		"rate":  {Script: plan(scenarios.Phase{}, steps...), Rate: Ramp{From: 500, To: 500}, Requests: int64(6 * len(cases))},
	} {
		o.Script.Scenarios[0].Independent, o.Remote, o.Timeout = true, true, ampleLimit
		n, summary := mustRun(t, o)
		if len(n.results) != 6*len(cases) || n.unsent > 0 || summary.Reconnects > 0 {
			t.Errorf("%s: %d results, %d unsent, %d reconnects; want %d, 0, 0", law, len(n.results), n.unsent, summary.Reconnects, 6*len(cases))
		}
		for _, r := range n.results {
			if h := cases[r.Step]; outcomeOf(r) != h.want {
				t.Errorf("%s: %s: %s, want %s", law, h.fault, outcomeOf(r), h.want)
			}
		}
	}
}
