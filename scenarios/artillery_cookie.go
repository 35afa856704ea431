package scenarios

import (
	"slices"
	"strings"
)

// requestCookies compiles the cookies a request sets: the script's default ones, and its own instead of those of the
// same name. As in Artillery, a value may go on with attributes: "x; Path=/".
func (a *artillery) requestCookies(spec *requestSpec, s *scope) []Header {
	var cookies []Header
	for _, n := range []*node{a.cookies, spec.cookies} {
		switch {
		case n == nil || n.kind == nothing:
		case n.kind != mapping:
			a.errorf(n.pos, "cookie must be a map of names and values, not %s", n)
		default:
			for _, f := range n.fields {
				if n == a.cookies && strings.Contains(f.value.text, "{{") {
					a.warnf(f.value.pos, "cookie %s: Artillery 2 knows no variables in config; here they are filled in for each request", f.key)
				}
				cookies = a.addCookie(cookies, f, s)
			}
		}
	}
	return cookies
}

func (a *artillery) addCookie(cookies []Header, f field, s *scope) []Header {
	text, ok := a.text(f)
	switch {
	case !ok:
		return cookies
	case !isToken(f.key):
		a.errorf(f.pos, "%q is not the name of a cookie", f.key)
		return cookies
	case strings.ContainsAny(text, "\r\n\x00"):
		a.errorf(f.pos, "cookie %s: a line break cannot be sent", f.key)
		return cookies
	}
	cookies = slices.DeleteFunc(cookies, func(c Header) bool { return c.Name == f.key })
	return append(cookies, Header{f.key, a.template(f.value, s)})
}
