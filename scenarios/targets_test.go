package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	body := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(body, []byte(`{"a":1}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		opts       LoadOptions
		want       []string
		warnings   []string
	}{
		{"lines", "# all of them\nGET http://localhost:3000/reviews/1\n\n  GET\thttps://localhost/reviews/2?index=1  \n",
			LoadOptions{}, []string{"2 GET http://localhost:3000/reviews/1 []", "4 GET https://localhost/reviews/2?index=1 []"}, nil},
		{"headers, a comment and a body", "PUT http://localhost/1\nX-Request-ID: a:b\n# not now\nx-Request-ID:c\n@" + body +
			"\nDELETE http://localhost/2\nAuthorization: Bearer t\nGET http://localhost/3", LoadOptions{}, []string{
			`1 PUT http://localhost/1 [X-Request-ID=a:b x-Request-ID=c] {"a":1}` + "\n",
			"6 DELETE http://localhost/2 [Authorization=Bearer t]",
			"8 GET http://localhost/3 []"}, nil},
		{"JSON", `{"method":"POST","url":"http://localhost/1","body":"Rk9P","header":{"B":["1","2"],"A":["{{ x }}"]}}` +
			"\n\n" + `{"method": "GET", "url": "http://localhost/2"}`, LoadOptions{}, []string{
			"1 POST http://localhost/1 [A={{ x }} B=1 B=2] FOO", "3 GET http://localhost/2 []"}, nil},
		{"another target", "GET http://u:p@localhost:3000\nGET http://ec2-54-82-237-60.compute-1.amazonaws.com/a%20b/?q#f",
			LoadOptions{Target: "https://example.test:8443/"}, []string{
				"1 GET https://example.test:8443/ []", "2 GET https://example.test:8443/a%20b/?q []"}, nil},
		{"a length", "POST http://localhost/\nContent-Length: 7\n@" + body, LoadOptions{}, []string{
			`1 POST http://localhost/ [] {"a":1}` + "\n"}, []string{
			"t.txt:2: header Content-Length is left out: the length of the body is always sent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := load(t, "t.txt", test.text, test.opts)
			equal(t, "warnings", warnings(script), test.warnings)
			equal(t, "scenarios", len(script.Scenarios), 1)
			equal(t, "phases", len(script.Phases), 0)
			var got []string
			for i, request := range script.Requests {
				if script.Scenarios[0].Steps[i] != Step(request) || request.ID != i {
					t.Errorf("step %d is not request %d", i, request.ID)
				}
				got = append(got, show(request))
			}
			equal(t, "requests", got, test.want)
		})
	}
}

// show writes a request as text: line, method, URL, headers and body.
func show(request *Request) string {
	var headers []string
	for _, h := range request.Headers {
		headers = append(headers, h.Name+"="+string(h.Value.Append(nil, nil)))
	}
	line := strings.TrimPrefix(request.Pos.String(), request.Pos.File+":")
	text := line + " " + request.Method + " " + string(request.URL.Append(nil, nil)) + " [" + strings.Join(headers, " ") + "]"
	if body := string(request.Body.Append(nil, nil)); body != "" {
		text += " " + body
	}
	return text
}

func TestTargetErrors(t *testing.T) {
	for _, test := range []struct {
		name, text string
		opts       LoadOptions
		want       []string
	}{
		{"all at once", `GET /reviews/1

GET http://

get http://localhost/

GET http://localhost/
no header
: a
a:
b c: d
Transfer-Encoding: chunked
@/no/such/file
GET http://a:secret@localhost
GET http://localhost:x
GET ftp://localhost/
`, LoadOptions{}, []string{
			"1: not an absolute URL (http://… or https://…)",
			"3: no host in the URL",
			"5: a target is written 'METHOD URL', its headers below it, and an empty line behind them",
			"8: a header is written 'Name: value'",
			"9: a header is written 'Name: value'",
			"10: a header is written 'Name: value'",
			`11: "b c" is not the name of a header`,
			"12: header Transfer-Encoding is not supported: bodies are sent whole, with their length",
			"13: read body: stat /no/such/file: no such file or directory (looked for from the folder imgsvc runs in)",
			"14: user and password in a URL are not sent: give an Authorization header",
			`15: not a URL: invalid port ":x" after host`,
			"16: not an absolute URL (http://… or https://…)"}},
		{"a device as body", "GET http://localhost/\n@/dev/zero", LoadOptions{}, []string{
			"2: read body: /dev/zero is not a file (looked for from the folder imgsvc runs in)"}},
		{"JSON", `{"method":"GET","url":"http://localhost/"}
{"method":"GET"}
{"method":"GET","url":"http://localhost/","hdr":{}}
{"method":"GET","url":"http://localhost/","body":"***"}
{"method":"GET","url":"http://localhost/"} {}
{"method":"G T","url":"http://localhost/"}
{"method":"GET",
`, LoadOptions{}, []string{
			"2: a target in JSON needs method and url",
			`3: not a target in JSON: unknown field "hdr"`,
			"4: not a target in JSON: illegal base64 data at input byte 0",
			"5: more than one value on a line",
			`6: "G T" is not an HTTP method`,
			"7: not a target in JSON: unexpected EOF"}},
		{"the host of 2018", "GET http://ec2-54-82-237-60.compute-1.amazonaws.com/", LoadOptions{}, []string{
			"1: ec2-54-82-237-60.compute-1.amazonaws.com is the host the original authors attacked in 2018 and no longer ours: " +
				"say what to attack instead with --target URL"}},
		{"a target with a path", "GET http://localhost/", LoadOptions{Target: "http://localhost/?a"}, []string{
			" --target replaces scheme, host and port here, and paths stay: give it without a path"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("t.txt", strings.NewReader(test.text), test.opts)
			var want []string
			for _, line := range test.want {
				want = append(want, "t.txt:"+line)
			}
			equal(t, "errors", lines(err), want)
		})
	}
}

func TestTooManyTargets(t *testing.T) {
	for _, text := range []string{
		"GET http://a\nGET http://a\nGET http://a\nGET http://a\n", "GET http://a\na: b\nc: d\ne: f\ng: h\n",
		strings.Repeat(`{"method":"GET","url":"http://a","header":{"a":["b"]}}`+"\n", 3),
	} {
		list := &targets{reader: newReader("t.txt", LoadOptions{}), left: 3}
		list.read(text)
		_, err := list.finish()
		if len(lines(err)) != 1 || !strings.HasSuffix(err.Error(), "too long a list: more than 1000000 requests and headers") {
			t.Errorf("list of %q: %v", text, err)
		}
	}
}
