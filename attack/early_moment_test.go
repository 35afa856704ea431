package attack_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// A service that dies over a body has failed it, even if the method may be repeated: it was at work for longer than a
// close that crossed the request could have been on its way.
func TestServiceThatDiesOverABodyIsNotAskedAgain(t *testing.T) {
	var received atomic.Int64
	dies := func(w http.ResponseWriter, r *http.Request) {
		if received.Add(1); r.Method == "PUT" {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<15)
			time.Sleep(100 * time.Millisecond)
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "hello")
	}
	inBubble(t, dies, func(t *testing.T, n *network) {
		script := load(t, "s.yml", fmt.Sprintf(`
config: {target: "http://shop.test"}
scenarios: [{flow: [{get: {url: "/"}}, {put: {url: "/", body: %q}}]}]
`, strings.Repeat("x", 1<<16)))
		script.Phases = []scenarios.Phase{{Users: 1, Requests: 4}}
		out := run(t, context.Background(), n, attack.Options{Script: script, Timeout: time.Minute})
		if out.StatusCodes["200"] != 2 || out.Errors["ECONNRESET"]+out.Errors["EPIPE"] != 2 || received.Load() != 4 {
			t.Errorf("answers %v, errors %v of %d requests received, want 2 answered, 2 reset and 4",
				out.StatusCodes, out.Errors, received.Load())
		}
	})
}
