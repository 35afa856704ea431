package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder writes files into a folder of the test's own and returns the path of the first.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

// loadFolder loads the first of some files. Paths in the options and in what comes back are from the folder.
func loadFolder(t *testing.T, opts LoadOptions, files ...string) (*Script, []string) {
	t.Helper()
	path := folder(t, files...)
	dir := filepath.Dir(path) + string(filepath.Separator)
	for i, name := range opts.Config {
		opts.Config[i] = dir + name
	}
	if opts.Dotenv != "" {
		opts.Dotenv = dir + opts.Dotenv
	}
	script, err := LoadFile(path, opts)
	got := lines(err)
	if err == nil {
		got = warnings(script)
	}
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], dir, "")
	}
	return script, got
}

// firstURL returns what the first request of a user that has just begun asks for.
func firstURL(s *Script, number int64) string {
	return string(s.Requests[0].URL.Append(nil, user(s, number)))
}

const withEnvironments = `config:
  target: http://base
  phases:
    - {duration: 10, arrivalRate: 1, name: warm up}
    - {duration: 20, arrivalRate: 2}
    - {duration: 30, arrivalRate: 3}
  variables: {a: base, b: base, list: [x]}
  environments:
    staging:
      target: http://staging
      phases: [{duration: 60}]
      variables: {b: staging}
    solo:
      target: http://solo
      phases: []
scenarios:
  - flow: [get: {url: '/{{ a }}/{{ b }}/{{ $environment }}'}]
`

func TestArtilleryEnvironments(t *testing.T) {
	for _, test := range []struct {
		name     string
		opts     LoadOptions
		url      string
		phases   []time.Duration
		warnings []string
	}{
		{"none", LoadOptions{}, "http://base/base/base/undefined", []time.Duration{10, 20, 30}, []string{
			"s.yml:17:23: {{ $environment }} leads nowhere: it renders undefined, as in Artillery"}},
		{"lists are merged item by item", LoadOptions{Environment: "staging"}, "http://staging/base/staging/staging",
			[]time.Duration{60, 20, 30}, nil},
		{"an empty list changes nothing", LoadOptions{Environment: "solo"}, "http://solo/base/base/solo",
			[]time.Duration{10, 20, 30}, nil},
		{"one that is not there", LoadOptions{Environment: "stagign"}, "http://base/base/base/stagign",
			[]time.Duration{10, 20, 30}, []string{`s.yml:8:3: environment "stagign" is not in config.environments: did you mean "staging"?`}},
		{"the target goes before the environment's", LoadOptions{Environment: "staging", Target: "http://flag"},
			"http://flag/base/staging/staging", []time.Duration{60, 20, 30}, nil},
		{"overrides go before the target, and replace lists",
			LoadOptions{Environment: "staging", Target: "http://flag", Overrides: `{"config": {"target": "http://over", "phases": [{"duration": 5, "arrivalRate": 9}]}}`},
			"http://over/base/staging/staging", []time.Duration{5}, nil},
		{"variables go before all", LoadOptions{Environment: "staging", Variables: `{"a": 1, "b": "cli", "c": true}`,
			Overrides: `{"config": {"variables": {"a": "over"}}}`}, "http://staging/1/cli/staging", []time.Duration{60, 20, 30}, nil},
		{"overrides of a step", LoadOptions{Environment: "staging", Overrides: `{"scenarios": [{"flow": [{"get": {"url": "/new"}}]}]}`},
			"http://staging/new", []time.Duration{60, 20, 30}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			script, told := loadFolder(t, test.opts, "s.yml", withEnvironments)
			if script == nil {
				t.Fatal(told)
			}
			equal(t, "URL", firstURL(script, 0), test.url)
			equal(t, "warnings", told, test.warnings)
			var phases []time.Duration
			for _, p := range script.Phases {
				phases = append(phases, p.Duration/time.Second)
			}
			equal(t, "phases", phases, test.phases)
		})
	}
}

// TestArtilleryMergedErrors keeps that what is wrong is told with the file it stands in, once pieces are merged.
func TestArtilleryMergedErrors(t *testing.T) {
	const script = "config:\n  target: http://h\n  environments: {bad: {phases: [{duration: x, arrivalRate: 1}]}, text: b}\n" +
		"scenarios: [{flow: [{get: {url: /}}]}]\n"
	for _, test := range []struct {
		name string
		opts LoadOptions
		want []string
	}{
		{"an environment that is not chosen is not read", LoadOptions{}, nil},
		{"an environment", LoadOptions{Environment: "bad"}, []string{
			`s.yml:3:44: duration must be seconds, or text with a unit such as 500ms, 30s or 5m, not "x"`}},
		{"an environment that is no map", LoadOptions{Environment: "text"}, []string{
			"s.yml:3:72: environment text must be a map, not text"}},
		{"a config file", LoadOptions{Config: []string{"c.yml"}}, []string{"c.yml:3:12: timeout must be a number, not a list"}},
		{"a config file that is no map", LoadOptions{Config: []string{"list.yml"}}, []string{
			"list.yml:1:1: must be a map, with config in it, not a list"}},
		{"a config file with an error of its own", LoadOptions{Config: []string{"broken.yml"}}, []string{
			"broken.yml:2: did not find expected node content"}},
		{"no config file", LoadOptions{Config: []string{"no.yml"}}, []string{"--config: stat no.yml: no such file or directory"}},
		{"overrides", LoadOptions{Overrides: `{"config": {"phases": [{"duration": 1}]}}`}, []string{
			"--overrides:1:24: a phase needs arrivalRate, arrivalCount, rampTo or pause"}},
		{"overrides that are no JSON", LoadOptions{Overrides: "{config: 1}"}, []string{
			"--overrides: not JSON: invalid character 'c'", `write it as '{"name": "value"}'`}},
		{"overrides that end early", LoadOptions{Overrides: `{"config": `}, []string{
			"--overrides: not JSON: unexpected EOF", `write it as '{"name": "value"}'`}},
		{"overrides that go on", LoadOptions{Overrides: `{} {}`}, []string{
			"--overrides: not JSON: more than one value", `write it as '{"name": "value"}'`}},
		{"variables that are a list", LoadOptions{Variables: `[1]`}, []string{
			"--variables must be a JSON object, not a list", `write it as '{"name": "value"}'`}},
		{"variables nested for ever", LoadOptions{Variables: strings.Repeat("[", 100000)}, []string{
			"--variables: not JSON: nested more than 100 levels deep", `write it as '{"name": "value"}'`}},
		{"a variable without a plain name", LoadOptions{Variables: `{"a.b": 1}`}, []string{
			`--variables:1:2: "a.b" is not the plain name of a variable`}},
		{"a target nobody may attack", LoadOptions{Overrides: `{"config": {"target": "http://u:secret@h"}}`}, []string{
			"--overrides:1:23: target: user and password in a URL are not sent: give an Authorization header"}},
		{"no environment file", LoadOptions{Dotenv: "no.env"}, []string{
			"read environment file: stat no.env: no such file or directory"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, told := loadFolder(t, test.opts, "s.yml", script, "c.yml", "config:\n  phases: [{duration: 1, arrivalRate: 1}]\n  timeout: []\n",
				"list.yml", "- 1\n", "broken.yml", "config: [\n")
			for i := range told {
				told[i], _, _ = strings.Cut(told[i], " looking for")
			}
			equal(t, "errors", told, test.want)
		})
	}
}

// TestArtilleryConfigFiles keeps that a config file has the last word, and that the script's folder stays its own.
func TestArtilleryConfigFiles(t *testing.T) {
	script, told := loadFolder(t, LoadOptions{Config: []string{"one.yml", "two.json"}},
		"s.yml", "config: {target: 'http://script', phases: [{duration: 1, arrivalRate: 1, name: first}], variables: {a: 1, b: 1, c: 1}}\n"+
			"scenarios: [{flow: [{get: {url: '/{{ a }}{{ b }}{{ c }}'}}]}]\n",
		"one.yml", "config: {target: 'http://one', phases: [{duration: 2}, {pause: 3}], variables: {b: 2, c: 2}}\n",
		"two.json", `{"config": {"variables": {"c": 3}}}`)
	if script == nil {
		t.Fatal(told)
	}
	equal(t, "URL", firstURL(script, 0), "http://one/123")
	equal(t, "phases", script.Phases, []Phase{
		{Name: "first", Duration: 2 * time.Second, Arrivals: &Arrivals{Rate: 1, RampTo: 1, Every: time.Second, Count: 2}},
		{Duration: 3 * time.Second}})
}

func TestArtilleryNoTarget(t *testing.T) {
	const rest = "\nscenarios: [{flow: [{get: {url: /}}]}]"
	for _, test := range []struct{ name, config, want string }{
		{"only environments have one", "config: {environments: {a: {target: 'http://a'}, b: {}}}",
			`s.yml:1:1: config.target is missing: choose one of the environments ["a" "b"] with --environment, or give --target URL`},
		{"the environment should have it", "config: {target: '{{ $env.HOST }}'}",
			"s.yml:1:18: target: {{ $env.HOST }} is not set: add it, or give --target URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(test.config+rest), LoadOptions{Env: environment(nil)})
			equal(t, "error", lines(err), []string{test.want})
		})
	}
}

// environment is one that has nothing but what a test says.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

func TestScenarioName(t *testing.T) {
	const script = "config: {target: 'http://h'}\nscenarios:\n- {name: buy, weight: 0, flow: [{get: {url: /buy}}]}\n" +
		"- {name: browse, flow: [{get: {url: /browse}}]}\n- {flow: [{get: {url: /other}}]}\n"
	for _, test := range []struct {
		name string
		want []float64
		err  string
	}{
		{"", []float64{0, 1, 1}, ""}, {"buy", []float64{1, 0, 0}, ""}, {"^br.*e$", []float64{0, 1, 0}, ""},
		{"b", nil, `s.yml: --scenario-name "b" fits 2 scenarios, where it must fit one: there is ["buy" "browse" ""]`},
		{"(", nil, `s.yml: --scenario-name "(" fits 0 scenarios, where it must fit one: there is ["buy" "browse" ""]`},
	} {
		script, err := Load("s.yml", strings.NewReader(script), LoadOptions{Scenario: test.name})
		if err != nil {
			equal(t, test.name, err.Error(), test.err)
			continue
		}
		var weights []float64
		for _, s := range script.Scenarios {
			weights = append(weights, s.Weight)
		}
		equal(t, test.name, weights, test.want)
	}
}

// TestOptionsOfOthers keeps that options which only Artillery scripts know do not vanish without a word.
func TestOptionsOfOthers(t *testing.T) {
	script := load(t, "t.txt", "GET http://h/\n", LoadOptions{Environment: "a", Variables: "{}"})
	equal(t, "warnings", warnings(script), []string{
		"t.txt: --environment has no effect: this is no Artillery script",
		"t.txt: --variables has no effect: this is no Artillery script"})
}
