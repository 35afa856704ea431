package scenarios

import (
	"fmt"
	"math"
	"strings"
)

// TLS is what a script wants of its connections.
type TLS struct {
	Insecure bool // any certificate is accepted
}

// noTarget says why there is nothing to attack.
func (a *artillery) noTarget(config, target field) {
	pos, why := config.pos, "config.target is missing"
	if target.value != nil {
		pos = target.value.pos
	}
	if target.value != nil && target.value.missing {
		why = "target: " + target.value.origin + " is not set"
	}
	remedy := "add it, or give --target URL"
	if known := a.environments; len(known) > 0 && a.opts.Environment == "" {
		remedy = fmt.Sprintf("choose one of the environments %q with --environment, or give --target URL", known)
	}
	a.errorf(pos, "%s: %s", why, remedy)
}

// mode reads the law of arrivals: uniform, or poisson for random gaps.
func (a *artillery) mode(f field) (poisson bool) {
	switch f.value.text {
	case "uniform":
	case "poisson":
		return true
	default:
		a.errorf(f.value.pos, "mode must be uniform or poisson, not %s", f.value.quoted())
	}
	return false
}

// processor refuses functions in JavaScript.
func (a *artillery) processor(f field) {
	if f.value.kind != nothing {
		a.errorf(f.pos, "processor %s: functions in JavaScript are not supported yet: "+
			"remove it with what calls it, or run the script with Artillery", f.value.quoted())
	}
}

// engines accepts the engines' options where they cannot matter.
func (a *artillery) engines(f field) {
	for _, engine := range f.value.fields {
		switch engine.key {
		case "http", "ws", "socketio":
			a.warnf(engine.pos, "engines: the options of %s have no effect here", engine.key)
		default:
			a.errorf(engine.pos, "engine %q is not supported: only http is", engine.key)
		}
	}
}

// engine reads which engine scenarios use that do not say.
func (a *artillery) engine(f field) {
	if f.value.text != "http" {
		a.errorf(f.value.pos, "engine %s is not supported: only http is", f.value.quoted())
	}
}

// tls reads config.tls. Of the options of Node's TLS only the one that people use is understood.
func (a *artillery) tls(f field) {
	refuse := func(flag string) handler {
		return func(f field) { a.errorf(f.pos, "tls.%s is not supported: give %s", f.key, flag) }
	}
	a.fields(f.value, "config.tls", keys{
		"rejectUnauthorized": func(f field) {
			reject, ok := a.boolean(f)
			a.script.TLS.Insecure = ok && !reject
		},
		"ca": refuse("--cacert FILE"), "cert": refuse("--cert FILE and --key FILE"), "key": refuse("--cert FILE and --key FILE"),
	})
}

// maxPool is the most connections an origin that users may share.
const maxPool = 100_000

// pool reads how many connections all users share.
func (a *artillery) pool(f field) {
	number, ok := a.number(f)
	if !ok {
		return
	}
	if number < 0 || number > maxPool || number != math.Trunc(number) {
		a.errorf(f.value.pos, "pool must be a whole number up to %d", maxPool)
		return
	}
	a.script.Pool = int(number)
}

// pluginOptions are the options of plugins that stand in config itself.
type pluginOptions map[string]field

func (p pluginOptions) into(name string) handler { return func(f field) { p[name] = f } }

// readPlugins reads which of Artillery's plugins are on, and their options.
func (a *artillery) readPlugins(plugins field, beside pluginOptions) {
	a.plugins = map[string]*node{}
	if plugins.value != nil {
		known := keys{}
		for _, name := range []string{"expect", "ensure", "apdex", "metrics-by-endpoint", "fake-data"} {
			known[name] = func(f field) { a.plugins[name] = f.value }
		}
		for _, name := range []string{"publish-metrics", "slack", "memory-inspector", "statsd", "influxdb", "cloudwatch", "datadog"} {
			known[name] = func(f field) { a.warnf(f.pos, "plugin %s has no effect here: nothing is sent to others", f.key) }
		}
		a.plugged(plugins.value, known)
	}
	for name, f := range beside {
		if a.plugins[name] == nil {
			a.warnf(f.pos, "%s has no effect, as in Artillery 2: add plugins: {%s: {}} to config", name, name)
		}
	}
	a.readExpect(a.plugins["expect"])
	a.readEnsure(a.plugins["ensure"], beside["ensure"].value)
	a.readApdex(a.plugins["apdex"], beside["apdex"].value)
	a.readByEndpoint(a.plugins["metrics-by-endpoint"])
	if a.plugins["fake-data"] != nil && beside["fake-data"].value != nil {
		a.plugins["fake-data"] = beside["fake-data"].value
	}
	a.readFakeOptions(a.plugins["fake-data"])
}

// plugged hands each plugin to its handler. One that is not Artillery's own may change what users do.
func (a *artillery) plugged(n *node, known keys) {
	if n.kind != mapping && n.kind != nothing {
		a.errorf(n.pos, "plugins must be a map, such as {expect: {}}, not %s", n)
		return
	}
	for _, f := range n.fields {
		if handle := known[f.key]; handle != nil {
			handle(f)
			continue
		}
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		a.errorf(f.pos, "plugin %q is not supported%s", f.key, didYouMean(strings.ToLower(f.key), names))
	}
}
