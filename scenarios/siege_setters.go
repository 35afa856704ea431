package scenarios

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

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
