package attack

import (
	"context"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Exchange is one request with its answer, for people to look at. Its slices are only lent.
type Exchange struct {
	Scenario int // index in Script.Scenarios; NoScenario: before or after all of them
	Step     *scenarios.Request
	Method   string
	URL      string
	Request  []byte // head and body as they were sent
	Status   int    // 0: there was no complete answer
	Head     []byte // status line and headers of the answer
	Body     []byte // of the answer, decoded
	Bytes    uint64 // the body had on its way
	Error    string // why there was no complete answer
	Latency  time.Duration

	Captured []Captured // variables that the answer changed
	Checks   []scenarios.CheckResult
	Failed   string // not empty: why the user does not go on
	Why      []string
}

// Captured is a variable with its new value.
type Captured struct{ Name, Value string }

// show hands an exchange to whoever looks on. before are the user's variables as they were sent.
func (c *client) show(bp *blueprint, hop redirect, status int, vars *scenarios.Vars, before []scenarios.Value, taken scenarios.Taken) {
	e := Exchange{
		Scenario: bp.step.Scenario, Step: bp.step, Method: hop.method, URL: hop.to.String() + requestTarget(c.out),
		Request: c.out, Status: status, Head: c.head, Body: c.answer.body.bytes, Bytes: c.res.BytesIn,
		Error: c.res.Error, Latency: c.res.Latency, Checks: taken.Checks, Failed: taken.Failed, Why: taken.Why,
	}
	if c.res.Error != "" {
		e.Status, e.Head, e.Body = 0, nil, nil
	}
	names := &c.run.opts.Script.Names
	for slot, old := range before {
		if value := vars.Slots[slot]; value.Defined() && (!old.Defined() || value.String() != old.String()) {
			e.Captured = append(e.Captured, Captured{names.Name(slot), value.String()})
		}
	}
	c.trace(&e)
}

// driveOnce has one user walk through each scenario, one after the other. Of a loop without end one round is enough.
func (r *run) driveOnce(ctx, stop context.Context, began time.Time) (time.Time, error) {
	c := &crew{run: r}
	for i := range r.opts.Script.Scenarios {
		if stop.Err() != nil {
			break
		}
		u := r.newUser(0, time.Now(), r.gate)
		c.session(u, i, func() error { return u.walkThrough(ctx, i) })
	}
	return time.Now(), nil
}
