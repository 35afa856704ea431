package attack

import (
	"slices"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// TestLoopsCountAsArtilleryDoes keeps what a script sees of the counter: it outlives its loop, a loop within may
// move it on, and neither changes how often the loop around runs.
func TestLoopsCountAsArtilleryDoes(t *testing.T) {
	s := newSite(t, fine)
	var names scenarios.Names
	counter := names.Slot("$loopCount")
	send := func(name string) *scenarios.Request {
		url, err := scenarios.Compile(s.URL+"/"+name+"{{ $loopCount }}", &names)
		if err != nil {
			t.Fatal(err)
		}
		return &scenarios.Request{Method: "GET", URL: url}
	}
	requests := []*scenarios.Request{send("outer"), send("inner"), send("none"), send("after")}
	for id, request := range requests {
		request.ID = id
	}
	script := &scenarios.Script{
		Phases: []scenarios.Phase{arriving(1)}, Requests: requests, Names: names,
		Scenarios: []scenarios.Scenario{{Weight: 1, Steps: []scenarios.Step{
			&scenarios.Loop{Count: 2, Index: counter, Steps: []scenarios.Step{
				requests[0],
				&scenarios.Loop{Count: 3, Index: counter, Steps: []scenarios.Step{requests[1]}},
			}},
			requests[3],
			&scenarios.Loop{Count: 0, Index: counter, Steps: []scenarios.Step{requests[2]}},
			requests[3],
		}}},
	}
	mustRun(t, Options{Script: script})
	var got []string
	for _, r := range s.asked() {
		got = append(got, r.URL.Path)
	}
	want := []string{"/outer0", "/inner0", "/inner1", "/inner2", "/outer4", "/inner0", "/inner1", "/inner2", "/after4", "/after0"}
	if !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}
