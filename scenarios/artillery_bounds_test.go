package scenarios

import (
	"strings"
	"testing"
)

// TestArtilleryBounds keeps that a few variables cannot stand for more than the memory holds.
func TestArtilleryBounds(t *testing.T) {
	const tooMuch = "too much: with its variables filled in the script has more than 64 MiB"
	long := strings.Repeat("x", 300_000)
	for _, test := range []struct{ name, text string }{
		{"in the flow", "config: {target: 'http://h', variables: {a: " + long + "}}\nscenarios: [{flow: [{get: {url: '/" +
			strings.Repeat("{{a}}", 60_000) + "'}}]}]"},
		{"in JSON", "config: {target: 'http://h', variables: {a: " + long + "}}\nscenarios: [{flow: [{post: {url: /, json: [" +
			strings.Repeat("'{{a}}',", 60_000) + "]}}]}]"},
		{"in config", "config: {target: 'http://h', variables: {a: " + long + "}, defaults: {headers: {b: '" +
			strings.Repeat("{{a}}", 60_000) + "'}}}\nscenarios: [{flow: [{get: {url: /}}]}]"},
		{"as lists", "config: {target: 'http://h', variables: {a: {b: [" + strings.Repeat("1,", 60_000) + "]}}, phases: [" +
			strings.Repeat("'{{a}}',", 30_000) + "]}\nscenarios: [{flow: [{get: {url: /}}]}]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("s.yml", strings.NewReader(test.text), LoadOptions{})
			if err == nil || !strings.Contains(err.Error(), tooMuch) {
				t.Errorf("%.200v", err)
			}
		})
	}
}

// TestArtilleryVariablesOfVariables keeps that variables made of variables do not grow without end.
func TestArtilleryVariablesOfVariables(t *testing.T) {
	var text strings.Builder
	text.WriteString("config:\n  target: http://h\n  variables:\n    a: [" + strings.Repeat("x", 100) + "]\n")
	for name := byte('b'); name <= 'm'; name++ {
		text.WriteString("    " + string(name) + ": \"" + strings.Repeat("{{ "+string(name-1)+" }}", 20) + "\"\n")
	}
	text.WriteString("scenarios: [{flow: [{get: {url: '/{{ b }}'}}, {log: '{{ m }}'}]}]\n")
	script := load(t, "s.yml", text.String(), LoadOptions{})
	vars := user(script, 0)
	equal(t, "length of the first", len(firstURL(script, 0)), len("http://h/")+2000)
	equal(t, "length of the last", len(script.Scenarios[0].Steps[1].(*Log).Message.Append(nil, vars)), maxRendered)
}
