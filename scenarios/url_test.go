package scenarios

import "testing"

func TestForURL(t *testing.T) {
	for _, test := range []struct {
		name    string
		request URLRequest
		want    string
	}{
		{"a URL", URLRequest{URL: "http://localhost:3000/reviews/1?index=1"}, " GET http://localhost:3000/reviews/1?index=1 []"},
		{"braces are no template", URLRequest{URL: "http://localhost/?q={{ x }}", Body: "{{ y }}", Method: "PUT"},
			" PUT http://localhost/?q={{ x }} [] {{ y }}"},
		{"a body is posted", URLRequest{URL: "http://localhost", Body: "a=b", Headers: []string{"X-A: b:c", "x-a:d"}},
			" POST http://localhost [X-A=b:c x-a=d] a=b"},
		{"basic authentication", URLRequest{URL: "http://localhost", User: "user:pass"},
			" GET http://localhost [Authorization=Basic dXNlcjpwYXNz]"},
		{"basic authentication in the URL", URLRequest{URL: "http://user:p%40ss@localhost/"},
			" GET http://localhost/ [Authorization=Basic dXNlcjpwQHNz]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			script, err := ForURL(test.request)
			if err != nil {
				t.Fatal(err)
			}
			request := script.Scenarios[0].Steps[0].(*Request)
			request.Pos = Pos{File: "x"}
			equal(t, "request", "x:"+show(request)[1:], "x:"+test.want)
			equal(t, "phases", len(script.Phases), 0)
			equal(t, "name", script.Name, request.URL.String())
		})
	}
}

func TestForURLErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		request URLRequest
		want    []string
	}{
		{"no scheme", URLRequest{URL: "localhost"}, []string{"not an absolute URL (http://… or https://…)"}},
		{"a bad port", URLRequest{URL: "http://u:secret@localhost:x"}, []string{"not a URL: write special characters in user and password as %XX"}},
		{"bad escapes", URLRequest{URL: "http://u:%secret@localhost"}, []string{"not a URL: write special characters in user and password as %XX"}},
		{"headers and method", URLRequest{URL: "http://u:secret@localhost/", Method: "G T", Headers: []string{"secret", "a: b\nsecret"}}, []string{
			`http://localhost/: "G T" is not an HTTP method`,
			"http://localhost/: a header is written 'Name: value'",
			"http://localhost/: header a: a line break cannot be sent"}},
		{"the host of 2018", URLRequest{URL: "http://ec2-54-82-237-60.compute-1.amazonaws.com/"}, []string{
			"ec2-54-82-237-60.compute-1.amazonaws.com is the host the original authors attacked in 2018 and no longer ours: " +
				"say what to attack instead with --target URL"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ForURL(test.request)
			equal(t, "errors", lines(err), test.want)
		})
	}
}
