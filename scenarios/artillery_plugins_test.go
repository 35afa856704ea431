package scenarios

import (
	"strings"
	"testing"
	"time"
)

// configured returns a script with something in its config. The first line of that is line 3, from column 3.
func configured(config string) string {
	return "config:\n  target: http://h\n" + indent(config) + "scenarios: [{flow: [{get: {url: /}}]}]\n"
}

func TestArtilleryPlugins(t *testing.T) {
	byDefault := &ByEndpoint{StripQueryString: true, GroupDynamic: true, Namespace: "plugins.metrics-by-endpoint", Unasked: true}
	rate := 1.5
	for _, test := range []struct {
		name, config string
		want         Script // its options of plugins
		warnings     []string
	}{
		{"none", "", Script{ByEndpoint: byDefault}, nil},
		{"expect", "plugins: {expect: {}}", Script{ByEndpoint: byDefault, Expect: &ExpectOptions{Format: "pretty"}}, nil},
		{"expect with nothing", "plugins:\n  expect:", Script{ByEndpoint: byDefault, Expect: &ExpectOptions{Format: "pretty"}}, nil},
		{"expect with options", "plugins: {expect: {outputFormat: silent, reportFailuresAsErrors: true, expectDefault200: 'true', useOnlyRequestNames: true}}",
			Script{ByEndpoint: byDefault, Expect: &ExpectOptions{ReportAsErrors: true, Default200: true, UseOnlyRequestNames: true, Format: "silent"}}, nil},
		{"ensure", "plugins: {ensure: {}}\nensure:\n  maxErrorRate: 1.5\n  p95: 200\n  median: '10.7'\n  thresholds: [http.response_time.p99: 100, vusers.failed: '1']\n" +
			"  conditions:\n  - {expression: 'http.request_rate > 1', strict: false}\n  - expression: vusers.created == 2",
			Script{ByEndpoint: byDefault, Ensure: &Ensure{
				Thresholds: []EnsureThreshold{{"http.response_time.p99", 100}, {"vusers.failed", 1}},
				Conditions: []EnsureCondition{{"http.request_rate > 1", false, Pos{"s.yml", 10, 7}},
					{"vusers.created == 2", true, Pos{"s.yml", 11, 7}}},
				MaxErrorRate: &rate, Legacy: []EnsureThreshold{{"p95", 200}, {"median", 10}}}}, nil},
		{"ensure within plugins", "plugins: {ensure: {p99: 5}}", Script{ByEndpoint: byDefault, Ensure: &Ensure{Legacy: []EnsureThreshold{{"p99", 5}}}}, nil},
		{"ensure that is not on", "ensure: {p99: 5}\napdex: {threshold: 1}", Script{ByEndpoint: byDefault}, []string{
			"s.yml:3:3: ensure has no effect, as in Artillery 2: add plugins: {ensure: {}} to config",
			"s.yml:4:3: apdex has no effect, as in Artillery 2: add plugins: {apdex: {}} to config"}},
		{"apdex", "plugins: {apdex: {}}", Script{ByEndpoint: byDefault, Apdex: 500 * time.Millisecond}, nil},
		{"apdex of its own", "plugins: {apdex: {threshold: 7}}\napdex: {threshold: 20}", Script{ByEndpoint: byDefault, Apdex: 20 * time.Millisecond}, nil},
		{"endpoints", "plugins: {metrics-by-endpoint: {useOnlyRequestNames: true, ignoreUnnamedRequests: true, groupDynamicURLs: false, metricsNamespace: x}}",
			Script{ByEndpoint: &ByEndpoint{UseOnlyRequestNames: true, IgnoreUnnamed: true, Namespace: "x"}}, nil},
		{"what is sent to others", "plugins: {publish-metrics: [{type: datadog}], slack: {webhookUrl: x}}", Script{ByEndpoint: byDefault}, []string{
			"s.yml:3:13: plugin publish-metrics has no effect here: nothing is sent to others",
			"s.yml:3:49: plugin slack has no effect here: nothing is sent to others"}},
		{"tls", "tls: {rejectUnauthorized: 'false'}", Script{ByEndpoint: byDefault, TLS: TLS{Insecure: true}}, nil},
		{"tls as it is anyway", "tls: {rejectUnauthorized: true}", Script{ByEndpoint: byDefault}, nil},
		{"pool", "http: {pool: '10'}", Script{ByEndpoint: byDefault, Pool: 10}, nil},
		{"no effect", "http: {extendedMetrics: true}\nws: {}\nengine: http\nengines: {ws: {}}\nincludeFiles: [a]", Script{ByEndpoint: byDefault}, []string{
			"s.yml:3:10: extendedMetrics has no effect here", "s.yml:4:3: ws has no effect here",
			"s.yml:6:13: engines: the options of ws have no effect here", "s.yml:7:3: includeFiles has no effect here"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "s.yml", configured(test.config), LoadOptions{Env: environment(nil)})
			equal(t, "warnings", warnings(script), test.warnings)
			equal(t, "expect", script.Expect, test.want.Expect)
			equal(t, "ensure", script.Ensure, test.want.Ensure)
			equal(t, "apdex", script.Apdex, test.want.Apdex)
			equal(t, "endpoints", script.ByEndpoint, test.want.ByEndpoint)
			equal(t, "pool", script.Pool, test.want.Pool)
			equal(t, "tls", script.TLS, test.want.TLS)
		})
	}
}

func TestArtilleryEnsureDisabled(t *testing.T) {
	script := load(t, "s.yml", configured("plugins: {ensure: {p99: 5}}"),
		LoadOptions{Env: environment(map[string]string{"ARTILLERY_DISABLE_ENSURE": ""})})
	equal(t, "warnings", warnings(script), []string{"s.yml:3:21: ensure has no effect: ARTILLERY_DISABLE_ENSURE is set"})
	equal(t, "ensure", script.Ensure, (*Ensure)(nil))
}

func TestArtilleryPluginErrors(t *testing.T) {
	for _, test := range []struct{ config, want string }{
		{"plugins: [expect]", "3:12: plugins must be a map, such as {expect: {}}, not a list"},
		{"plugins: {my-own: {}}", `3:13: plugin "my-own" is not supported`},
		{"plugins: {expect: {format: x}}", `3:22: unknown key "format" in plugins.expect`},
		{"plugins: {ensure: {p90: 5}}", `3:22: unknown key "p90" in ensure: did you mean "p95"?`},
		{"plugins: {ensure: {thresholds: 5}}", "3:34: thresholds must be a list, each item with a dash before it, not 5"},
		{"plugins: {ensure: {thresholds: [{a: 1, b: 2}]}}",
			"3:35: a threshold is one metric with the number it must stay below, such as http.response_time.p99: 100"},
		{"plugins: {ensure: {thresholds: [{a: b}]}}", `3:39: a must be a number, not "b"`},
		{"plugins: {ensure: {conditions: [{strict: true}]}}",
			"3:35: a condition needs an expression, such as: http.response_time.p99 < 100"},
		{"plugins: {apdex: {threshold: -1}}", "3:32: threshold must be a number of milliseconds above 0"},
		{"engines: {playwright: {}}", `3:13: engine "playwright" is not supported: only http is`},
		{"engine: socketio", `3:11: engine "socketio" is not supported: only http is`},
		{"processor: ./functions.js", `3:3: processor "./functions.js": functions in JavaScript are not supported yet: ` +
			"remove it with what calls it, or run the script with Artillery"},
		{"http: {pool: 1.5}", "3:16: pool must be a whole number up to 100000"},
		{"tls: {key: a.pem}", "3:9: tls.key is not supported: give --cert FILE and --key FILE"},
		{"tls: {minVersion: a}", `3:9: unknown key "minVersion" in config.tls`},
	} {
		_, err := Load("s.yml", strings.NewReader(configured(test.config)), LoadOptions{Env: environment(nil)})
		equal(t, test.config, lines(err), []string{"s.yml:" + test.want})
	}
}
