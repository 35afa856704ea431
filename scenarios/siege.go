package scenarios

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// What siege.js does where a script says nothing, and how much of it a script may ask for.
const (
	siegeUsers    = 15
	siegeDuration = 10 * time.Second
	maxSiegeTasks = 1000
	maxSiegePath  = 64 << 10 // bytes
	maxSiegeForm  = 1 << 20  // bytes, encoded
)

// siege reads scripts for npm's siege 0.2.0 by running them: siege() builds a plan instead of sending anything.
type siege struct {
	*reader
	vm     *goja.Runtime
	source string
	origin string // --target's; empty: as the script says
	tasks  int
	plans  []*siegePlan
}

// siegePlan is what one siege() gathers: options for all its tasks, and the tasks.
type siegePlan struct {
	pos      Pos
	port     string
	socket   string
	host     string
	tls      bool
	serve    string
	headers  []Header
	limits   siegeLimits
	tasks    []*siegeTask
	attacked bool
}

// siegeTask is one request and how often it is sent; its limits go before the plan's.
type siegeTask struct {
	pos     Pos
	name    string
	method  string // empty: no request yet
	path    string
	form    string // POST: the body
	hasForm bool
	limits  siegeLimits
}

// siegeLimits are zero where the script says nothing.
type siegeLimits struct {
	users    int
	requests int64
	duration time.Duration
}

func (r *reader) readSiege(text string) {
	s := &siege{reader: r, source: text}
	if r.opts.Target != "" {
		origin, err := parseOrigin(r.opts.Target)
		if err != nil {
			r.errorf(Pos{File: r.file}, "%v", err)
			return
		}
		s.origin = origin
	}
	s.run()
	if r.errors.count() == 0 {
		s.conclude()
	}
}

// conclude turns what the script gathered into phases, one for each task.
func (s *siege) conclude() {
	attacks := 0
	for _, plan := range s.plans {
		if !plan.attacked {
			s.warnf(plan.pos, "attack() is never called here, so nothing of this is sent")
			continue
		}
		if attacks++; attacks > 1 {
			s.warnf(plan.pos, "siege.js ends after the first attack of a script; here all are run, one after the other")
		}
		s.attack(plan)
	}
	if attacks == 0 {
		s.errorf(Pos{File: s.file}, "attack() is never called: the script sends nothing")
	}
}

// attack adds a plan's tasks to the script.
func (s *siege) attack(plan *siegePlan) {
	origin, ok := s.originOf(plan)
	if !ok {
		return
	}
	if len(plan.tasks) == 0 {
		s.errorf(plan.pos, "an attack without a request: add .get(PATH)")
	}
	if s.script.Target == "" {
		s.script.Target = origin
	}
	for i, task := range plan.tasks {
		if i > 0 && plan.tasks[i-1].hasForm && len(plan.headers) > 0 {
			s.warnf(task.pos, "siege.js would send Content-Type and Content-Length of the POST before it here, too")
		}
		if task.method == "" {
			s.errorf(task.pos, "this description has no request: add .get(PATH) behind it")
			continue
		}
		phase := task.phase(plan)
		if i == 0 {
			s.warnDiffers(task.pos, phase)
		}
		phase.Only = []int{len(s.script.Scenarios)}
		s.script.Phases = append(s.script.Phases, phase)
		s.script.Scenarios = append(s.script.Scenarios, Scenario{
			Name: phase.Name, Weight: 1, Steps: []Step{s.step(plan, task, origin)},
		})
	}
}

// originOf returns the scheme, host and port that a plan attacks.
func (s *siege) originOf(plan *siegePlan) (string, bool) {
	if s.origin != "" {
		if plan.serve != "" {
			s.warnf(plan.pos, "siege(%q) would start a server: that is left to you, and --target is attacked", plan.serve)
		}
		return s.origin, true
	}
	switch {
	case plan.serve != "":
		s.errorf(plan.pos, "siege(%q) would start a server, which is not supported: start it yourself, and give --target URL", plan.serve)
		return "", false
	case plan.socket != "" || plan.port == "":
		s.errorf(plan.pos, "the unix socket %s is not supported yet: add .on(PORT), or give --target URL",
			cmp.Or(plan.socket, "/tmp/siege.sock, siege.js's default,"))
		return "", false
	}
	scheme := "http"
	if plan.tls {
		scheme = "https"
	}
	origin := scheme + "://" + net.JoinHostPort(cmp.Or(plan.host, "localhost"), plan.port)
	if _, err := parseURL(origin, false); err != nil {
		s.errorf(plan.pos, "%s: %v", origin, err)
		return "", false
	}
	return origin, true
}

// phase returns a task's load: users in a loop until the requests are sent or the time is over.
func (task *siegeTask) phase(plan *siegePlan) Phase {
	phase := Phase{
		Name:     cmp.Or(task.name, task.method+" "+task.path),
		Users:    cmp.Or(task.limits.users, plan.limits.users, siegeUsers),
		Requests: cmp.Or(task.limits.requests, plan.limits.requests),
		Duration: cmp.Or(task.limits.duration, plan.limits.duration),
	}
	if phase.Requests == 0 && phase.Duration == 0 {
		phase.Duration = siegeDuration
	}
	return phase
}

// warnDiffers says in what a run differs from siege.js's own.
func (s *siege) warnDiffers(pos Pos, phase Phase) {
	tooMany, exactly := "", ""
	if phase.Requests > 0 {
		tooMany = fmt.Sprintf(" and may send %d too many", phase.Users)
		exactly = fmt.Sprintf(" send exactly %d", phase.Requests)
	}
	s.warnf(pos, "siege.js keeps %d requests in flight over %d connections%s, and waits for an answer for ever; "+
		"here %[2]d users with a connection each%[4]s, and wait as long as --timeout says",
		phase.Users+1, phase.Users, tooMany, exactly)
}

func (s *siege) step(plan *siegePlan, task *siegeTask, origin string) *Request {
	req := &Request{
		Scenario: len(s.script.Scenarios), Name: task.name, Method: task.method, NoFollow: true, Pos: task.pos,
		URL: Literal(origin + task.path), Body: Literal(task.form), Headers: plan.headers,
	}
	if task.hasForm {
		req.Headers = setHeader(req.Headers, Header{"Content-Type", Literal("application/x-www-form-urlencoded")})
	}
	return s.request(req)
}

// setHeader returns the headers with one more, instead of any of the same name.
func setHeader(headers []Header, header Header) []Header {
	var out []Header
	for _, h := range headers {
		if !strings.EqualFold(h.Name, header.Name) {
			out = append(out, h)
		}
	}
	return append(out, header)
}
