package scenarios

import (
	"maps"
	"regexp"
	"slices"
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
var siegeMembers = map[string]member{
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

// siegeGetters are the members that take none.
var siegeGetters = map[string]func(*chain, Pos){
	"withCookie":    func(c *chain, pos Pos) { c.errorf(pos, "withCookie is not supported yet: remove it") },
	"withoutCookie": func(*chain, Pos) {}, // what is so anyway
	"with304":       neverImplemented("with304"),
	"without304":    neverImplemented("without304"),
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
	if getter := siegeGetters[name]; getter != nil {
		getter(c, c.find(name))
		return c.value()
	}
	m, known := siegeMembers[name]
	if !known {
		names := slices.AppendSeq(slices.Collect(maps.Keys(siegeMembers)), maps.Keys(siegeGetters))
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
