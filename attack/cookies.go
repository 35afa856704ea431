package attack

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// maxCookies is how many bytes of Set-Cookie lines one walk of a user keeps; servers take requests with no more than
// a fraction of that. A cookie beyond it is left out, and the run says so.
const maxCookies = 32 << 10

// jar holds the cookies of one walk (RFC 6265, by net/http/cookiejar). It is made when the first one comes, so that
// services without cookies cost nothing. There is no list of public suffixes: that protects people from sites that set
// cookies for a whole country, and what is attacked here is one's own.
type jar struct {
	jar   *cookiejar.Jar
	sizes map[string]int // of the lines of the cookies in it
	total int
}

func newJar() *jar {
	cookies, _ := cookiejar.New(nil) // it has no error to return
	return &jar{jar: cookies, sizes: map[string]int{}}
}

// keepCookies keeps what the answer to the request in c.out says in its Set-Cookie lines.
func (c *client) keepCookies(to origin, lines []string) {
	if c.jar == nil {
		c.jar = newJar()
	}
	if left := c.jar.take(pageOf(to, c.out), lines); left > 0 {
		c.run.cookiesLeft.Add(int64(left))
	}
}

// errFull says that there is no room for one more cookie.
var errFull = errors.New("too many cookies")

// take keeps the cookies of an answer and returns how many there was no room for. What is no cookie is passed over, as
// browsers do.
func (j *jar) take(page *url.URL, lines []string) (left int) {
	for _, line := range lines {
		if err := j.put(page, line); err == errFull {
			left++
		}
	}
	return left
}

// put keeps one cookie.
func (j *jar) put(page *url.URL, line string) error {
	cookie, err := http.ParseSetCookie(line)
	switch {
	case err != nil:
		return err
	case !j.room(page, cookie, len(line)):
		return errFull
	}
	j.jar.SetCookies(page, []*http.Cookie{cookie})
	return nil
}

// ownCookies puts the cookies the script sets with a request, which has been rendered, among the user's.
func (c *client) ownCookies(bp *blueprint, vars *scenarios.Vars, to origin) error {
	if c.jar == nil {
		c.jar = newJar()
	}
	page := pageOf(to, c.out)
	for _, own := range bp.step.Cookies {
		switch err := c.jar.put(page, string(own.Value.Append([]byte(own.Name+"="), vars))); err {
		case nil:
		case errFull:
			c.run.cookiesLeft.Add(1)
		default:
			return userError(keyCookie)
		}
	}
	return nil
}

// room makes room for a cookie, or for the new value of one; false if there is none.
func (j *jar) room(page *url.URL, cookie *http.Cookie, size int) bool {
	domain, path := cookie.Domain, cookie.Path
	if domain == "" {
		domain = page.Host
	}
	if path == "" {
		path = page.Path[:strings.LastIndexByte(page.Path, '/')+1]
	}
	id := domain + ";" + path + ";" + cookie.Name
	grown := j.total + size - j.sizes[id]
	if grown > maxCookies {
		return false
	}
	j.sizes[id], j.total = size, grown
	return true
}

// stamp adds the cookies that belong to a rendered request to its head: to those the script sends itself, or instead
// of them where they have the same name.
func (j *jar) stamp(request []byte, to origin) []byte {
	cookies := j.jar.Cookies(pageOf(to, request))
	if len(cookies) == 0 {
		return request
	}
	var pairs []string
	for from, end := headerLine(request, "cookie"); end > 0; from, end = headerLine(request, "cookie") {
		_, own, _ := strings.Cut(string(request[from:end]), ":")
		pairs = append(pairs, others(own, cookies)...)
		request = slices.Delete(request, from, end)
	}
	for _, cookie := range cookies {
		pairs = append(pairs, cookie.String())
	}
	_, at := headerLine(request, "host")
	return slices.Insert(request, at, []byte("Cookie: "+strings.Join(pairs, "; ")+"\r\n")...)
}

// others returns the pairs of a Cookie header whose names are not among the cookies.
func others(header string, cookies []*http.Cookie) []string {
	var pairs []string
	for pair := range strings.SplitSeq(header, ";") {
		pair = strings.TrimSpace(pair)
		name, _, _ := strings.Cut(pair, "=")
		named := func(c *http.Cookie) bool { return c.Name == name }
		if pair != "" && !slices.ContainsFunc(cookies, named) {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

// pageOf returns the URL a rendered request asks for, as its Host header has it: that is whom the cookies are from.
func pageOf(to origin, request []byte) *url.URL {
	page, err := url.ParseRequestURI(requestTarget(request))
	if err != nil {
		page = &url.URL{Path: "/"}
	}
	page.Scheme, page.Host = "http", to.host
	if to.tls {
		page.Scheme = "https"
	}
	if from, end := headerLine(request, "host"); end > 0 {
		_, host, _ := strings.Cut(string(request[from:end]), ":")
		page.Host = strings.TrimSpace(host)
	}
	return page
}

// headerLine returns where in a rendered request the line of a header is, its end included; end is 0 if there is none.
// The name is given in lower case.
func headerLine(request []byte, name string) (from, end int) {
	from = bytes.IndexByte(request, '\n') + 1
	for from > 0 && from < len(request) && request[from] != '\r' {
		end = from + bytes.IndexByte(request[from:], '\n') + 1
		if colon := bytes.IndexByte(request[from:end], ':'); colon > 0 && equalFold(request[from:from+colon], name) {
			return from, end
		}
		from = end
	}
	return 0, 0
}
