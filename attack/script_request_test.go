package attack

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScriptRequests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(file, []byte("miaow"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		step, line, body string
		header           map[string]string
	}{
		"a query": {"- get: {url: '/a?old=1', qs: {q: 'a b&c', n: 5, list: [1, x], no: null}}",
			"GET /a?q=a+b%26c&n=5&list=1&list=x&no=", "", nil},
		"a query with variables": {"- loop: [get: {url: '/{{ n }}?x=1', qs: {q: '{{ n }}', list: ['{{ n }}', 2]}}]\n  count: 1\n  loopValue: n",
			"GET /0?q=0&list=0&list=2", "", nil},
		"a form": {"- post: {url: /f, form: {a: 'x y', 'b&': 'ü', n: 1, on: true}}",
			"POST /f", "a=x+y&b%26=%C3%BC&n=1&on=true", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		"a form with its own type": {"- post: {url: /f, form: {a: 1}, headers: {content-type: text/x}}",
			"POST /f", "a=1", map[string]string{"Content-Type": "text/x"}},
		"basic authentication": {"- get: {url: /a, auth: {user: ann, pass: 'se{{ $randomNumber(5,5) }}ret'}, headers: {Authorization: x}}",
			"GET /a", "", map[string]string{"Authorization": "Basic YW5uOnNlNXJldA=="}},
		"cookies":          {"- get: {url: /a, cookie: {a: b, c: '{{ $randomNumber(7,7) }}'}}", "GET /a", "", map[string]string{"Cookie": "a=b; c=7"}},
		"no compression":   {"- get: {url: /a, gzip: false}", "GET /a", "", map[string]string{"Accept-Encoding": ""}},
		"compression":      {"- get: {url: /a}", "GET /a", "", map[string]string{"Accept-Encoding": "gzip, deflate, br"}},
		"its own agent":    {"- get: {url: /a, headers: {User-Agent: me}}", "GET /a", "", map[string]string{"User-Agent": "me"}},
		"Artillery's name": {"- get: {url: /a}", "GET /a", "", map[string]string{"User-Agent": "Artillery (https://artillery.io)"}},
		"JSON": {"- put: {url: /a, json: {n: 1, on: false, list: [a, null]}}", "PUT /a", `{"n":1,"on":false,"list":["a",null]}`,
			map[string]string{"Content-Type": "application/json"}},
		"what has no effect": {"- post: {url: /a, body: x, timeout: 3, setContentLengthHeader: true}", "POST /a", "x",
			map[string]string{"Content-Length": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", test.step)})
			s.want(t, test.line)
			if s.seen[0].body != test.body {
				t.Errorf("body %q, want %q", s.seen[0].body, test.body)
			}
			for name, want := range test.header {
				if got := s.seen[0].header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
	t.Run("parts", func(t *testing.T) {
		parts := map[string]string{}
		s := &shop{site: newSite(t, func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				t.Error(err)
				return
			}
			for name, values := range r.MultipartForm.Value {
				parts[name] = values[0]
			}
			for name, files := range r.MultipartForm.File {
				f, _ := files[0].Open()
				text, _ := io.ReadAll(f)
				parts[name] = fmt.Sprint(files[0].Filename, " ", files[0].Header.Get("Content-Type"), " ", string(text))
			}
		})}
		mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `- post:
    url: /upload
    formData:
      name: 'Ann {{ $randomNumber(2,2) }}'
      n: 5
      typed: {value: '{}', contentType: application/json}
      cat: {fromFile: '`+file+`'}
      dog: {fromFile: '`+file+`', contentType: image/x-dog}`)})
		want := map[string]string{"name": "Ann 2", "n": "5", "typed": "{}", "cat": "cat.png image/png miaow", "dog": "cat.png image/x-dog miaow"}
		if !maps.Equal(parts, want) {
			t.Errorf("parts %v, want %v", parts, want)
		}
	})
}

func TestScriptDefaults(t *testing.T) {
	s := newShop(t)
	script := load(t, `config:
  target: '`+s.URL+`'
  http: {defaults: {headers: {X-A: '1'}, cookie: {lang: en, a: b}, think: {jitter: 50%}}}
scenarios:
- flow:
  - get: {url: /1, cookie: {a: c}}
  - think: 10ms
  - get: {url: /2, headers: {x-a: '2'}}
`, 1)
	mustRun(t, Options{Remote: true, Script: script})
	s.want(t, "GET /1", "GET /2")
	for i, want := range []string{"1 lang=en; a=c", "2 lang=en; a=b"} {
		h := s.seen[i].header
		cookies := strings.Split(h.Get("Cookie"), "; ")
		slices.Sort(cookies)
		slices.Reverse(cookies)
		if got := h.Get("X-A") + " " + strings.Join(cookies, "; "); got != want {
			t.Errorf("request %d: %q, want %q", i, got, want)
		}
		if got := h.Get("User-Agent"); got != "got (https://github.com/sindresorhus/got)" {
			t.Errorf("user agent %q", got)
		}
	}
}

func TestScriptUndefinedInURL(t *testing.T) {
	s := newShop(t)
	_, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 3, "", `
- get: {url: /login, capture: {json: $.nobody, as: id, strict: false}}
- get: {url: '/users/{{ id }}'}`)})
	if text := fmt.Sprint(summary.Warnings); !strings.Contains(text, "s.yml:5:") || !strings.Contains(text,
		"/users/{{ id }}: {{ id }} was undefined in the URL of a request (the first of 3)") {
		t.Errorf("warnings %s", text)
	}
}

func TestScriptURLOfVariable(t *testing.T) {
	s := newShop(t)
	_, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- loop: [get: {url: '{{ $loopElement }}'}]
  over: [/path, '`+s.URL+`/whole', 'http://ann:hunter2@x/']`)})
	s.want(t, "GET /path", "GET /whole")
	if text := fmt.Sprint(summary.UserErrors, summary.Warnings); summary.UserErrors[keyInvalidURL] != 1 || strings.Contains(text, "hunter2") {
		t.Errorf("user errors and warnings %s", text)
	}
}

// TestScriptUploads holds that a file's name may differ between users, and that no answer leads out of the folder.
func TestScriptUploads(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"files/a.txt", "secret.txt"} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("text of "+name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ file, want, key string }{
		{"a.txt", `filename="a.txt"`, ""},
		{"b.txt", "", "ENOENT"},
		{"../secret.txt", "", "ERR_UPLOAD"},
	} {
		s := newShop(t)
		_, summary := mustRun(t, Options{Remote: true, Script: s.script(t, 1, "", `
- loop: [post: {url: /up, formData: {f: {fromFile: '`+folder+`/files/{{ $loopElement }}'}}}]
  over: ['`+test.file+`']`)})
		if test.key == "" {
			s.want(t, "POST /up")
			if body := s.seen[0].body; !strings.Contains(body, test.want) || !strings.Contains(body, "\r\n\r\ntext of files/a.txt\r\n") {
				t.Errorf("body %q", body)
			}
			continue
		}
		s.want(t)
		if summary.UserErrors[test.key] != 1 || len(summary.Warnings) != 1 {
			t.Errorf("%s: user errors %v, warnings %v", test.file, summary.UserErrors, summary.Warnings)
		}
	}
}
