package attack

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// cookieShop sets and drops cookies as its paths say.
func cookieShop(w http.ResponseWriter, r *http.Request) {
	set := func(lines ...string) {
		for _, line := range lines {
			w.Header().Add("Set-Cookie", line)
		}
	}
	switch r.URL.Path {
	case "/login":
		set("session=s3cr3t; Path=/; HttpOnly", "lang=en", `quoted="a b"; Path=/`)
	case "/shop/enter":
		set("cart=7; Path=/shop", "here=1", "page=2; Path=/shop/list")
	case "/renew":
		set("session=renewed; Path=/")
	case "/logout":
		set("session=; Path=/; Max-Age=0", "lang=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	case "/nonsense":
		set("no pair", "=x", "bad name=1", "a=1; Domain=other.example", "b=2; Domain=localhost; Path=/", "secure=1; Secure; Path=/")
	case "/jump":
		set("jumped=1; Path=/")
		http.Redirect(w, r, "/landed", http.StatusFound)
	case "/long":
		set("long=1; Path=/")
		io.WriteString(w, strings.Repeat("x", 100_000))
	}
	fmt.Fprint(w, "ok")
}

// What a user sends is what net/http's client with net/http's jar does.
func TestCookiesAreSentAsNetHTTPSendsThem(t *testing.T) {
	tests := map[string][]string{
		"a session":            {"/", "/login", "/", "/login", "/shop/x"},
		"paths":                {"/shop/enter", "/", "/shop", "/shop/list", "/shop/list/1", "/shopping"},
		"renewed and ended":    {"/login", "/renew", "/", "/logout", "/"},
		"not what they should": {"/nonsense", "/"},
		"on a redirect":        {"/jump", "/"},
		"before a long body":   {"/long", "/"},
		"odd paths":            {"/shop/enter", "/shop%2Flist", "/shop/?a=%zz", "/shop/list?x"},
	}
	for name, paths := range tests {
		t.Run(name, func(t *testing.T) {
			judge, ours := newSite(t, cookieShop), newSite(t, cookieShop)
			jar, _ := cookiejar.New(nil)
			client := &http.Client{Jar: jar}
			var steps []scenarios.Step
			for _, path := range paths {
				answer, err := client.Get(judge.URL + path)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				steps = append(steps, get(ours.URL+path))
			}
			mustRun(t, Options{Remote: true, Script: plan(arriving(1), steps...)})
			got, want := cookiesSent(ours), cookiesSent(judge)
			if !slices.Equal(got, want) {
				t.Errorf("requests\n%q, want\n%q", got, want)
			}
		})
	}
}

func cookiesSent(s *site) []string {
	var all []string
	for _, r := range s.requests {
		all = append(all, r.URL.Path+" "+strings.Join(r.Header["Cookie"], " | "))
	}
	return all
}

// A script's own Cookie header stays, but for the cookies that the service has set since; a body arrives whole.
func TestCookiesBesideTheScriptsOwn(t *testing.T) {
	var bodies []string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		cookieShop(w, r)
	})
	post := func(path string) *scenarios.Request {
		return &scenarios.Request{
			Method: "POST", URL: scenarios.Literal(s.URL + path), Body: scenarios.Literal("cookie: in=body\r\n\r\n"),
			Headers: []scenarios.Header{{Name: "cookie", Value: scenarios.Literal("session=mine; consent=yes")}},
		}
	}
	mustRun(t, Options{Remote: true, Script: plan(arriving(1), post("/login"), post("/"), post("/logout"), post("/"))})
	want := []string{
		"/login session=mine; consent=yes",
		`/ consent=yes; session=s3cr3t; lang=en; quoted="a b"`,
		`/logout consent=yes; session=s3cr3t; lang=en; quoted="a b"`,
		`/ session=mine; consent=yes; quoted="a b"`,
	}
	if got := cookiesSent(s); !slices.Equal(got, want) {
		t.Errorf("requests\n%q, want\n%q", got, want)
	}
	for _, body := range bodies {
		if body != "cookie: in=body\r\n\r\n" {
			t.Errorf("a body arrived as %q", body)
		}
	}
}

// Each walk begins without cookies, whoever takes it; a rate has none at all, as vegeta has none.
func TestCookiesLastForAWalk(t *testing.T) {
	tests := map[string]struct {
		options Options
		phase   scenarios.Phase
		want    string // of the second request of a walk
	}{
		"users that arrive": {phase: arriving(5), want: "session=s3cr3t"},
		"users in a loop":   {phase: scenarios.Phase{Users: 2, Requests: 20}, want: "session=s3cr3t"},
		"a rate":            {options: Options{Rate: Ramp{From: 200, To: 200, Duration: 100 * time.Millisecond}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/login" {
					w.Header().Add("Set-Cookie", "session=s3cr3t; Path=/")
				}
			})
			test.options.Remote, test.options.Script = true, plan(test.phase, get(s.URL+"/login"), get(s.URL+"/next"))
			mustRun(t, test.options)
			for _, r := range s.requests {
				if want := map[string]string{"/next": test.want}[r.URL.Path]; r.Header.Get("Cookie") != want {
					t.Errorf("%s came with cookies %q, want %q", r.URL.Path, r.Header.Get("Cookie"), want)
				}
			}
			if len(s.requests) < 10 {
				t.Errorf("%d requests, want 10 and more", len(s.requests))
			}
		})
	}
}

// Cookies belong to whom the Host header names, and do not follow a redirect to somebody else.
func TestCookiesBelongToTheirHost(t *testing.T) {
	other := newSite(t, fine)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/set" {
			w.Header().Add("Set-Cookie", "a=1; Domain=shop.example; Path=/")
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/end", http.StatusFound)
		}
	})
	named := func(path, host string) *scenarios.Request {
		request := get(s.URL + path)
		request.Headers = []scenarios.Header{{Name: "Host", Value: scenarios.Literal(host)}}
		return request
	}
	mustRun(t, Options{Remote: true, Script: plan(arriving(1),
		named("/set", "www.shop.example"), named("/", "img.shop.example"), named("/", "else.example"), get(s.URL+"/"))})
	want := []string{"/set ", "/ a=1", "/ ", "/ "}
	if got := cookiesSent(s); !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
	if got := cookiesSent(other); !slices.Equal(got, []string{"/end "}) {
		t.Errorf("the other site was asked %q, want no cookies", got)
	}
}

// A service that sets another cookie with each answer does not fill the memory, and its last session still holds.
func TestCookiesAreBounded(t *testing.T) {
	requests := 0
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Add("Set-Cookie", fmt.Sprintf("c%d=%s; Path=/elsewhere", requests, strings.Repeat("x", 4000)))
		w.Header().Add("Set-Cookie", fmt.Sprintf("session=%d; Path=/", requests))
	})
	step := get(s.URL)
	script := plan(arriving(1), step)
	script.Scenarios[0].Steps = []scenarios.Step{&scenarios.Loop{Count: 20, Index: script.Names.Slot("i"), Steps: []scenarios.Step{step}}}
	_, summary := mustRun(t, Options{Remote: true, Script: script})
	if got := s.requests[19].Header.Get("Cookie"); got != "session=19" {
		t.Errorf("the last request came with %q, want session=19", got)
	}
	if text := fmt.Sprint(summary.Warnings); !strings.Contains(text, "cookies left out") || !strings.HasSuffix(text, ": 12]") {
		t.Errorf("warnings %v, want 12 cookies left out", summary.Warnings)
	}
}

// A head like the one before is compared, not parsed; its cookies count all the same.
func TestCookiesOfARepeatedAnswer(t *testing.T) {
	answer := "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"
	u, send := oneUser(t, get(parrot(t, answer)), Options{})
	for range 3 {
		u.jar = nil
		send()
		if u.jar == nil || len(u.jar.sizes) != 1 {
			t.Fatal("a walk has lost the cookie it was sent")
		}
	}
}

// Cookies a script sets go among the user's, as if the service had set them.
func TestCookiesOfTheScript(t *testing.T) {
	s := newSite(t, cookieShop)
	var names scenarios.Names
	value, err := scenarios.Compile("{{ who }}; Path=/", &names)
	if err != nil {
		t.Fatal(err)
	}
	with := func(path, name string, value scenarios.Template) *scenarios.Request {
		request := get(s.URL + path)
		request.Cookies = []scenarios.Header{{Name: name, Value: value}}
		return request
	}
	script := plan(arriving(1), with("/login", "session", scenarios.Literal("mine; Path=/")), with("/jump", "who", value),
		with("/shop/enter", "local", scenarios.Literal("1")), get(s.URL+"/"),
		with("/never", "bad", scenarios.Literal("a\r\nX: y")), get(s.URL+"/never"))
	script.Names = names
	_, summary := mustRun(t, Options{Remote: true, Script: script})
	want := []string{
		"/login session=mine",
		`/jump session=s3cr3t; lang=en; quoted="a b"; who=undefined`,
		`/landed session=s3cr3t; lang=en; quoted="a b"; who=undefined; jumped=1`,
		`/shop/enter local=1; session=s3cr3t; lang=en; quoted="a b"; who=undefined; jumped=1`,
		`/ session=s3cr3t; lang=en; quoted="a b"; who=undefined; jumped=1`,
	}
	if got := cookiesSent(s); !slices.Equal(got, want) {
		t.Errorf("requests\n%q, want\n%q", got, want)
	}
	if summary.UserErrors["cookie_parse_error_invalid_cookie"] != 1 {
		t.Errorf("user errors %v, want one of a cookie that cannot be sent", summary.UserErrors)
	}
}
