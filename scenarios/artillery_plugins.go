package scenarios

import (
	"strconv"
	"time"
)

// Ensure is what a script demands of a whole run: Artillery's plugin of that name. All of it must hold.
type Ensure struct {
	Thresholds   []EnsureThreshold
	Conditions   []EnsureCondition
	MaxErrorRate *float64          // the most users, in percent of those created, that may fail to complete; nil: any
	Legacy       []EnsureThreshold // min, max, median, p95 or p99 of http.response_time, below Max, in whole milliseconds
}

// EnsureThreshold demands that a metric, named as Artillery names it, is below a number.
type EnsureThreshold struct {
	Metric string
	Max    float64
}

// EnsureCondition demands that an expression over metrics is true, or, if it is not Strict, says whether it is.
type EnsureCondition struct {
	Expression string
	Strict     bool
	Pos        Pos
}

// ByEndpoint asks for figures of each URL: Artillery's metrics-by-endpoint.
type ByEndpoint struct {
	UseOnlyRequestNames bool
	StripQueryString    bool
	IgnoreUnnamed       bool
	GroupDynamic        bool   // by the URL as the script has it, not as it was rendered
	Namespace           string // what the names of the metrics begin with
	Unasked             bool   // the script does not name the plugin: its figures are for reports, not for the terminal
}

// ExpectOptions are those of Artillery's plugin expect; nil on a Script: it is not on, and expect is not looked at.
type ExpectOptions struct {
	ReportAsErrors      bool   // a request that is not as expected counts as an error and ends its user
	Default200          bool   // what does not say expects a status of 200
	UseOnlyRequestNames bool   // messages name a request, not its URL
	Format              string // of messages: pretty, json, prettyError or silent
}

func (a *artillery) readExpect(n *node) {
	if n == nil {
		return
	}
	a.script.Expect = a.expectPlugin(n)
}

// flag reads true or false into a place; nothing leaves it as it is.
func (a *artillery) flag(into *bool) handler {
	return func(f field) {
		if f.value.kind == nothing {
			return
		}
		if value, ok := a.boolean(f); ok {
			*into = value
		}
	}
}

// readEnsure reads what is to be ensured: config.ensure, else the plugin's own options.
func (a *artillery) readEnsure(plugin, beside *node) {
	if plugin == nil {
		return
	}
	n := plugin
	if beside != nil && beside.kind != nothing {
		n = beside
	}
	out := &Ensure{}
	known := keys{
		"thresholds":   func(f field) { a.eachItem(f, func(n *node) { a.threshold(n, out) }) },
		"conditions":   func(f field) { a.eachItem(f, func(n *node) { a.ensureCondition(n, out) }) },
		"maxErrorRate": func(f field) { out.MaxErrorRate = a.optionalNumber(f) },
	}
	for _, name := range []string{"min", "max", "median", "p95", "p99"} {
		known[name] = func(f field) {
			if most := a.optionalNumber(f); most != nil {
				out.Legacy = append(out.Legacy, EnsureThreshold{name, float64(int64(*most))})
			}
		}
	}
	a.fields(n, "ensure", known)
	if _, disabled := a.opts.Env("ARTILLERY_DISABLE_ENSURE"); disabled {
		a.warnf(n.pos, "ensure has no effect: ARTILLERY_DISABLE_ENSURE is set")
		return
	}
	a.script.Ensure = out
}

func (a *artillery) optionalNumber(f field) *float64 {
	if f.value.kind == nothing {
		return nil
	}
	if number, ok := a.number(f); ok {
		return &number
	}
	return nil
}

// eachItem hands each item of a list to read.
func (a *artillery) eachItem(f field, read func(*node)) {
	if f.value.kind != list && f.value.kind != nothing {
		a.errorf(f.value.pos, "%s must be a list, each item with a dash before it, not %s", f.key, f.value)
	}
	for _, item := range f.value.items {
		read(item)
	}
}

// threshold reads {metric: most}.
func (a *artillery) threshold(n *node, out *Ensure) {
	if n.kind != mapping || len(n.fields) != 1 {
		a.errorf(n.pos, "a threshold is one metric with the number it must stay below, such as http.response_time.p99: 100")
		return
	}
	if most, ok := a.number(n.fields[0]); ok {
		out.Thresholds = append(out.Thresholds, EnsureThreshold{n.fields[0].key, most})
	}
}

func (a *artillery) ensureCondition(n *node, out *Ensure) {
	condition := EnsureCondition{Strict: true, Pos: n.pos}
	a.fields(n, "a condition", keys{
		"expression": func(f field) { condition.Expression, _ = a.text(f) },
		"strict":     a.flag(&condition.Strict),
	})
	if condition.Expression == "" {
		a.errorf(n.pos, "a condition needs an expression, such as: http.response_time.p99 < 100")
		return
	}
	out.Conditions = append(out.Conditions, condition)
}

// readApdex reads the time up to which a user is satisfied, in milliseconds.
func (a *artillery) readApdex(plugin, beside *node) {
	if plugin == nil {
		return
	}
	milliseconds := 500.0
	for _, n := range []*node{plugin, beside} { // the last word is config's own
		if n == nil {
			continue
		}
		a.fields(n, "apdex", keys{"threshold": func(f field) {
			if number := a.optionalNumber(f); number != nil {
				milliseconds = *number
			}
			if milliseconds <= 0 || milliseconds > float64(maxSpan.Milliseconds()) {
				a.errorf(f.value.pos, "threshold must be a number of milliseconds above 0")
			}
		}})
	}
	a.script.Apdex = time.Duration(milliseconds * float64(time.Millisecond))
}

// readByEndpoint reads how figures of each URL are kept. Artillery keeps them even if nobody asks.
func (a *artillery) readByEndpoint(n *node) {
	out := &ByEndpoint{GroupDynamic: true, Namespace: "plugins.metrics-by-endpoint", StripQueryString: n == nil, Unasked: n == nil}
	if n != nil {
		a.fields(n, "plugin metrics-by-endpoint", keys{
			"useOnlyRequestNames":   a.flag(&out.UseOnlyRequestNames),
			"stripQueryString":      a.flag(&out.StripQueryString),
			"ignoreUnnamedRequests": a.flag(&out.IgnoreUnnamed),
			"groupDynamicURLs":      a.flag(&out.GroupDynamic),
			"metricsNamespace":      func(f field) { out.Namespace, _ = a.text(f) },
			"suppressOutput":        a.flag(&out.Unasked),
		})
	}
	a.script.ByEndpoint = out
}

// String returns the threshold as Artillery prints it.
func (t EnsureThreshold) String() string {
	return t.Metric + " < " + strconv.FormatFloat(t.Max, 'f', -1, 64)
}
