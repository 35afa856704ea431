package scenarios

import (
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// chain is the object each call of the fluent interface returns: a plan, or, behind its first request, a task.
type chain struct {
	*siege
	plan *siegePlan
	task *siegeTask // nil: the plan itself
}

// member is what may follow a dot.
type member struct {
	call     func(c *chain, pos Pos, args []goja.Value) goja.Value
	planOnly bool // it must come before the first request
}

// siegeMembers are the members that take arguments.
func siegeMembers() map[string]member {
	return map[string]member{
		"on":                 {(*chain).on, true},
		"host":               {(*chain).host, true},
		"hostname":           {(*chain).host, true},
		"set":                {(*chain).set, true},
		"sslProtocol":        {(*chain).sslProtocol, true},
		"wait":               {noEffect("wait: no server is started here, so there is none to wait for"), true},
		"rejectUnauthorized": {noEffect("rejectUnauthorized has no effect, as in siege.js: use --insecure"), true},
		"requestCert":        {noEffect("requestCert has no effect on a client"), true},
		"agent":              {notSupported("agent"), true},
		"get":                {(*chain).get, false},
		"post":               {(*chain).post, false},
		"request":            {(*chain).request, false},
		"describe":           {(*chain).describe, false},
		"concurrent":         {(*chain).concurrent, false},
		"for":                {(*chain).forN, false},
		"report":             {noEffect("report was never implemented in siege.js and has no effect"), false},
		"attack":             {(*chain).attackNow, false},
	}
}

// siegeGetters are the members that take none.
func siegeGetters() map[string]func(*chain, Pos) {
	return map[string]func(*chain, Pos){
		"withCookie":    func(c *chain, pos Pos) { c.errorf(pos, "withCookie is not supported yet: remove it") },
		"withoutCookie": func(*chain, Pos) {}, // what is so anyway
		"with304":       neverImplemented("with304"),
		"without304":    neverImplemented("without304"),
	}
}

func neverImplemented(name string) func(*chain, Pos) {
	return func(c *chain, pos Pos) { c.warnf(pos, "%s was never implemented in siege.js and has no effect", name) }
}

func noEffect(why string) func(*chain, Pos, []goja.Value) goja.Value {
	return func(c *chain, pos Pos, _ []goja.Value) goja.Value {
		c.warnf(pos, "%s", why)
		return c.value()
	}
}

func notSupported(name string) func(*chain, Pos, []goja.Value) goja.Value {
	return func(c *chain, pos Pos, _ []goja.Value) goja.Value {
		c.errorf(pos, "%s is not supported: remove it", name)
		return c.value()
	}
}

// install gives the script what it may call.
func (s *siege) install() {
	start := s.vm.ToValue(func(call goja.FunctionCall) goja.Value { return s.start(call.Arguments) })
	require := func(call goja.FunctionCall) goja.Value {
		name, _ := text(call.Argument(0))
		if !siegeModule.MatchString(name) {
			s.abort(s.here(), "module %q is not there: only siege is", name)
		}
		return start
	}
	globals := map[string]any{
		"siege": start, "require": require, "module": s.vm.NewObject(), "exports": s.vm.NewObject(),
		"__dirname": ".", "__filename": s.file,
	}
	for name, value := range globals {
		if err := s.vm.Set(name, value); err != nil {
			panic(err) // a fresh engine takes any global
		}
	}
}

var siegeModule = regexp.MustCompile(`^(.*/)?siege(\.js)?$`)

// abort ends the script with an error.
func (s *siege) abort(pos Pos, format string, args ...any) {
	s.errorf(pos, format, args...)
	panic(s.vm.NewTypeError("stopped"))
}

// start is the function siege: siege(), siege(options), siege(serve) or siege(serve, options).
func (s *siege) start(args []goja.Value) goja.Value {
	plan := &siegePlan{pos: s.here()}
	s.plans = append(s.plans, plan)
	if len(s.plans) > maxSiegeTasks {
		s.abort(plan.pos, "more than %d calls of siege()", maxSiegeTasks)
	}
	c := &chain{siege: s, plan: plan}
	for i, arg := range args {
		options, isObject := arg.(*goja.Object)
		serve, isText := text(arg)
		switch {
		case i == 0 && isText:
			plan.serve = serve
		case isObject:
			c.options(plan.pos, options)
		case !goja.IsUndefined(arg) && !goja.IsNull(arg):
			s.errorf(plan.pos, "siege() takes a command and an object of options")
		}
	}
	return c.value()
}

// options reads the object that siege() may be given instead of calls.
func (c *chain) options(pos Pos, options *goja.Object) {
	for _, key := range options.Keys() {
		value := options.Get(key)
		args := []goja.Value{value}
		switch key {
		case "port", "sockpath":
			c.on(pos, args)
		case "host", "hostname":
			c.host(pos, args)
		case "concurrent":
			c.concurrent(pos, args)
		case "repeat":
			c.plan.limits.requests = c.times(pos, value)
		case "duration":
			c.plan.limits.duration = c.seconds(pos, value, time.Millisecond)
		case "headers":
			if headers, ok := value.(*goja.Object); ok {
				for _, name := range headers.Keys() {
					c.set(pos, []goja.Value{c.vm.ToValue(name), headers.Get(name)})
				}
			}
		default:
			c.errorf(pos, "option %q is not supported", key)
		}
	}
}

func (c *chain) value() goja.Value { return c.vm.NewDynamicObject(c) }

// Get is what the script gets for a name behind a dot.
func (c *chain) Get(name string) goja.Value {
	members, getters := siegeMembers(), siegeGetters()
	if getter := getters[name]; getter != nil {
		getter(c, c.find(name))
		return c.value()
	}
	m, known := members[name]
	if !known {
		names := slices.AppendSeq(slices.Collect(maps.Keys(members)), maps.Keys(getters))
		c.abort(c.find(name), "siege.js has no %q%s", name, didYouMean(name, names))
	}
	return c.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		pos := c.here()
		switch {
		case c.plan.attacked:
			c.abort(pos, "%s comes after attack()", name)
		case m.planOnly && c.task != nil:
			c.abort(pos, "%s must come before the first request", name)
		}
		return m.call(c, pos, call.Arguments)
	})
}

// Set, Has, Delete and Keys complete goja.DynamicObject: scripts cannot change the object.
func (c *chain) Set(string, goja.Value) bool { return false }
func (c *chain) Has(string) bool             { return true }
func (c *chain) Delete(string) bool          { return false }
func (c *chain) Keys() []string              { return nil }

// here returns the place of the call the script is in: of the name that is called.
func (s *siege) here() Pos {
	pos := s.innermost(s.vm.CaptureCallStack(0, nil))
	at := s.offset(pos)
	if at < 0 || at >= len(s.source) || s.source[at] != '(' {
		return pos
	}
	name := strings.TrimRightFunc(s.source[:at], isName)
	pos.Column -= at - len(name)
	return pos
}

func isName(c rune) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// find returns the place of a name behind a dot that the script has just come to: the engine knows no more than
// what was called before it.
func (s *siege) find(name string) Pos {
	pos := s.here()
	at := s.offset(pos)
	if at < 0 || at > len(s.source) {
		return pos
	}
	found := regexp.MustCompile(`\.\s*` + regexp.QuoteMeta(name) + `\b`).FindStringIndex(s.source[at:])
	if found == nil {
		return pos
	}
	at += found[1] - len(name)
	return s.at(1+strings.Count(s.source[:at], "\n"), at-strings.LastIndex(s.source[:at], "\n"))
}

// offset returns where in the source a place is, or -1.
func (s *siege) offset(pos Pos) int {
	if pos.Line == 0 {
		return -1
	}
	at := 0
	for range pos.Line - 1 {
		at += 1 + strings.Index(s.source[at:], "\n")
	}
	return at + pos.Column - 1
}

// limits returns what for and concurrent set: the task's own, or the plan's.
func (c *chain) limits() *siegeLimits {
	if c.task != nil {
		return &c.task.limits
	}
	return &c.plan.limits
}

func (c *chain) on(pos Pos, args []goja.Value) goja.Value {
	place, ok := text(arg(args, 0))
	if number, isNumber := number(arg(args, 0)); isNumber {
		place, ok = strconv.FormatFloat(number, 'f', -1, 64), true
	}
	port, err := strconv.Atoi(place)
	switch {
	case ok && err == nil && port > 0 && port < 1<<16:
		c.plan.port, c.plan.socket = place, ""
	case ok && (strings.Contains(place, "/") || place != "" && !strings.ContainsAny(place, "0123456789")):
		c.plan.socket = place
	default:
		c.errorf(pos, "on takes a port from 1 to 65535 or the path of a socket; name the host with .host(NAME)")
	}
	return c.value()
}

func (c *chain) host(pos Pos, args []goja.Value) goja.Value {
	host, ok := text(arg(args, 0))
	if !ok || host == "" || strings.ContainsAny(host, "/@?# ") {
		c.errorf(pos, "host takes the name of a host, such as 'localhost'")
	} else {
		c.plan.host = host
	}
	return c.value()
}

func (c *chain) set(pos Pos, args []goja.Value) goja.Value {
	name, isText := text(arg(args, 0))
	value, isPlain := plain(arg(args, 1))
	if !isText || !isPlain {
		c.errorf(pos, "set takes the name of a header and its value")
	} else if c.header(pos, name, value) {
		c.plan.headers = setHeader(c.plan.headers, Header{name, Literal(value)})
	}
	return c.value()
}

func (c *chain) sslProtocol(pos Pos, args []goja.Value) goja.Value {
	if on, ok := arg(args, 0).Export().(bool); ok && on {
		c.warnf(pos, "siege.js fails at its first report over https; here it runs")
		c.plan.tls = true
	}
	return c.value()
}

func (c *chain) concurrent(pos Pos, args []goja.Value) goja.Value {
	users, ok := number(arg(args, 0))
	if !ok || users < 1 || users > 1e6 || users != math.Trunc(users) {
		c.errorf(pos, "concurrent takes a whole number from 1 to 1000000")
	} else {
		c.limits().users = int(users)
	}
	return c.value()
}

// describe names the task at hand, or a new one if that has a name.
func (c *chain) describe(pos Pos, args []goja.Value) goja.Value {
	task := c.plan.last()
	if task == nil || task.name != "" {
		task = c.newTask(pos)
	}
	name, ok := plain(arg(args, 0))
	if !ok {
		c.errorf(pos, "describe takes a text")
	}
	task.name = name
	return (&chain{c.siege, c.plan, task}).value()
}

func (p *siegePlan) last() *siegeTask {
	if len(p.tasks) == 0 {
		return nil
	}
	return p.tasks[len(p.tasks)-1]
}

func (c *chain) newTask(pos Pos) *siegeTask {
	if c.siege.tasks++; c.siege.tasks > maxSiegeTasks {
		c.abort(pos, "more than %d requests", maxSiegeTasks)
	}
	task := &siegeTask{pos: pos}
	c.plan.tasks = append(c.plan.tasks, task)
	return task
}

func (c *chain) attackNow(Pos, []goja.Value) goja.Value {
	c.plan.attacked = true
	return goja.Undefined()
}

// forN waits for the unit of its number: for(n).times or for(n).seconds.
func (c *chain) forN(pos Pos, args []goja.Value) goja.Value {
	return c.vm.NewDynamicObject(&forUnit{c, pos, arg(args, 0)})
}

type forUnit struct {
	*chain
	pos Pos
	n   goja.Value
}

// Get is what the script gets for a unit.
func (f *forUnit) Get(unit string) goja.Value {
	switch unit {
	case "times":
		f.limits().requests = f.times(f.pos, f.n)
	case "seconds":
		f.limits().duration = f.seconds(f.pos, f.n, time.Second)
	default:
		f.abort(f.find(unit), "for(n) is followed by .times or .seconds, not by %q", unit)
	}
	return f.value()
}

func (c *chain) times(pos Pos, value goja.Value) int64 {
	n, ok := number(value)
	if !ok || n < 1 || n > 1<<53 || n != math.Trunc(n) {
		c.errorf(pos, "the number of requests must be a whole number from 1 up")
		return 0
	}
	return int64(n)
}

func (c *chain) seconds(pos Pos, value goja.Value, unit time.Duration) time.Duration {
	n, ok := number(value)
	if !ok || n <= 0 || n*float64(unit) > float64(maxSpan) {
		c.errorf(pos, "a duration must be more than 0 and at most a year")
		return 0
	}
	return max(1, time.Duration(n*float64(unit)))
}

// arg returns an argument, or undefined.
func arg(args []goja.Value, i int) goja.Value {
	if i < len(args) {
		return args[i]
	}
	return goja.Undefined()
}

// text returns a value that is text; other values are not asked what they look like, because that may be a call.
func text(v goja.Value) (string, bool) {
	if v == nil || v.ExportType() == nil || v.ExportType().Kind() != reflect.String {
		return "", false
	}
	s, ok := v.Export().(string)
	return s, ok
}

// number returns a value that is a finite number, or text with one in it.
func number(v goja.Value) (float64, bool) {
	if s, ok := text(v); ok {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	if _, isObject := v.(*goja.Object); isObject {
		return 0, false
	}
	switch n := v.Export().(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, !math.IsInf(n, 0) && !math.IsNaN(n)
	}
	return 0, false
}

// plain returns the text of a value that is text, number or boolean.
func plain(v goja.Value) (string, bool) {
	if s, ok := text(v); ok {
		return s, true
	}
	if n, ok := number(v); ok {
		return string(appendNumber(nil, n)), true
	}
	if _, isObject := v.(*goja.Object); !isObject {
		if b, ok := v.Export().(bool); ok {
			return strconv.FormatBool(b), true
		}
	}
	return "", false
}
