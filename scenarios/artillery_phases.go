package scenarios

import (
	"math"
	"time"
)

// phaseSpec is a phase as written; a nil number was not.
type phaseSpec struct {
	name                              string
	pos                               Pos
	duration, pause                   time.Duration
	hasDuration, hasPause             bool
	poisson, hasMode                  bool
	rate, rampTo, arrivals, maxVusers *float64
}

// phases reads config.phases. Without any, one user arrives.
func (a *artillery) phases(phases field) {
	if phases.value == nil || phases.value.kind == nothing {
		a.script.Phases = []Phase{{Duration: time.Second, Arrivals: evenly(time.Second, 1, 1000)}}
		return
	}
	if phases.value.kind != list {
		a.errorf(phases.value.pos, "phases must be a list, not %s", phases.value)
		return
	}
	sound, left := true, maxSpan
	for _, n := range phases.value.items {
		before := a.errors.count()
		p := a.phaseSpec(n)
		if a.errors.count() > before || !a.checkPhase(p) {
			sound = false
		} else if phase, ok := a.phase(p); ok {
			a.script.Phases = append(a.script.Phases, phase)
			if left -= phase.Duration; left < 0 {
				a.errorf(p.pos, "up to here the phases last longer than a year")
				return
			}
		}
	}
	if sound && len(a.script.Phases) == 0 {
		a.errorf(phases.pos, "no phase in which users arrive")
	}
}

func (a *artillery) phaseSpec(n *node) *phaseSpec {
	p := &phaseSpec{pos: n.pos, poisson: a.poisson}
	into := func(number **float64) handler {
		return func(f field) {
			if value, ok := a.number(f); ok && value < 0 {
				a.errorf(f.value.pos, "%s cannot be negative", f.key)
			} else if ok {
				*number = &value
			}
		}
	}
	if n.kind == nothing {
		a.errorf(n.pos, "an empty phase")
	}
	a.fields(n, "a phase", keys{
		"name":         unlessMissing(func(f field) { p.name, _ = a.text(f) }),
		"duration":     func(f field) { p.duration, p.hasDuration = a.span(f), true },
		"pause":        func(f field) { p.pause, p.hasPause = a.span(f), true },
		"arrivalRate":  into(&p.rate),
		"rampTo":       unlessMissing(into(&p.rampTo)),
		"arrivalCount": into(&p.arrivals),
		"maxVusers":    unlessMissing(into(&p.maxVusers)),
		"mode":         unlessMissing(func(f field) { p.poisson, p.hasMode = a.mode(f), true }),
	})
	return p
}

// unlessMissing passes over what a variable should have brought that nobody sets, as if it were not there; of that
// variable the reader has warned.
func unlessMissing(handle handler) handler {
	return func(f field) {
		if !f.value.missing {
			handle(f)
		}
	}
}

// checkPhase says what in a phase contradicts itself, or is missing.
func (a *artillery) checkPhase(p *phaseSpec) bool {
	before := a.errors.count()
	arriving := p.rate != nil || p.rampTo != nil || p.arrivals != nil
	switch {
	case p.hasPause && (arriving || p.hasDuration):
		a.errorf(p.pos, "a phase is a pause or has arrivals, not both")
	case p.arrivals != nil && (p.rate != nil || p.rampTo != nil):
		a.errorf(p.pos, "a phase has an arrivalCount or an arrivalRate, not both")
	case !p.hasPause && !arriving:
		a.errorf(p.pos, "a phase needs arrivalRate, arrivalCount, rampTo or pause")
	case p.duration == 0 && p.pause == 0:
		a.errorf(p.pos, "a phase needs a duration, in seconds")
	case p.rampTo != nil && p.duration%time.Second != 0:
		a.errorf(p.pos, "a ramp is made of whole seconds: its duration cannot be %v", p.duration)
	case p.arrivals != nil && *p.arrivals != math.Trunc(*p.arrivals):
		a.errorf(p.pos, "arrivalCount must be a whole number")
	case p.maxVusers != nil && (*p.maxVusers < 1 || *p.maxVusers > math.MaxInt32 || *p.maxVusers != math.Trunc(*p.maxVusers)):
		a.errorf(p.pos, "maxVusers must be a whole number from 1 up")
	case p.perSecond() > 1e6:
		a.errorf(p.pos, "more than 1000000 arrivals a second are not possible")
	}
	return a.errors.count() == before
}

// perSecond returns the greatest rate at which users of a phase arrive.
func (p *phaseSpec) perSecond() float64 {
	rate := max(value(p.rate), value(p.rampTo))
	if p.arrivals != nil {
		rate = *p.arrivals / p.duration.Seconds()
	}
	return rate
}

func value(number *float64) float64 {
	if number == nil {
		return 0
	}
	return *number
}

// phase turns a phase that makes sense into the model's; ok is false if nothing is left of it.
func (a *artillery) phase(p *phaseSpec) (phase Phase, ok bool) {
	phase = Phase{Name: p.name, Duration: p.duration, MaxUsers: int(value(p.maxVusers))}
	switch {
	case p.hasPause:
		phase.Duration = p.pause
	case p.rampTo != nil:
		phase.Arrivals = &Arrivals{Law: PerSecond, Rate: value(p.rate), RampTo: *p.rampTo}
	case p.arrivals != nil && *p.arrivals == 0:
		a.warnf(p.pos, "arrivalCount 0: Artillery skips this phase, and so does this run")
		return Phase{}, false
	case p.arrivals != nil:
		milliseconds := p.duration.Seconds() * 1000
		phase.Arrivals = evenly(p.duration, *p.arrivals/p.duration.Seconds(), milliseconds / *p.arrivals)
	case *p.rate == 0:
		a.warnf(p.pos, "arrivalRate 0: this phase is a pause of %v", p.duration)
	case p.poisson:
		phase.Arrivals = &Arrivals{Law: Poisson, Rate: *p.rate, RampTo: *p.rate}
	default:
		if *p.rate != math.Trunc(*p.rate) {
			a.warnf(p.pos, "arrivalRate %v: Artillery refuses a fraction, here it is exact", *p.rate)
		}
		phase.Arrivals = evenly(p.duration, *p.rate, 1000 / *p.rate)
	}
	if p.hasMode && p.poisson && (phase.Arrivals == nil || phase.Arrivals.Law != Poisson) {
		a.warnf(p.pos, "mode poisson has no effect here, as in Artillery: only an arrivalRate that does not ramp has random gaps")
	}
	if phase.Arrivals != nil && phase.Arrivals.Law == Even && phase.Arrivals.Count == 0 {
		a.warnf(p.pos, "no user arrives in %v at a rate of %v a second", p.duration, *p.rate)
	}
	return phase, true
}

// evenly spaces arrivals as Artillery's timer does: a whole number of microseconds apart, gap being in
// milliseconds, and as many of them as there is time for.
func evenly(duration time.Duration, rate, gap float64) *Arrivals {
	tick := math.Floor(gap * 1000)
	return &Arrivals{
		Law: Even, Rate: rate, RampTo: rate,
		Every: time.Duration(min(tick, 1e15)) * time.Microsecond,
		Count: int64(math.Floor(float64(duration.Microseconds()) / tick)),
	}
}

// arrivals returns how many users a phase lets in; on average, if they come at random.
func (p *Phase) arrivals() int64 {
	switch {
	case p.Arrivals == nil:
		return 0
	case p.Arrivals.Law == Even:
		return p.Arrivals.Count
	case p.Arrivals.Law == Poisson:
		return int64(math.Round(p.Arrivals.Rate * p.Duration.Seconds()))
	}
	seconds := int(p.Duration / time.Second)
	if seconds == 1 {
		return int64(math.Round((p.Arrivals.Rate + p.Arrivals.RampTo) / 2))
	}
	var users int64
	step := (p.Arrivals.RampTo - p.Arrivals.Rate) / float64(seconds-1)
	for i := range seconds {
		users += int64(math.Round(p.Arrivals.Rate + step*float64(i)))
	}
	return users
}
