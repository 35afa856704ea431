package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestScriptTLS keeps that a certificate nobody vouches for is refused, unless the script or the user says otherwise.
func TestScriptTLS(t *testing.T) {
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	site.Config.ErrorLog = log.New(io.Discard, "", 0)
	site.StartTLS()
	defer site.Close()
	for _, test := range []struct {
		name, config string
		args         []string
		want         string
	}{
		{"refused", "", nil, `"successes": 0,`},
		{"the script accepts it", ", tls: {rejectUnauthorized: false}", nil, `"successes": 1,`},
		{"the user does", ", tls: {rejectUnauthorized: true}", []string{"-k"}, `"successes": 1,`},
		{"overrides do", "", []string{"--overrides", `{"config": {"tls": {"rejectUnauthorized": false}}}`}, `"successes": 1,`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "s.yml")
			text := "config: {target: '" + site.URL + "'" + test.config + "}\nscenarios: [{flow: [{get: {url: /}}]}]\n"
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := run(append([]string{"attack", "--json", file}, test.args...), &stdout, &stderr)
			if code != 0 || !strings.Contains(stdout.String(), test.want) {
				t.Errorf("exit code %d, no %s in\n%s%s", code, test.want, stdout.String(), stderr.String())
			}
		})
	}
}
