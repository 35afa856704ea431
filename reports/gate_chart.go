package reports

import (
	"fmt"
	"math"
)

// The chart of a metric, in units of its viewBox.
const (
	chartWidth  = 640.0
	chartHeight = 220.0
	chartLeft   = 64.0 // of it: names of the ticks
	chartBottom = 28.0
	chartTop    = 10.0
)

// gateChart is a metric's pairs as points, with the interval of its estimate and its margin, ready to be drawn.
type gateChart struct {
	Name, Verdict, Describes string
	Points                   []chartPoint
	Ticks                    []chartTick
	Pairs                    []chartTick // names along the bottom
	Zero, Margin             float64     // y
	Estimate                 float64
	Band                     bool // there is an interval
	BandTop, BandHeight      float64
	Left, Right, Top, Bottom float64
	Width, Height            float64
	MarginName               string
	Rows                     []chartRow
}

type chartPoint struct {
	X, Y  float64
	Title string
	Over  bool // worse than the margin
}

type chartTick struct {
	At   float64
	Name string
}

// chartRow is a pair in the table beside the chart.
type chartRow struct {
	Pair                   int
	First                  string // side
	Base, Candidate, Ratio string
}

// charts returns a chart of each metric that has pairs.
func (g *Gate) charts() (charts []gateChart) {
	base, candidate := g.counting(SideBase), g.counting(SideCandidate)
	for i, m := range gateMetrics() {
		if m.of != nil && len(base) > 0 && g.Metrics[i].Estimate != nil {
			charts = append(charts, g.chart(g.Metrics[i], m, base, candidate))
		}
	}
	return charts
}

func (g *Gate) chart(of GateMetric, m gateMetric, base, candidate []GateRound) gateChart {
	c := gateChart{
		Name: of.Name, Verdict: of.Verdict, Left: chartLeft, Right: chartWidth - 8, Top: chartTop,
		Bottom: chartHeight - chartBottom, Width: chartWidth, Height: chartHeight, MarginName: "margin " + percent(of.Margin),
	}
	c.Describes = fmt.Sprintf("Each point is a pair of rounds: by how much %s of the candidate was worse than that of the base. "+
		"%s pairs, estimate %s, %s, %s.", of.Name, integer(int64(len(base))), signed(*of.Estimate), of.interval(g.Alpha), c.MarginName)
	seen := []float64{0, of.Margin, *of.Estimate}
	if of.Interval != nil {
		seen = append(seen, of.Interval[0], of.Interval[1])
	}
	ratios := make([]float64, len(base))
	for i := range base {
		one := m.logRatios(base[i:i+1], candidate[i:i+1])
		ratios[i] = math.NaN()
		if len(one) == 1 {
			ratios[i] = math.Expm1(one[0])
			seen = append(seen, ratios[i])
		}
	}
	y := c.scale(seen)
	c.Zero, c.Margin, c.Estimate = y(0), y(of.Margin), y(*of.Estimate)
	if of.Interval != nil {
		c.Band, c.BandTop = true, y(of.Interval[1])
		c.BandHeight = y(of.Interval[0]) - c.BandTop
	}
	for i, ratio := range ratios {
		c.add(of, m, base[i], candidate[i], i, len(base), ratio, y)
	}
	return c
}

// add puts a pair into chart and table; a ratio that is not there is in the table alone.
func (c *gateChart) add(of GateMetric, m gateMetric, base, candidate GateRound, i, n int, ratio float64, y func(float64) float64) {
	b, d := m.of(base), m.of(candidate)
	row := chartRow{Pair: base.Pair, First: SideBase, Base: of.value(&b), Candidate: of.value(&d), Ratio: "–"}
	if candidate.Order < base.Order {
		row.First = SideCandidate
	}
	x := c.Left + (c.Right-c.Left)*(float64(i)+0.5)/float64(n)
	if !math.IsNaN(ratio) {
		row.Ratio = signed(ratio)
		c.Points = append(c.Points, chartPoint{x, y(ratio), fmt.Sprintf("pair %d: %s", base.Pair, row.Ratio), ratio > of.Margin})
	}
	if i == 0 || i == n-1 || base.Pair%6 == 0 {
		c.Pairs = append(c.Pairs, chartTick{x, fmt.Sprint(base.Pair)})
	}
	c.Rows = append(c.Rows, row)
}

// scale sets the ticks so that all values lie within them, and returns where a value is drawn.
func (c *gateChart) scale(values []float64) func(float64) float64 {
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	step := niceStep((hi - lo) / 4)
	first, last := math.Floor(lo/step), math.Ceil(hi/step)
	if first == last {
		last++
	}
	y := func(v float64) float64 {
		return c.Bottom - (c.Bottom-c.Top)*(v/step-first)/(last-first)
	}
	for k := first; k <= last; k++ {
		c.Ticks = append(c.Ticks, chartTick{y(k * step), signed(k * step)})
	}
	return y
}

// niceStep returns the least of 1, 2 and 5 times a power of ten that is at least v, and 1 % at the least.
func niceStep(v float64) float64 {
	if !(v > 0.01) {
		return 0.01
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, times := range []float64{1, 2, 5} {
		if times*power >= v {
			return times * power
		}
	}
	return 10 * power
}
