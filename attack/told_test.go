package attack

import (
	"net/http"
	"slices"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// The sink learns which scenario each user of an open phase walks through, and why users could not go on.
func TestSinkIsToldOfUsers(t *testing.T) {
	s := newSite(t, fine)
	script := plan(arriving(40), get(s.URL+"/a"), get(s.URL+"/b"))
	script.Scenarios = []scenarios.Scenario{
		{Weight: 1, Steps: []scenarios.Step{script.Requests[0]}},
		{Weight: 1, Steps: []scenarios.Step{script.Requests[1]}},
	}
	n, _ := mustRun(t, Options{Script: script})
	for scenario := range 2 {
		users := 0
		for _, i := range n.scenarios {
			if i == scenario {
				users++
			}
		}
		requests := 0
		for _, r := range n.results {
			if r.Step == scenario {
				requests++
			}
		}
		if users == 0 || users != requests {
			t.Errorf("scenario %d: %d users and %d requests, want as many of both", scenario, users, requests)
		}
	}
}

// A user of a closed phase goes through many scenarios, and so belongs to none.
func TestClosedUsersBelongToNoScenario(t *testing.T) {
	s := newSite(t, fine)
	n, _ := mustRun(t, Options{Script: plan(scenarios.Phase{Users: 2, Requests: 10}, get(s.URL))})
	if !slices.Equal(n.scenarios, []int{NoScenario, NoScenario}) {
		t.Errorf("scenarios %v, want two users without one", n.scenarios)
	}
}

// Only a redirect that is followed is marked so: neither its end, nor one that the script wants to see itself.
func TestFollowedRedirects(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			fine(w, r)
		}
	})
	stay := get(s.URL + "/moved")
	stay.NoFollow = true
	script := plan(scenarios.Phase{Users: 1, Requests: 3}, get(s.URL+"/moved"), stay, get(s.URL+"/round"))
	n, summary := mustRun(t, Options{Script: script})
	var followed []bool
	for _, r := range n.results[:3] {
		followed = append(followed, r.Followed)
	}
	if !slices.Equal(followed, []bool{true, false, false}) {
		t.Errorf("followed: %v, want the first of a redirect, its end and a redirect that is not to be followed", followed)
	}
	if !slices.Equal(n.userErrors, []string{"ERR_TOO_MANY_REDIRECTS"}) || summary.UserErrors["ERR_TOO_MANY_REDIRECTS"] != 1 {
		t.Errorf("the sink was told %q, the summary %v; want the endless redirect once in each", n.userErrors, summary.UserErrors)
	}
}
