package reports

import (
	"fmt"
	"slices"
	"strings"
)

// unit is what a metric is counted in. It knows how values of it are read and shown.
type unit int

const (
	nanoseconds unit = iota
	ratio            // 0–1
	perSecond
	plainCount
)

// metric is a figure of a report that a threshold can judge.
type metric struct {
	name    string
	unit    unit
	higher  bool                          // is better
	grows   bool                          // through the run, so that only its end can say that it is too low
	measure func(*Report) (float64, bool) // false if there are no samples
}

// metrics returns every metric, in the order they are listed to users.
func metrics() []metric {
	all := []metric{
		{name: "errors", unit: ratio, measure: func(r *Report) (float64, bool) {
			return share(r.Requests-r.Successes, r.Requests)
		}},
		{name: "success", unit: ratio, higher: true, measure: func(r *Report) (float64, bool) {
			return share(r.Successes, r.Requests)
		}},
	}
	all = append(all, rateMetrics("rps", func(r *Report) *Rates { return &r.RPS })...)
	all = append(all, rateMetrics("answered_rps", func(r *Report) *Rates { return &r.AnsweredRPS })...)
	all = append(all, countMetrics()...)
	// Without a prefix a quantile is of response: what users wait.
	all = append(all, quantileMetrics("", func(r *Report) *Distribution { return &r.Response })...)
	all = append(all, quantileMetrics("response.", func(r *Report) *Distribution { return &r.Response })...)
	all = append(all, quantileMetrics("latency.", func(r *Report) *Distribution { return &r.Latency })...)
	all = append(all, quantileMetrics("first_byte.", func(r *Report) *Distribution { return &r.FirstByte })...)
	all = append(all, quantileMetrics("lag.", func(r *Report) *Distribution { return &r.Lag })...)
	all = append(all, quantileMetrics("session.", func(r *Report) *Distribution { return &r.Session })...)
	return all
}

func share(part, all int64) (float64, bool) {
	if all == 0 {
		return 0, false
	}
	return float64(part) / float64(all), true
}

func rateMetrics(name string, of func(*Report) *Rates) []metric {
	rate := func(name string, grows bool, get func(*Rates) *float64) metric {
		return metric{name: name, unit: perSecond, higher: true, grows: grows,
			measure: func(r *Report) (float64, bool) {
				if v := get(of(r)); v != nil && r.Requests > 0 {
					return *v, true
				}
				return 0, false
			}}
	}
	return []metric{
		rate(name, false, func(r *Rates) *float64 { return r.Mean }),
		rate(name+".mean", false, func(r *Rates) *float64 { return r.Mean }),
		rate(name+".peak_1s", true, func(r *Rates) *float64 { return r.Peak1s }),
		rate(name+".peak_10s", true, func(r *Rates) *float64 { return r.Peak10s }),
	}
}

func countMetrics() []metric {
	count := func(name string, higher bool, get func(*Report) int64) metric {
		return metric{name: name, unit: plainCount, higher: higher, grows: true,
			measure: func(r *Report) (float64, bool) { return float64(get(r)), true }}
	}
	return []metric{
		count("requests", true, func(r *Report) int64 { return r.Requests }),
		count("responses", true, func(r *Report) int64 { return r.Responses }),
		count("successes", true, func(r *Report) int64 { return r.Successes }),
		count("unsent", false, func(r *Report) int64 { return r.Unsent }),
		count("reconnects", false, func(r *Report) int64 { return r.Reconnects }),
	}
}

func quantileMetrics(prefix string, of func(*Report) *Distribution) []metric {
	quantile := func(name string, get func(*Distribution) int64) metric {
		return metric{name: prefix + name, unit: nanoseconds, measure: func(r *Report) (float64, bool) {
			d := of(r)
			return float64(get(d)), d.Count > 0
		}}
	}
	return []metric{
		quantile("p50", func(d *Distribution) int64 { return d.P50 }),
		quantile("p75", func(d *Distribution) int64 { return d.P75 }),
		quantile("p90", func(d *Distribution) int64 { return d.P90 }),
		quantile("p95", func(d *Distribution) int64 { return d.P95 }),
		quantile("p99", func(d *Distribution) int64 { return d.P99 }),
		quantile("p999", func(d *Distribution) int64 { return d.P999 }),
		quantile("mean", func(d *Distribution) int64 { return d.Mean }),
		quantile("min", func(d *Distribution) int64 { return d.Min }),
		quantile("max", func(d *Distribution) int64 { return d.Max }),
	}
}

// findMetric returns the metric with a name, or an error that lists what there is.
func findMetric(name string) (metric, error) {
	all := metrics()
	if i := slices.IndexFunc(all, func(m metric) bool { return m.name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, m := range all {
		if prefix, _, dotted := strings.Cut(m.name, "."); !dotted || prefix == "rps" || prefix == "answered_rps" {
			names = append(names, m.name)
		}
	}
	return metric{}, fmt.Errorf("there is no metric %q; there are %s; p50 to max are of response, and there are also "+
		"those of latency, first_byte, lag and session, as latency.p99", name, strings.Join(names, ", "))
}

// hint says how a value of the unit is written.
func (u unit) hint() string {
	switch u {
	case nanoseconds:
		return "a duration, with its unit: 50ms, 1.5s, 800us, 900ns"
	case ratio:
		return "a share from 0 to 100 %: 0.1%, or 0.001"
	case perSecond:
		return "a rate per second, a plain number: 400"
	}
	return "a plain number: 100"
}

// exponent returns which power of ten of the unit a suffix stands for; false if it does not go with the unit.
func (u unit) exponent(suffix string) (string, bool) {
	exponent, ok := map[unit]map[string]string{
		nanoseconds: {"ns": "e0", "us": "e3", "µs": "e3", "μs": "e3", "ms": "e6", "s": "e9"},
		ratio:       {"": "e0", "%": "e-2"},
		perSecond:   {"": "e0", "/s": "e0"},
		plainCount:  {"": "e0"},
	}[u][suffix]
	return exponent, ok
}

// format writes a value of the unit with so many significant digits.
func (u unit) format(v float64, digits int) string {
	switch u {
	case nanoseconds:
		return duration(v, digits)
	case ratio:
		return number(100*v, digits) + "%"
	case perSecond:
		return number(v, digits+1)
	}
	return number(v, digits)
}
