package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// digits is how many significant digits figures are shown with.
const digits = 3

// short writes nanoseconds with three significant digits and their unit: 812ns, 61.2ms, 1.53s, 2h46m40s.
func short(ns int64) string { return duration(float64(ns), digits) }

// spaced is short with a space before the unit, for sentences.
func spaced(ns int64) string {
	text := short(ns)
	unit := strings.IndexFunc(text, unicode.IsLetter)
	return text[:unit] + " " + text[unit:]
}

// duration writes nanoseconds with so many significant digits and the unit that keeps the number below 1000.
func duration(ns float64, digits int) string {
	ns = significantly(ns, digits)
	switch d := time.Duration(ns); {
	case d >= 1000*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return number(ns/1e9, digits) + "s"
	case d >= time.Millisecond:
		return number(ns/1e6, digits) + "ms"
	case d >= time.Microsecond:
		return number(ns/1e3, digits) + "µs"
	}
	return number(ns, digits) + "ns"
}

// significantly rounds v to so many significant digits, but no whole digit away.
func significantly(v float64, digits int) float64 {
	text := strconv.FormatFloat(v, 'e', digits-1, 64)
	rounded, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("reports: " + err.Error()) // FormatFloat's own text
	}
	return rounded
}

// number writes v with so many significant digits, all of its whole ones, and its thousands apart: 0.25, 1,910.
func number(v float64, digits int) string {
	decimals := 0
	if v != 0 {
		decimals = max(0, digits-1-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		fraction = "." + fraction
	}
	return thousands(whole) + fraction
}

// integer writes n with its thousands apart.
func integer(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

func plural(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return integer(n) + " " + noun
}

func thousands(whole string) string {
	start := 0
	if strings.HasPrefix(whole, "-") {
		start = 1
	}
	for i := len(whole) - 3; i > start; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole
}

// percent writes a ratio for a sentence. Only what is whole is 100 %.
func percent(ratio float64) string {
	text := ""
	for digits := digits; ; digits++ {
		text = number(100*ratio, digits)
		if text != "100" || ratio == 1 || digits > 9 {
			return text + " %"
		}
	}
}

// throughput writes a rate per second, or – where there is none.
func throughput(perSecond *float64) string {
	if perSecond == nil {
		return "–"
	}
	return number(*perSecond, digits+1)
}

// size writes a number of bytes in decimal units.
func size(n uint64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		if v /= 1000; v < 999.5 {
			break
		}
	}
	return number(v, digits) + " " + unit
}

// plain is text that cannot move the cursor of a terminal: control characters become spaces.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// clip cuts text to at most width characters, marking the cut.
func clip(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:max(width-1, 0)]) + "…"
}

// wrap breaks text at spaces so that no line is wider than width, unless a word is; later lines start with indent.
func wrap(text string, width int, indent string) string {
	var out strings.Builder
	line := []rune(text)
	for len(line) > width {
		at := width
		for at > len(indent) && line[at] != ' ' {
			at--
		}
		if line[at] != ' ' { // a word wider than the line
			at = len(line)
			if next := slices.Index(line[width:], ' '); next >= 0 {
				at = width + next
			}
		}
		out.WriteString(strings.TrimRight(string(line[:at]), " ") + "\n")
		line = []rune(indent + strings.TrimLeft(string(line[at:]), " "))
	}
	return strings.TrimRight(out.String()+string(line), " ")
}

// sparkline draws values as bars of at most width characters, each the mean of the values it stands for.
func sparkline(values []float64, width int) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	per := (len(values) + width - 1) / width
	var means []float64
	highest := 0.0
	for i := 0; i < len(values); i += per {
		part := values[i:min(i+per, len(values))]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		means = append(means, sum/float64(len(part)))
		highest = max(highest, means[len(means)-1])
	}
	var line strings.Builder
	for _, mean := range means {
		bar := 0
		if highest > 0 {
			bar = int(math.Round(mean / highest * float64(len(bars)-1)))
		}
		line.WriteRune(bars[bar])
	}
	return line.String()
}
