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
	cookies   *node            // likewise
	constants map[string]Value // config.variables
	endless   []endlessLoop
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
	a := &artillery{reader: r, constants: map[string]Value{}}
	if root.kind != mapping || root.get("config") == nil && root.get("scenarios") == nil {
		a.errorf(root.pos, "not an Artillery script: it has neither config nor scenarios")
		return
	}
	var config, scenarios field
	a.topLevel(root, keys{
		"config":    func(f field) { config = f },
		"scenarios": func(f field) { scenarios = f },
		"before":    a.notYet,
		"after":     a.notYet,
	})
	if config.value == nil {
		config = field{"config", root.pos, &node{pos: root.pos}}
	}
	a.config(config) // first: scenarios refer to it wherever it stands
	if scenarios.value == nil {
		a.errorf(root.pos, "no scenarios: what should users do?")
		return
	}
	a.scenarios(scenarios.value)
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
	var target, phases, variables, outer, inner, outerHeaders, innerHeaders, outerCookies, innerCookies field
	a.fields(config.value, "config", keys{
		"target":    func(f field) { target = f },
		"phases":    func(f field) { phases = f },
		"variables": func(f field) { variables = f },
		"timeout":   func(f field) { outer = f },
		"defaults":  func(f field) { outerHeaders, outerCookies = a.defaults(f) },
		"http": func(f field) {
			a.fields(f.value, "config.http", keys{
				"timeout":         func(f field) { inner = f },
				"defaults":        func(f field) { innerHeaders, innerCookies = a.defaults(f) },
				"extendedMetrics": a.noEffect, "maxSockets": a.noEffect,
				"pool": a.notYet, "cookieJarOptions": a.notYet, "distributedTracing": a.notYet,
			})
		},
		"statsInterval": a.noEffect,
		"environments":  a.notYet, "payload": a.notYet, "processor": a.notYet, "plugins": a.notYet,
		"engines": a.notYet, "engine": a.notYet, "tls": a.notYet, "ensure": a.notYet, "mode": a.mode,
		"apdex": a.notYet, "ws": a.notYet, "socketio": a.notYet, "includeFiles": a.notYet,
	})
	a.readVariables(variables)
	a.readTarget(config, target)
	a.script.Timeout = a.timeout(outer, inner)
	a.headers = a.defaultOf("headers", innerHeaders, outerHeaders)
	a.cookies = a.defaultOf("cookie", innerCookies, outerCookies)
	a.phases(phases)
}

// defaults reads what is sent with each request and returns its headers and cookies.
func (a *artillery) defaults(f field) (headers, cookies field) {
	a.fields(f.value, f.key, keys{
		"headers":       func(f field) { headers = f },
		"cookie":        func(f field) { cookies = f },
		"strictCapture": a.notYet, "think": a.notYet,
	})
	return headers, cookies
}

// defaultOf chooses between what config.http.defaults and what config.defaults has under a key.
func (a *artillery) defaultOf(key string, inner, outer field) *node {
	hasInner := inner.value != nil && inner.value.kind != nothing
	if !hasInner {
		return outer.value
	}
	if outer.value != nil {
		a.warnf(outer.pos, "%s has no effect beside those of config.http.defaults, as in Artillery", key)
	}
	return inner.value
}

// mode accepts the arrival law that is the default, too.
func (a *artillery) mode(f field) {
	if f.value.text != "uniform" {
		a.errorf(f.value.pos, "mode %s is not supported yet: only uniform is", f.value.text)
	}
}

// readTarget reads config.target, which URLs that begin with / are appended to, character by character.
func (a *artillery) readTarget(config, target field) {
	switch {
	case a.opts.Target != "":
		a.target = a.opts.Target
	case target.value == nil:
		a.errorf(config.pos, "config.target is missing: add it, or give --target URL")
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
		a.errorf(target.value.pos, "target: a variable here is not supported yet: write the URL, or give --target URL")
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

// readVariables reads config.variables. A list would be a random choice for each user, which is not supported yet.
func (a *artillery) readVariables(variables field) {
	switch {
	case variables.value == nil || variables.value.kind == nothing:
	case variables.value.kind != mapping:
		a.errorf(variables.value.pos, "variables must be a map, not %s", variables.value)
	default:
		for _, f := range variables.value.fields {
			a.readVariable(f)
		}
	}
}

func (a *artillery) readVariable(f field) {
	switch value, ok := f.value.constant(); {
	case !plainName(f.key):
		a.errorf(f.pos, "%q is not the plain name of a variable", f.key)
	case !ok:
		a.errorf(f.value.pos, "variable %s: %s is not supported yet: only one text, number or boolean", f.key, f.value)
	case strings.Contains(f.value.text, "{{"):
		a.errorf(f.value.pos, "variable %s: a variable within a variable is not supported yet", f.key)
	default:
		a.constants[f.key] = value
	}
}
