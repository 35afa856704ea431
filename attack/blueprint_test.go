package attack

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/starkillersystems/imgsvc/scenarios"
)

func TestBadRequestsAreRefusedBeforeTheStart(t *testing.T) {
	header := get("http://127.0.0.1/")
	header.Headers = []scenarios.Header{{Name: "X", Value: scenarios.Literal("a\r\nInjected: b")}}
	for want, step := range map[string]*scenarios.Request{
		"not an absolute URL":        get("/reviews/1"),
		"neither http nor https":     get("ftp://example.com/"),
		"no host in the URL":         get("http:///x"),
		"a line break":               header,
		"user and password in a URL": get("http://me:secret@example.com/"),
	} {
		_, err := Run(context.Background(), Options{Script: plan(scenarios.Phase{Users: 1}, step), Sink: &notebook{}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v shows a password", err)
		}
	}
}

func TestRequestTargetsAreMadeFitForSending(t *testing.T) {
	var names scenarios.Names
	vars := []scenarios.Value{scenarios.Any("a b/ü\r\nX: y?q=\"<#frag"), scenarios.Any("http://127.0.0.1:81")}
	compileText := func(text string) *blueprint {
		names.Slot("v")
		names.Slot("host")
		url, err := scenarios.Compile(text, &names)
		if err != nil {
			t.Fatal(err)
		}
		bp, err := compile(&scenarios.Request{Method: "GET", URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return bp
	}
	tests := map[string]string{
		"http://h":          "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"http://h?x=1":      "GET /?x=1 HTTP/1.1\r\nHost: h\r\n\r\n",
		"http://h:80/a b#c": "GET /a%20b HTTP/1.1\r\nHost: h:80\r\n\r\n",
		"http://[::1]:8/":   "GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n",
		"http://h/{{ v }}":  "GET /a%20b/%C3%BC%0D%0AX:%20y?q=%22%3C HTTP/1.1\r\nHost: h\r\n\r\n",
		// What Node's URL makes of it, and with it Artillery.
		"http://h/a{b}`^|'\\x[]%zz?q={x}`^|'\\[]<>": "GET /a%7Bb%7D%60^|'/x[]%zz?q={x}`^|%27\\[]%3C%3E HTTP/1.1\r\nHost: h\r\n\r\n",
		"{{ host }}/p/{{ none }}":                   "GET /p/undefined HTTP/1.1\r\nHost: 127.0.0.1:81\r\n\r\n",
	}
	for _, text := range slices.Sorted(maps.Keys(tests)) {
		bp := compileText(text)
		for len(vars) < names.Len() {
			vars = append(vars, scenarios.Value{})
		}
		got, _, _, err := bp.render(nil, &scenarios.Vars{Slots: vars})
		if err != nil || string(got) != tests[text] {
			t.Errorf("%s renders %q, %v; want %q", text, got, err, tests[text])
		}
	}
}
