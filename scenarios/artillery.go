package scenarios

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// artillery reads scripts as Artillery 2.0.34 runs them. Every map of the dialect has a table of the keys that are
// understood; the rest are errors, or warnings where leaving them out cannot change the load.
type artillery struct {
	*reader
	target    string           // empty: not known, which has been said
	headers   *node            // sent with each request
	constants map[string]Value // what is the same for every user: config.variables, and Artillery's own
	dynamic   map[string]bool  // variables that differ between users, or that steps set
	endless   []endlessLoop
	given     []field // of --variables
	rendered  []field // variables that are templates of others
	poisson   bool    // arrivals come at random where a phase does not say

	added        int      // bytes that variables have added to the script
	environments []string // what there is to choose from
	fakeOptions  map[string]fakeOptions
	callable     map[string]function // by placeholders; nil: not put together yet
	plugins      map[string]*node    // of config.plugins, with their options

	strictCapture bool // captures must succeed unless they say otherwise

	inner, outer defaults // of config.http.defaults and of config.defaults
	uploads      *files   // that requests carry; nil: none yet
}

// handler reads the value of one key.
type handler func(field)

// keys are the keys a map may have.
type keys map[string]handler

func (r *reader) readArtillery(text string) {
	root := r.parseYAML(text)
	if root == nil {
		return
	}
	a := &artillery{reader: r, constants: map[string]Value{}, dynamic: map[string]bool{}, strictCapture: true,
		inner: defaults{}, outer: defaults{}}
	if root.kind != mapping || root.get("config") == nil && root.get("scenarios") == nil {
		a.errorf(root.pos, "not an Artillery script: it has neither config nor scenarios")
		return
	}
	if root = a.merge(root); root == nil {
		return
	}
	var config, scenarios, before, after field
	a.topLevel(root, keys{
		"config":    func(f field) { config = f },
		"scenarios": func(f field) { scenarios = f },
		"before":    func(f field) { before = f },
		"after":     func(f field) { after = f },
	})
	a.findCaptures(root)
	a.ownConstants()
	config.value = a.fillIn(config.value)
	a.config(config) // first: scenarios refer to it wherever it stands
	if scenarios.value == nil {
		a.errorf(root.pos, "no scenarios: what should users do?")
		return
	}
	a.script.Before = a.hook(before)
	a.scenarios(scenarios.value)
	a.script.After = a.hook(after)
	a.weights(scenarios.value)
	a.only()
	a.checkPicks(scenarios.pos)
	a.warnEndless()
}

// topLevel reads the keys of the script itself. Others are allowed where they hold what aliases refer to.
func (a *artillery) topLevel(root *node, known keys) {
	var rest []field
	for _, f := range root.fields {
		if known[f.key] != nil || !f.value.holdsAnchor() {
			rest = append(rest, f)
		}
	}
	a.fields(&node{pos: root.pos, kind: mapping, fields: rest}, "the script", known)
}

func (n *node) holdsAnchor() bool {
	inFields := func(f field) bool { return f.value.holdsAnchor() }
	return n.anchored || slices.ContainsFunc(n.items, (*node).holdsAnchor) || slices.ContainsFunc(n.fields, inFields)
}

// fields hands each entry of a map to its handler. what names the map in errors.
func (a *artillery) fields(n *node, what string, known keys) {
	if n.kind != mapping && n.kind != nothing {
		a.errorf(n.pos, "%s must be a map, not %s", what, n)
		return
	}
	for _, f := range n.fields {
		if handle := known[f.key]; handle != nil {
			handle(f)
		} else {
			a.unknown(f, what, known)
		}
	}
}

// belongs says where keys stand that are often written elsewhere.
var belongs = map[string]string{
	"target": "config", "phases": "config", "http": "config", "variables": "config",
	"flow": "a scenario", "weight": "a scenario",
}

func (a *artillery) unknown(f field, what string, known keys) {
	hint := didYouMean(f.key, slices.Collect(maps.Keys(known)))
	if place := belongs[f.key]; place != "" && place != what {
		hint = ": it belongs in " + place
	}
	a.errorf(f.pos, "unknown key %q in %s%s", f.key, what, hint)
}

// meant refuses a key that is not Artillery's and is often taken for one that is.
func (a *artillery) meant(key string) handler {
	return func(f field) { a.errorf(f.pos, "unknown key %q: did you mean %q?", f.key, key) }
}

// notYet refuses a feature of Artillery that is not supported.
func (a *artillery) notYet(f field) {
	a.errorf(f.pos, "%s is not supported yet: remove it, or run the script with Artillery", f.key)
}

// noEffect tolerates a key that cannot change the load.
func (a *artillery) noEffect(f field) {
	a.warnf(f.pos, "%s has no effect here", f.key)
}

func (a *artillery) config(config field) {
	var target, phases, variables, outer, inner, outerHeaders, innerHeaders, payload, plugins field
	checks := pluginOptions{}
	a.fields(config.value, "config", keys{
		"target":    func(f field) { target = f },
		"phases":    func(f field) { phases = f },
		"variables": func(f field) { variables = f },
		"timeout":   func(f field) { outer = f },
		"defaults":  func(f field) { outerHeaders = a.defaults(f, a.outer) },
		"http": func(f field) {
			a.fields(f.value, "config.http", keys{
				"timeout":         func(f field) { inner = f },
				"defaults":        func(f field) { innerHeaders = a.defaults(f, a.inner) },
				"extendedMetrics": a.noEffect, "maxSockets": a.noEffect,
				"pool": a.pool, "cookieJarOptions": a.notYet, "distributedTracing": a.notYet,
			})
		},
		"statsInterval": a.noEffect, "ws": a.noEffect, "socketio": a.noEffect, "includeFiles": a.noEffect,
		"bundling": a.noEffect,
		"environments": func(f field) { // the chosen one is merged in
			for _, e := range f.value.fields {
				a.environments = append(a.environments, e.key)
			}
		},
		"payload":   func(f field) { payload = f },
		"processor": a.processor, "engines": a.engines, "engine": a.engine, "tls": a.tls,
		"plugins": func(f field) { plugins = f },
		"ensure":  checks.into("ensure"), "apdex": checks.into("apdex"), "fake-data": checks.into("fake-data"),
		"mode": func(f field) { a.poisson = a.mode(f) },
	})
	a.readPlugins(plugins, checks)
	a.readPayloads(payload)
	a.readVariables(variables)
	a.readTarget(config, target)
	if _, ok := a.constants["target"]; !ok {
		a.constants["target"] = Any(a.target)
	}
	a.script.Timeout = a.timeout(outer, inner)
	a.headers = a.defaultHeaders(innerHeaders, outerHeaders)
	a.phases(phases)
}

// defaults reads what is sent with each request and returns its headers.
func (a *artillery) defaults(f field, into defaults) (headers field) {
	a.fields(f.value, f.key, keys{
		"headers": func(f field) { headers = f },
		"cookie":  into.keep, "think": into.keep,
		"strictCapture": func(f field) {
			if strict, ok := a.boolean(f); ok && !strict {
				a.strictCapture = false
			}
		},
	})
	return headers
}

// defaultHeaders chooses between the headers of config.http.defaults and those of config.defaults.
func (a *artillery) defaultHeaders(inner, outer field) *node {
	hasInner := inner.value != nil && inner.value.kind != nothing
	if !hasInner {
		return outer.value
	}
	if outer.value != nil {
		a.warnf(outer.pos, "headers has no effect beside those of config.http.defaults, as in Artillery")
	}
	return inner.value
}

// readTarget reads config.target, which URLs that begin with / are appended to, character by character.
func (a *artillery) readTarget(config, target field) {
	switch {
	case target.value == nil || target.value.kind == nothing:
		a.noTarget(config, target)
	default:
		a.target = a.ownTarget(target)
	}
	a.script.Target = a.target
}

// ownTarget returns the script's own target, or nothing if it cannot be attacked.
func (a *artillery) ownTarget(target field) string {
	text, ok := a.text(target)
	if !ok {
		return ""
	}
	if strings.Contains(text, "{{") {
		a.errorf(target.value.pos, "target: the variable in it is set nowhere, or differs between users: "+
			"write the URL, or give --target URL")
		return ""
	}
	if _, err := parseURL(text, false); err != nil {
		a.errorf(target.value.pos, "target: %v", err)
		return ""
	}
	return text
}

// timeout reads the limit of one request: config.timeout, else config.http.timeout, else 10 s.
func (a *artillery) timeout(candidates ...field) time.Duration {
	for _, f := range candidates {
		if f.value == nil || f.value.kind == nothing {
			continue
		}
		if seconds, ok := a.number(f); ok && seconds != 0 {
			return a.limited(f, seconds)
		}
	}
	return 10 * time.Second
}

// readVariables reads config.variables. Of a list each user has one value, at random.
func (a *artillery) readVariables(variables field) {
	switch {
	case variables.value == nil || variables.value.kind == nothing:
	case variables.value.kind != mapping:
		a.errorf(variables.value.pos, "variables must be a map, not %s", variables.value)
	default:
		for _, f := range variables.value.fields {
			a.readVariable(f)
		}
		a.renderVariables()
	}
}

func (a *artillery) readVariable(f field) {
	if !plainName(f.key) {
		a.errorf(f.pos, "%q is not the plain name of a variable", f.key)
		return
	}
	value := f.value.value()
	choices, several := value.any.([]any)
	switch {
	case !several && strings.Contains(f.value.text, "{{"):
		a.renderedVariable(f)
	case several && len(choices) == 0:
		a.warnf(f.value.pos, "variable %s: a list without values: it renders undefined, as in Artillery", f.key)
	case several || a.dynamic[f.key]:
		a.dynamic[f.key] = true
		c := choice{slot: a.script.Names.Slot(f.key), values: []Value{value}}
		if several {
			c.values = nil
			for _, v := range choices {
				c.values = append(c.values, Any(v))
			}
		}
		a.script.initial = append(a.script.initial, c)
	default:
		a.constants[f.key] = value
	}
}

// findCaptures notes the variables that captures anywhere below n set.
func (a *artillery) findCaptures(n *node) {
	for _, f := range n.fields {
		if f.key == "capture" {
			for _, c := range append([]*node{f.value}, f.value.items...) {
				if as := c.get("as"); as != nil && as.kind == scalar {
					root, _, _ := parsePath(as.text) // what is wrong with it is said where it is read
					a.dynamic[root] = true
				}
			}
		}
		a.findCaptures(f.value)
	}
	for _, item := range n.items {
		a.findCaptures(item)
	}
}
