package main

import (
	"testing"

	"github.com/starkillersystems/imgsvc/reports"
)

// drainDelay is shorter than what compose.yaml has: a balancer that is late meanwhile retries.
const drainDelay = "2s"

// TestRollingRestart replaces one instance after the other behind HAProxy while requests come in: none is lost.
func TestRollingRestart(t *testing.T) {
	f := newFleet(t, 3, "--drain-delay", drainDelay)
	end := f.attack("--rate", "200")
	for _, i := range f.instances {
		i.works(20)
		i.stop()
		i.start("--drain-delay", drainDelay)
		i.works(20)
	}
	report := end()
	if lost := lost(t, report); lost > 0 {
		t.Errorf("%d of %d requests lost", lost, report.Requests)
	}
}

// TestKilledInstance kills an instance behind HAProxy while users each have a request under way. What was under way on it
// may be lost, once for each user; nothing is lost after that, and the instance is sent requests again when it is back.
func TestKilledInstance(t *testing.T) {
	const users = 12
	f := newFleet(t, 3)
	end := f.attack("--vus", "12")
	victim, others := f.instances[0], f.instances[1:]
	victim.works(100)
	victim.kill()
	for _, i := range others {
		i.works(500)
	}
	victim.start()
	victim.works(100)
	report := end()
	if lost := lost(t, report); lost > users {
		t.Errorf("%d of %d requests lost, want no more than the %d that may have been under way", lost, report.Requests, users)
	}
}

// lost returns how many requests got no answer, or one that says something else than the listing.
func lost(t *testing.T, report reports.Report) int64 {
	t.Helper()
	lost := report.Requests - report.StatusCodes["200"]
	t.Logf("%d requests, %d lost: statuses %v, errors %v", report.Requests, lost, report.StatusCodes, report.Errors)
	if report.Requests == 0 {
		t.Error("nothing was sent")
	}
	return lost
}
