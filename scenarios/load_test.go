package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// TestShippedScriptsAreTheOriginals keeps the three scripts as their authors wrote them, byte for byte.
func TestShippedScriptsAreTheOriginals(t *testing.T) {
	for name, want := range map[string]string{
		"artillery.yml":            "25a659c2cf9b3a72a034fd8e6492ff830cade8dead464ef42d5a22139803aa76",
		"artillery-production.yml": "8f0479f1481dfc031ae9cd8e550bf1d0780a157d1ddeae6ceed9e71ced374d5c",
		"siege.js":                 "7d03c2d23a21c806ee35478a1bc46113352c2e408d3574c25f86804e35c4bde2",
	} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		equal(t, name, hex.EncodeToString(sum[:]), want)
	}
}

func TestDetection(t *testing.T) {
	const (
		artillery = "config: {target: 'http://localhost'}\nscenarios: [{flow: [{get: {url: /a}}]}]\n"
		siege     = "siege().on(1).get('/s').attack()"
		targets   = "# list\nGET http://localhost/t\n"
		json      = `{"method":"GET","url":"http://localhost/j"}`
	)
	for _, test := range []struct{ name, file, text, want string }{
		{"Artillery", "a.yml", artillery, "http://localhost/a"},
		{"Artillery in capitals", "A.YAML", artillery, "http://localhost/a"},
		{"Artillery in JSON", "a.json", `{"config":{"target":"http://localhost"},"scenarios":[{"flow":[{"get":{"url":"/a"}}]}]}`, "http://localhost/a"},
		{"Artillery from stdin", "-", "# comment\n" + artillery, "http://localhost/a"},
		{"Artillery in JSON from stdin", "-", `{"config":{"target":"http://localhost"},"scenarios":[{"flow":[{"get":{"url":"/a"}}]}]}`, "http://localhost/a"},
		{"siege.js", "s.js", siege, "http://localhost:1/s"},
		{"siege.js from stdin", "-", siege, "http://localhost:1/s"},
		{"siege.js without the global", "-", "var attack = require('siege')\nattack().on(1).get('/s').attack()", "http://localhost:1/s"},
		{"targets", "targets.txt", targets, "http://localhost/t"},
		{"targets from stdin", "-", targets, "http://localhost/t"},
		{"targets in JSON", "targets.json", json, "http://localhost/j"},
		{"targets in JSON from stdin", "-", json, "http://localhost/j"},
		{"a byte order mark and carriage returns", "-", "\ufeff" + strings.ReplaceAll(targets, "\n", "\r\n"), "http://localhost/t"},
		{"carriage returns in YAML", "a.yml", "\ufeff" + strings.ReplaceAll(artillery, "\n", "\r\n"), "http://localhost/a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, test.file, test.text, LoadOptions{})
			equal(t, "URL", script.Requests[0].URL.String(), test.want)
			equal(t, "name", script.Name, test.file)
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	const only = ": of JavaScript only siege.js scripts can be run, which call siege()"
	for _, test := range []struct{ name, file, text, want string }{
		{"nothing", "a.yml", "", " empty"},
		{"only spaces", "-", "\ufeff \r\n", " empty"},
		{"a binary file", "-", "\x7fELF\x00", " a binary file, not a script"},
		{"Latin-1", "a.yml", "a: \xe9", " not in UTF-8: a binary file, or a text in another encoding"},
		{"UTF-16", "a.yml", "\xff\xfea\x00", " in UTF-16: save it as UTF-8"},
		{"too much", "t.txt", strings.Repeat(" ", maxFile+1), " longer than 16 MiB: too long for a script"},
		{"too much YAML", "a.yml", "#" + strings.Repeat(" ", maxArtillery), " a script of 1048577 bytes is too long: at most 1048576"},
		{"urls.txt", "urls.txt", "http://localhost/\nlocalhost/b POST a=b\n",
			" this looks like a list of URLs for siege(1), which is not supported yet: write each line as 'GET URL'"},
		{"k6", "load.js", "// load\nimport http from 'k6/http'\n", "2: this looks like a k6 script" + only},
		{"k6 options", "load.ts", "export const options = {}\n", "1: this looks like a k6 script" + only},
		{"k6 from stdin", "-", "import http from \"k6/http\"\n", "1: this looks like a k6 script" + only},
		{"autocannon", "load.js", "const autocannon = require('autocannon')\n", "1: this looks like an autocannon program" + only},
		{"Gatling", "load.js", "import { simulation } from \"@gatling.io/core\"\n", "1: this looks like a Gatling simulation" + only},
		{"Playwright", "load.ts", "import { test } from '@playwright/test'\n", "1: this looks like a Playwright test" + only},
		{"Artillery in JavaScript", "load.js", "module.exports = {\n  config: {phases: []},\n  scenarios: []\n}",
			"2: this looks like an Artillery script in JavaScript (save it as .yml or .json)" + only},
		{"a processor", "processor.js", "module.exports = { setId }\nfunction setId(context, events, done) { done() }",
			"2: this looks like an Artillery processor, which a script names in config.processor" + only},
		{"a module", "index.js", "\nmodule.exports = 1", "2: this looks like a module" + only},
		{"a program", "index.js", "console.log(1)", " this program never calls siege(): of JavaScript only siege.js scripts can be run"},
		{"other YAML", "compose.yml", "services: {}", "1:1: not an Artillery script: it has neither config nor scenarios"},
		{"other JSON", "har.json", `{"log": {}}`, "1:1: not an Artillery script: it has neither config nor scenarios"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(test.file, strings.NewReader(test.text), LoadOptions{})
			equal(t, "errors", lines(err), []string{test.file + ":" + test.want})
		})
	}
}

func TestUnreadableFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yml")
	if _, err := LoadFile(missing, LoadOptions{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "read script: open "+missing) {
		t.Errorf("missing file: %v", err)
	}
	folder := t.TempDir()
	if _, err := LoadFile(folder, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "read script: read "+folder+": is a directory") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Load("-", iotest.ErrReader(io.ErrClosedPipe), LoadOptions{}); err == nil || err.Error() != "read script -: io: read/write on closed pipe" {
		t.Errorf("pipe: %v", err)
	}
}
