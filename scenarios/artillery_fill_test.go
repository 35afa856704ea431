package scenarios

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestArtilleryFillsInConfig(t *testing.T) {
	env := environment(map[string]string{"HOST": "http://h", "RATE": "7", "TOKEN": "s3cret", "EMPTY": ""})
	const text = `config:
  target: "{{ $processEnvironment.HOST }}/{{ host }}"
  phases: [{duration: "{{ duration }}", arrivalRate: "{{ $env.RATE }}", name: "for {{ $environment }}", maxVusers: "{{ most.of.all }}"}]
  http: {timeout: "{{ $env.RATE }}"}
  defaults: {headers: {authorization: "Bearer {{ $env.TOKEN }}", x-user: "{{ $uuid }}", x-own: "{{ own }}"}}
  variables:
    own: of script
    env: "{{ $env.EMPTY }}"
    made: "{{ own }}-{{ color }}"
    color: [red]
    number: "{{ duration }}"
    once: "{{ $randomNumber(1, 1000000000) }}"
scenarios:
  - flow:
      - post: {url: "/{{ $env.RATE }}/{{ made }}", json: [ "{{ number }}", "{{ env }}", "{{ once }}" ]}
`
	script := load(t, "s.yml", text, LoadOptions{Env: env, Environment: "x", Seed: 1,
		Variables: `{"host": "path", "duration": 20, "most": {"of": {"all": 5}}}`})
	equal(t, "URL", firstURL(script, 0), "http://h/path/7/of script-red")
	equal(t, "phases", script.Phases, []Phase{{Name: "for x", Duration: 20e9, MaxUsers: 5,
		Arrivals: &Arrivals{Rate: 7, RampTo: 7, Every: 142857e3, Count: 140}}})
	equal(t, "timeout", script.Timeout.Seconds(), 7.0)
	body := string(script.Requests[0].Body.Append(nil, user(script, 1)))
	if !regexp.MustCompile(`^\[20,"","[0-9]+"\]$`).MatchString(body) {
		t.Errorf("body %s", body)
	}
	if again := string(script.Requests[0].Body.Append(nil, user(script, 2))); again != body {
		t.Errorf("what is drawn once differs between users: %s, %s", body, again)
	}
	headers := map[string]string{}
	for _, h := range script.Requests[0].Headers {
		headers[h.Name] = string(h.Value.Append(nil, user(script, 1)))
	}
	equal(t, "authorization", headers["authorization"], "Bearer s3cret")
	equal(t, "x-own", headers["x-own"], "of script")
	equal(t, "length of x-user", len(headers["x-user"]), 36)
	equal(t, "warnings", warnings(script), []string{
		`s.yml:2:3: environment "x" is not in config.environments`,
		"s.yml:5:74: header x-user: Artillery 2 knows no variables in config; here they are filled in for each request",
		"s.yml:5:96: {{ own }}: Artillery 2 knows no variables of the script in config; here it is filled in",
		"s.yml:9:11: variable made: Artillery 2 fills in no variables here; here it is made for each user as it begins"})
}

// TestArtillerySecretsStay keeps that what the environment holds does not appear in what is told of a script.
func TestArtillerySecretsStay(t *testing.T) {
	env := environment(map[string]string{"SECRET": "s3cret", "URL": "http://u:s3cret@h"})
	for _, config := range []string{
		"phases: [{duration: '{{ $env.SECRET }}', arrivalRate: 'x{{ $env.SECRET }}'}]", "mode: '{{ $env.SECRET }}'",
		"target: '{{ $env.URL }}'", "timeout: '{{ $env.SECRET }}'", "engine: '{{ $env.SECRET }}'", "processor: '{{ $env.SECRET }}'",
		"tls: {rejectUnauthorized: '{{ $env.SECRET }}'}",
	} {
		text := "config:\n  target: http://h\n  " + config + "\nscenarios: [{flow: [{get: {url: /}}]}]\n"
		if strings.HasPrefix(config, "target") {
			text = strings.Replace(text, "  target: http://h\n", "", 1)
		}
		_, err := Load("s.yml", strings.NewReader(text), LoadOptions{Env: env})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestArtilleryOwnVariables(t *testing.T) {
	const script = "config: {target: 'http://h'}\nscenarios: [{flow: [{get: {url: '/?{{ $scenarioFile }}&{{ $dirname }}&{{ $testId }}'}}]}]\n"
	path := folder(t, "s.yml", script)
	loaded, err := LoadFile(path, LoadOptions{Env: environment(map[string]string{"ARTILLERY_TEST_RUN_ID": "mine"})})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "URL", firstURL(loaded, 0), "http://h/?"+path+"&"+filepath.Dir(path)+"&mine")
	loaded, err = LoadFile(path, LoadOptions{Env: environment(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got := firstURL(loaded, 0); !regexp.MustCompile(`&t[a-z0-9]{4}_[a-z0-9]{29}_[a-z0-9]{4}$`).MatchString(got) {
		t.Errorf("%s has no test id", got)
	}
}

func TestArtilleryEnvironmentErrors(t *testing.T) {
	const start, end = "config: {target: 'http://h'}\nscenarios: [{flow: [{get: {url: '/", "'}}]}]"
	_, err := Load("s.yml", strings.NewReader(start+"{{ $env }}"+end), LoadOptions{Env: environment(nil)})
	equal(t, "all of it", lines(err), []string{
		"s.yml:2:33: {{ $env }}: name one variable of the environment, as {{ $env.NAME }}"})
	script := load(t, "s.yml", start+"{{ $env.NO }}"+end, LoadOptions{Env: environment(nil)})
	equal(t, "URL", firstURL(script, 0), "http://h/undefined")
	equal(t, "one that is not set", warnings(script), []string{
		"s.yml:2:33: {{ $env.NO }}: the environment has no NO: it renders undefined, as in Artillery"})
}

func TestDotenv(t *testing.T) {
	const text = "# comment\n\nPLAIN=value # comment\nexport EXPORTED = 'single # $x \\n'\nDOUBLE=\"two\\nlines\"\nLONG=\"a\nb\"\n" +
		"EMPTY=\nCOLON: yes\nBACK=`it's`\nHASH=a#b\nnothing\nSPACES=  a b  \r\nTAKEN=file\nTWICE=1\nTWICE=2\n"
	got := parseDotenv(text)
	equal(t, "variables", got, map[string]string{
		"PLAIN": "value", "EXPORTED": "single # $x \\n", "DOUBLE": "two\nlines", "LONG": "a\nb", "EMPTY": "", "COLON": "yes",
		"BACK": "it's", "HASH": "a", "SPACES": "a b", "TAKEN": "file", "TWICE": "2"})

	script, told := loadFolder(t, LoadOptions{Dotenv: ".env", Env: environment(map[string]string{"TAKEN": "environment"})},
		"s.yml", "config: {target: 'http://{{ $env.HASH }}'}\nscenarios: [{flow: [{get: {url: '/{{ $env.TAKEN }}/{{ $processEnvironment.BACK }}'}}]}]",
		".env", text)
	if script == nil {
		t.Fatal(told)
	}
	equal(t, "URL", firstURL(script, 0), "http://a/environment/it's")
}

func TestArtilleryWeights(t *testing.T) {
	env := environment(map[string]string{"W": "12"})
	for _, test := range []struct {
		weight   string
		want     float64
		warnings []string
	}{
		{"'{{ three }}'", 3, nil}, {"'{{ text }}'", 7, nil}, {"'{{ $processEnvironment.W }}'", 12, nil}, {"'3'", 3, nil},
		{"'{{ word }}'", 0, []string{`s.yml:3:12: weight "{{ word }}" is no number from 0 to 1000000000: it counts as 0, as in Artillery`}},
		{"'{{ column }}'", 5, nil},
	} {
		script, told := loadFolder(t, LoadOptions{Env: env}, "s.yml",
			"config: {target: 'http://h', variables: {three: 3, text: 7.9x, word: w}, payload: {path: a.csv, fields: column}}\nscenarios:\n"+
				"- {weight: "+test.weight+", flow: [{think: 1}]}\n- flow: [{get: {url: /}}]\n", "a.csv", "5\n5\n")
		if script == nil {
			t.Fatal(told)
		}
		equal(t, test.weight, script.Scenarios[0].Weight, test.want)
		equal(t, test.weight, told, test.warnings)
	}
}

// TestArtilleryUnsetVariables keeps that what may be left out is left out if its variable is not set, with a warning,
// and that what may not is an error that names the variable.
func TestArtilleryUnsetVariables(t *testing.T) {
	const text = "config:\n  target: http://h\n  phases: [{duration: 1, arrivalRate: 1, maxVusers: '{{ $env.MOST }}', rampTo: '{{ $env.RAMP }}'}]\n" +
		"  timeout: '{{ $env.TIMEOUT }}'\n  defaults: {headers: {authorization: '{{ $env.TOKEN }}'}}\n  variables: {v: '{{ $env.V }}'}\n" +
		"scenarios: [{flow: [{post: {url: /, json: {v: '{{ v }}', w: 1}}}]}]\n"
	script := load(t, "s.yml", text, LoadOptions{Env: environment(nil)})
	equal(t, "phases", script.Phases, []Phase{{Duration: 1e9, Arrivals: &Arrivals{Rate: 1, RampTo: 1, Every: 1e9, Count: 1}}})
	equal(t, "body", bodyOf(script, 0), `{"w":1}`)
	for _, h := range script.Requests[0].Headers {
		if h.Name == "authorization" {
			t.Errorf("a header without a value is sent: %s", h.Value)
		}
	}
	equal(t, "warnings", len(script.Warnings), 6)

	_, err := Load("s.yml", strings.NewReader(strings.Replace(text, "arrivalRate: 1,", "arrivalRate: '{{ $env.RATE }}',", 1)),
		LoadOptions{Env: environment(nil)})
	equal(t, "error", lines(err), []string{
		"s.yml:3:39: arrivalRate must be a number, not nothing: {{ $env.RATE }} is not set"})
}
