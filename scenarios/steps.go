package scenarios

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Think waits, as a person would between two requests.
type Think struct {
	Duration time.Duration
	Varies   Template // if it is not the zero Template, it is rendered for each wait and read instead of Duration
	Jitter   Jitter
}

// Jitter is how much longer or shorter a wait may be, every length being as likely as any other: by By and by Share of
// the wait itself.
type Jitter struct {
	By    time.Duration
	Share float64
}

// Wait returns how long a user waits this time. The error's text is the key it is counted under.
func (t *Think) Wait(vars *Vars) (time.Duration, error) {
	wait := t.Duration
	if t.Varies.source != "" {
		seconds, ok := secondsOf(t.Varies.Value(vars))
		if !ok {
			return 0, fmt.Errorf("Invalid think time: %s", t.Varies) //lint:ignore ST1005 Artillery's words
		}
		wait = time.Duration(math.Round(seconds * 1e9))
	}
	return t.Jitter.around(wait, vars.Random), nil
}

// secondsOf reads a time as think takes it: seconds, or text with a unit.
func secondsOf(v Value) (float64, bool) {
	seconds, ok := v.number()
	if text, isText := v.any.(string); isText && (!ok || strings.TrimSpace(text) == "") {
		seconds, ok = parseSpan(text)
	}
	return seconds, ok && seconds >= 0 && seconds <= maxSpan.Seconds()
}

func (j Jitter) around(wait time.Duration, random *rand.Rand) time.Duration {
	by := j.By + time.Duration(float64(wait)*j.Share)
	if by == 0 {
		return wait
	}
	return max(0, wait+time.Duration((2*random.Float64()-1)*float64(by)))
}

// Chance is how likely something happens, as Artillery has it: a number is drawn from 0 to 100, both included, and has
// to be less than the percentage. The zero Chance is certain; 100 % are not.
type Chance struct {
	percent float64
	set     bool
}

// Happens draws the number.
func (c Chance) Happens(random *rand.Rand) bool {
	return !c.set || float64(random.IntN(101)) < c.percent
}

// Loop repeats its steps. The variable with slot Index is set to First before the first round, even if there is none,
// and becomes its own Next after each. Rounds are counted apart: a loop within this one that uses the same variable
// changes what the steps behind it read, but not how often they run.
type Loop struct {
	Count  int64    // how many times; negative: for ever
	First  int64    // what the counter begins with
	Varies Template // if it is not the zero Template, it is rendered when the loop begins and read instead of the two
	Index  int
	Over   *Items // a round for each, instead of Count; nil: none
	Steps  []Step

	element int // the slot of the variable that holds the present item, and 1 more; 0: nobody reads it
}

// RoundsVary reports whether it is known only to a user how often some loop runs.
func (s *Script) RoundsVary() bool {
	return slices.ContainsFunc(s.Scenarios, func(one Scenario) bool { return one.Weight > 0 && roundsVary(one.Steps) })
}

func roundsVary(steps []Step) bool {
	return slices.ContainsFunc(steps, func(step Step) bool {
		switch step := step.(type) {
		case *Parallel:
			return roundsVary(step.Steps)
		case *Loop:
			return step.Varies.source != "" || step.Over != nil && step.Over.variable != nil || roundsVary(step.Steps)
		}
		return false
	})
}

// Items are what a loop goes over: a list of the script, or a variable that is one.
type Items struct {
	list     []computed
	variable *operand
}

// Rounds are what is left of a loop that has begun.
type Rounds struct {
	loop *Loop
	i    int64
	to   int64 // negative: for ever
	list []any // of a variable
}

// Begin sets the loop's variables for its first round.
func (l *Loop) Begin(vars *Vars) Rounds {
	r := Rounds{loop: l, i: l.First, to: l.First + l.Count}
	if l.Count < 0 {
		r.to = -1
	}
	if l.Varies.source != "" {
		r.i, r.to = roundsOf(l.Varies.Value(vars))
	}
	if l.Over != nil {
		r.to = int64(len(l.Over.list))
		if l.Over.variable != nil {
			r.list, _ = l.Over.variable.value(vars).any.([]any)
			r.to = int64(len(r.list))
		}
	}
	vars.Slots[l.Index] = Int(r.i)
	if l.element > 0 {
		vars.Slots[l.element-1] = r.item(vars)
	}
	return r
}

// More reports whether there is another round.
func (r *Rounds) More() bool { return r.i < r.to || r.to < 0 }

// Endless reports whether the rounds never end by themselves.
func (r *Rounds) Endless() bool { return r.to < 0 }

// Next ends a round and sets the loop's variables for the next, even if there is none.
func (r *Rounds) Next(vars *Vars) {
	r.i++
	index := &vars.Slots[r.loop.Index]
	*index = index.Next()
	if r.loop.element > 0 && r.loop.Over != nil {
		vars.Slots[r.loop.element-1] = r.item(vars)
	}
}

// item returns what the present round is about: undefined behind the last, and without a list the first round's number.
func (r *Rounds) item(vars *Vars) Value {
	over := r.loop.Over
	switch {
	case over == nil:
		return Int(r.i)
	case r.i < 0 || r.i >= r.to:
		return Value{}
	case over.variable != nil:
		return Any(r.list[r.i])
	}
	return over.list[r.i].value(vars)
}

// roundsOf reads a count as Artillery reads one that it has rendered: a number, -1 for no end, or a range such as 9-12,
// its end not included. What is none of these is no round at all.
func roundsOf(v Value) (from, to int64) {
	text, isText := v.any.(string)
	if n, ok := v.number(); ok && !(isText && strings.TrimSpace(text) == "") {
		switch {
		case n == -1:
			return 0, -1
		case isText:
			n = math.Trunc(n)
		}
		return 0, int64(max(0, min(math.Ceil(n), 1<<53)))
	}
	from, to, ok := parseRange(text)
	if !ok {
		return 0, 0
	}
	return from, to
}

// parseRange reads a text such as 9-12.
func parseRange(text string) (from, to int64, ok bool) {
	low, high, _ := strings.Cut(text, "-")
	from, err1 := strconv.ParseInt(strings.TrimSpace(low), 10, 53)
	to, err2 := strconv.ParseInt(strings.TrimSpace(high), 10, 53)
	return from, to, err1 == nil && err2 == nil && from >= 0 && to >= 0
}

// Parallel takes its steps as if all began at once, and is done when the last is. A user has one connection to an
// origin, as Artillery's users do, so that its requests take turns.
type Parallel struct{ Steps []Step }
