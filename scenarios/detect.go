package scenarios

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
)

// dialect is what a script is written in.
type dialect int

const (
	urlList dialect = iota // what is left when it is nothing else
	artilleryScript
	siegeScript
	otherJavaScript
	targetList
)

var (
	artilleryKey = regexp.MustCompile(`(?m)^["']?(config|scenarios)["']?[ \t]*:`)
	siegeCall    = regexp.MustCompile(`\bsiege\s*\(|require\s*\(\s*["'](?:[^"']*/)?siege(?:\.js)?["']\s*\)`)
	targetLine   = regexp.MustCompile(`^[A-Z]+[ \t]+\S`)
	javaScript   = regexp.MustCompile(`(?m)^\s*(import\s|export\s|module\.exports|(const|let|var)\s+[\w{]|function\b|//|/\*)|\brequire\s*\(`)
)

// maxEvidence is how much of a text is looked at to tell what it is, in bytes.
const maxEvidence = 64 << 10

// detect tells the dialect from the extension of a name, or from the text where the extension does not say.
func detect(name, text string) dialect {
	beginning := text[:min(len(text), maxEvidence)]
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yml", ".yaml":
		return artilleryScript
	case ".json":
		if isTargetLine(text) {
			return targetList
		}
		return artilleryScript
	case ".js", ".mjs", ".cjs", ".ts":
		return detectJavaScript(beginning)
	}
	switch {
	case isTargetLine(text):
		return targetList
	case artilleryKey.MatchString(beginning), strings.HasPrefix(strings.TrimSpace(beginning), "{"):
		return artilleryScript
	case siegeCall.MatchString(beginning):
		return siegeScript
	case javaScript.MatchString(beginning):
		return otherJavaScript
	}
	return urlList
}

func detectJavaScript(text string) dialect {
	if siegeCall.MatchString(text) {
		return siegeScript
	}
	return otherJavaScript
}

// isTargetLine reports whether the first line that says anything is a target's: METHOD URL, or a JSON object with
// method and url.
func isTargetLine(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var target struct{ Method, URL string }
		return targetLine.MatchString(line) ||
			json.Unmarshal([]byte(line), &target) == nil && target.Method != "" && target.URL != ""
	}
	return false
}

// refuseJavaScript says what a program in JavaScript looks like, and that it cannot be run.
func (r *reader) refuseJavaScript(text string) {
	text = text[:min(len(text), maxEvidence)]
	for _, known := range []struct{ evidence, what string }{
		{`["']k6(/[^"']*)?["']|\bexport\s+(const|let)\s+options\b`, "a k6 script"},
		{`["']autocannon["']`, "an autocannon program"},
		{`["']@gatling\.io/|\bsimulation\s*\(`, "a Gatling simulation"},
		{`["']@playwright/test["']`, "a Playwright test"},
		{`(?s)\b(config|scenarios)\s*:.*\b(phases|flow)\s*:`, "an Artillery script in JavaScript (save it as .yml or .json)"},
		{`\b(requestParams|userContext|(context|ctx)\s*,\s*(events|ee|next|done))\b`,
			"an Artillery processor, which a script names in config.processor"},
		{`\bmodule\.exports\b|\bexports\.\w|(?m)^\s*(import|export)\s`, "a module"},
	} {
		if at := regexp.MustCompile(known.evidence).FindStringIndex(text); at != nil {
			r.errorf(r.at(1+strings.Count(text[:at[0]], "\n"), 0), "this looks like %s: "+
				"of JavaScript only siege.js scripts can be run, which call siege()", known.what)
			return
		}
	}
	r.errorf(Pos{File: r.file}, "this program never calls siege(): of JavaScript only siege.js scripts can be run")
}
