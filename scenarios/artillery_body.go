package scenarios

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// addBody compiles what is sent with a request, and the header that says what it is.
func (a *artillery) addBody(req *Request, spec *requestSpec, s *scope) {
	a.oneBody(spec)
	var kind string
	switch {
	case spec.json != nil:
		if spec.json.tag == "!!bool" && spec.json.text == "true" {
			a.warnf(spec.json.pos, "json: true sends the text true, as Artillery 2 does; Artillery 1 sent no body")
		}
		req.Body, kind = a.json(spec.json, s), "application/json"
	case spec.form.value != nil:
		req.Body, kind = a.form(spec.form, s), "application/x-www-form-urlencoded"
	case spec.formData.value != nil:
		req.Body, kind = a.multipart(spec.formData, s)
		kind = "multipart/form-data; boundary=" + kind
	case spec.body != nil:
		req.Body = a.template(spec.body, s)
	default:
		return
	}
	if req.Method == "GET" || req.Method == "HEAD" {
		a.warnf(req.Pos, "Artillery 2 refuses %s with a body; here it is sent", req.Method)
	}
	isType := func(h Header) bool { return strings.EqualFold(h.Name, "content-type") }
	switch own := slices.IndexFunc(req.Headers, isType); {
	case kind != "" && own < 0:
		req.Headers = append(req.Headers, Header{"content-type", Literal(kind)})
	case own >= 0 && spec.formData.value != nil && spec.json == nil && spec.form.value == nil:
		a.warnf(spec.formData.pos, "the request's own content-type replaces that of formData, without which its parts "+
			"cannot be told apart: remove the header")
	}
}

// oneBody says so where a request has several bodies: json goes before body, as in Artillery, which refuses the others
// when it sends them.
func (a *artillery) oneBody(spec *requestSpec) {
	var given []string
	var pos Pos
	for _, f := range []field{spec.form, spec.formData} {
		if f.value != nil {
			given, pos = append(given, f.key), f.pos
		}
	}
	for _, n := range []*node{spec.json, spec.body} {
		if n != nil && len(given) > 0 {
			given = append(given, map[bool]string{true: "json", false: "body"}[n == spec.json])
		}
	}
	if len(given) > 1 {
		a.errorf(pos, "%s are bodies of one request: keep one of them", strings.Join(given, " and "))
	}
}

// authorize adds the header of basic authentication, in place of one the script has.
func (a *artillery) authorize(req *Request, auth field, s *scope) {
	if auth.value == nil {
		return
	}
	var user, pass Template
	text := func(into *Template) handler {
		return func(f field) {
			if _, ok := a.text(f); ok {
				*into = a.template(f.value, s)
			}
		}
	}
	if auth.value.kind != mapping {
		a.errorf(auth.value.pos, "auth must be a map of user and pass, not %s", auth.value)
		return
	}
	a.fields(auth.value, "auth", keys{"user": text(&user), "pass": text(&pass)})
	credentials := concat(user, Literal(":"), pass)
	encode := func(vars *Vars) string {
		return "Basic " + base64.StdEncoding.EncodeToString(credentials.Append(nil, vars))
	}
	value := made("Basic …", encode)
	if _, constant := credentials.Text(); constant {
		value = Literal(encode(nil))
	}
	req.Headers = slices.DeleteFunc(req.Headers, func(h Header) bool { return strings.EqualFold(h.Name, "authorization") })
	req.Headers = append(req.Headers, Header{"authorization", value})
}

// cookies compiles what a request puts into its user's cookie jar before it is sent: the script's default cookies, and
// its own in place of those of the same name. As in Artillery, a value may go on with attributes: "x; Path=/".
func (a *artillery) cookies(spec *requestSpec, s *scope) []Header {
	var all []Header
	for _, f := range []field{a.defaultCookies(), spec.cookie} {
		switch {
		case f.value == nil || f.value.kind == nothing:
		case f.value.kind != mapping:
			a.errorf(f.value.pos, "cookie must be a map of names and values, not %s", f.value)
		default:
			for _, c := range f.value.fields {
				all = a.addCookie(all, c, s)
			}
		}
	}
	return all
}

func (a *artillery) addCookie(all []Header, f field, s *scope) []Header {
	text, ok := a.text(f)
	switch {
	case !ok:
		return all
	case !isToken(f.key):
		a.errorf(f.pos, "%q is not the name of a cookie", f.key)
		return all
	case strings.ContainsAny(text, "\r\n\x00"):
		a.errorf(f.pos, "cookie %s: a line break cannot be sent", f.key)
		return all
	}
	all = slices.DeleteFunc(all, func(h Header) bool { return h.Name == f.key })
	return append(all, Header{f.key, a.template(f.value, s)})
}

// chance reads how likely a request is sent.
func (a *artillery) chance(f field) Chance {
	if f.value == nil {
		return Chance{}
	}
	percent, ok := a.number(f)
	switch {
	case !ok:
	case percent <= 0:
		a.warnf(f.pos, "probability %s: this request is never sent", f.value.text)
	case percent > 100:
		a.warnf(f.pos, "probability %s counts as 100, as in Artillery", f.value.text)
	}
	return Chance{min(percent, 100), true}
}

// defaultCookies returns the cookies of config.http.defaults, or else of config.defaults.
func (a *artillery) defaultCookies() field {
	chosen := a.inner.or(a.outer, "cookie")
	if other := a.outer["cookie"]; other.value != nil && other.value != chosen.value {
		a.warnf(other.pos, "cookie has no effect beside those of config.http.defaults, as in Artillery")
	}
	return chosen
}

// defaultJitter reads the jitter of the thinks that have none of their own.
func (a *artillery) defaultJitter() (jitter Jitter) {
	think := a.inner.or(a.outer, "think")
	if think.value != nil {
		a.fields(think.value, "think", keys{"jitter": func(f field) { jitter = a.jitter(f) }})
	}
	return jitter
}

// defaults are what a script says of all its requests.
type defaults map[string]field

// or returns a default, or that of others if there is none.
func (d defaults) or(others defaults, key string) field {
	if f := d[key]; f.value != nil && f.value.kind != nothing {
		return f
	}
	return others[key]
}

func (d defaults) keep(f field) { d[f.key] = f }

// jitterText is a number of milliseconds or per cent; Artillery cuts off what is behind the point.
var jitterText = regexp.MustCompile(`^([0-9]{1,9})(?:\.[0-9]+)? *(%|[a-zA-Z]*)$`)

// jitter reads how much longer or shorter than said a user thinks: milliseconds, or a share such as 20%.
func (a *artillery) jitter(f field) Jitter {
	text, ok := a.text(f)
	if !ok {
		return Jitter{}
	}
	found := jitterText.FindStringSubmatch(strings.TrimSpace(text))
	if found == nil {
		a.errorf(f.value.pos, "jitter must be milliseconds, or a share such as 20%%, not %s", f.value.quoted())
		return Jitter{}
	}
	amount, _ := strconv.Atoi(found[1])
	switch found[2] {
	case "%":
		return Jitter{Share: float64(amount) / 100}
	case "", "ms":
	default:
		a.warnf(f.value.pos, "jitter %s counts as %d ms, as in Artillery, which knows no units here", text, amount)
	}
	return Jitter{By: time.Duration(amount) * time.Millisecond}
}
