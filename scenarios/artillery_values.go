package scenarios

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxSpan is the longest time a script may ask for.
const maxSpan = 365 * 24 * time.Hour

// text reads a value that must be text; numbers and booleans are taken as written.
func (a *artillery) text(f field) (string, bool) {
	if f.value.kind != scalar {
		a.errorf(f.value.pos, "%s must be text, not %s", f.key, f.value)
		return "", false
	}
	return f.value.text, true
}

// number reads a finite number; text that holds one is as good.
func (a *artillery) number(f field) (float64, bool) {
	value, ok := f.value.number()
	if !ok {
		a.errorf(f.value.pos, "%s must be a number, not %s", f.key, f.value.quoted())
	}
	return value, ok
}

// boolean reads true or false; text that holds one is as good.
func (a *artillery) boolean(f field) (value, ok bool) {
	if text := strings.ToLower(f.value.text); text == "true" || text == "false" {
		return text == "true", true
	}
	a.errorf(f.value.pos, "%s must be true or false, not %s", f.key, f.value.quoted())
	return false, false
}

// quoted names a value, and cites it where it is a text.
func (n *node) quoted() string {
	if n.kind == scalar && n.tag == "!!str" && n.origin == "" {
		return strconv.Quote(n.text)
	}
	return n.String()
}

// number returns the finite number a scalar stands for.
func (n *node) number() (float64, bool) {
	if n.kind != scalar || n.tag == "!!bool" {
		return 0, false
	}
	text := strings.TrimSpace(n.text)
	if n.tag == "!!int" {
		if i, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64); err == nil {
			return float64(i), true
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && !math.IsInf(value, 0) && !math.IsNaN(value)
}

// constant returns a scalar as the value a variable would have; ok is false if it is none.
func (n *node) constant() (value Value, ok bool) {
	switch {
	case n.missing:
		return Value{}, true
	case n.kind == nothing:
		return Any(nil), true
	case n.kind != scalar:
		return Value{}, false
	case n.tag == "!!bool":
		return Any(strings.EqualFold(n.text, "true")), true
	case n.tag == "!!int", n.tag == "!!float":
		f, finite := n.number()
		return Any(f), finite
	}
	return Any(n.text), true
}

// value returns what a node stands for as the value a variable would have.
func (n *node) value() Value {
	switch n.kind {
	case list:
		items := []any{}
		for _, item := range n.items {
			items = append(items, item.value().Plain())
		}
		return Any(items)
	case mapping:
		members := map[string]any{}
		for _, f := range n.fields {
			members[f.key] = f.value.value().Plain()
		}
		return Any(members)
	}
	v, _ := n.constant()
	return v
}

// span reads how long a phase lasts: whole seconds, or text with a unit.
func (a *artillery) span(f field) time.Duration {
	span, fraction := a.duration(f)
	if fraction {
		a.warnf(f.value.pos, "%s %s is taken as seconds: Artillery refuses a fraction, and wants a unit with it",
			f.key, f.value.text)
	}
	return span
}

// duration reads seconds as a number, or text with a unit as npm's ms reads it. fraction says that the number of
// seconds had no unit and was not whole. It returns 0 for what is no duration, which it says.
func (a *artillery) duration(f field) (span time.Duration, fraction bool) {
	if seconds, ok := f.value.number(); ok {
		return a.limited(f, seconds), seconds != math.Trunc(seconds)
	}
	if f.value.kind == scalar && f.value.tag != "!!bool" {
		if seconds, ok := parseSpan(f.value.text); ok {
			return a.limited(f, seconds), false
		}
	}
	a.errorf(f.value.pos, "%s must be seconds, or text with a unit such as 500ms, 30s or 5m, not %s", f.key, f.value.quoted())
	return 0, false
}

// limited turns seconds into a duration if they are neither negative nor more than anybody can wait.
func (a *artillery) limited(f field, seconds float64) time.Duration {
	switch {
	case seconds < 0:
		a.errorf(f.value.pos, "%s cannot be negative", f.key)
	case seconds > maxSpan.Seconds():
		a.errorf(f.value.pos, "%s is longer than a year", f.key)
	default:
		return time.Duration(math.Round(seconds * 1e9))
	}
	return 0
}

var spanWithUnit = regexp.MustCompile(`^(-?(?:[0-9]+)?\.?[0-9]+) *([a-zA-Z]+)$`)

// parseSpan returns the seconds in a text such as "1.5 hours".
func parseSpan(text string) (float64, bool) {
	found := spanWithUnit.FindStringSubmatch(strings.TrimSpace(text))
	if found == nil {
		return 0, false
	}
	value, err := strconv.ParseFloat(found[1], 64)
	return value * secondsPer(strings.ToLower(found[2])), err == nil && secondsPer(strings.ToLower(found[2])) > 0
}

// secondsPer knows the units of npm's ms; 0 stands for no unit.
func secondsPer(unit string) float64 {
	switch unit {
	case "ms", "msec", "msecs", "millisecond", "milliseconds":
		return 1e-3
	case "s", "sec", "secs", "second", "seconds":
		return 1
	case "m", "min", "mins", "minute", "minutes":
		return 60
	case "h", "hr", "hrs", "hour", "hours":
		return 3600
	case "d", "day", "days":
		return 24 * 3600
	case "w", "week", "weeks":
		return 7 * 24 * 3600
	}
	return 0
}
