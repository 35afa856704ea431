package attack

import (
	"bytes"
	"fmt"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// Outline is what an attack would do, as far as it is known before there are answers.
type Outline struct {
	Arrivals             []int64 // users of each phase of the script; -1: without end
	Before, Steps, After []Preview
}

// Preview is the first request of a step, as the script's first user would send it.
type Preview struct {
	Step    *scenarios.Request
	Request []byte // head, with the whole URL, and body
	Error   string // why it cannot be sent
}

// Plan works out what an attack would do. What answers set is still undefined. It sends nothing.
func Plan(o Options) (Outline, error) {
	o = o.withDefaults()
	r := &run{opts: o, shards: []Shard{Deaf{}}, userErrors: map[string]int64{}}
	if err := r.compile(); err != nil {
		return Outline{}, err
	}
	u := r.newUser(0, time.Now(), nil)
	var out Outline
	for i, p := range o.Script.Phases {
		out.Arrivals = append(out.Arrivals, r.total(i, p))
	}
	for _, s := range o.Script.Scenarios {
		u.preview(s.Steps, &out.Steps)
	}
	u.previewFlow(o.Script.Before, r.before, &out.Before)
	u.previewFlow(o.Script.After, r.after, &out.After)
	return out, nil
}

// total returns how many users a phase brings in.
func (r *run) total(i int, p scenarios.Phase) int64 {
	if p.Arrivals == nil {
		return int64(p.Users)
	}
	schedule := arrivals(p, arrivalStream(r.opts.Seed, i))
	if schedule.End() == 0 {
		return -1
	}
	return int64(dueBy(schedule, schedule.End()))
}

func (u *virtualUser) previewFlow(flow *scenarios.Flow, steps []*blueprint, into *[]Preview) {
	if flow != nil {
		u.steps = steps
		u.preview(flow.Steps, into)
	}
}

// preview renders the requests of steps, each once.
func (u *virtualUser) preview(steps []scenarios.Step, into *[]Preview) {
	for _, step := range steps {
		switch step := step.(type) {
		case *scenarios.Loop:
			step.Begin(u.vars)
			u.preview(step.Steps, into)
		case *scenarios.Parallel:
			u.preview(step.Steps, into)
		case *scenarios.Request:
			p := Preview{Step: step}
			out, to, _, err := u.steps[step.ID].render(nil, u.vars)
			if err != nil {
				p.Error = fmt.Sprintf("%s: %v", keyInvalidURL, err)
			} else {
				p.Request = absolute(out, to)
			}
			*into = append(*into, p)
		}
	}
}

// absolute returns a rendered request with its whole URL in the first line.
func absolute(request []byte, to origin) []byte {
	method, rest, _ := bytes.Cut(request, []byte(" "))
	return append(append(append(append([]byte{}, method...), ' '), to.String()...), rest...)
}
