package scenarios

import (
	"slices"
	"strings"
)

// requestSpec is a request as written; nodes are nil where nothing was.
type requestSpec struct {
	url, headers, cookies, json, body *node

	name             string
	noFollow, noGzip bool
}

var requestKeysNotYet = []string{
	"capture", "match", "expect", "ensure", "beforeRequest", "afterResponse", "ifTrue", "probability", "qs", "form",
	"formData", "setContentLengthHeader", "auth", "timeout", "retry", "http2", "https",
	"maxRedirects", "decompress", "encoding", "allowGetBody",
}

// httpRequest reads a request step.
func (a *artillery) httpRequest(f field, s *scope) *Request {
	var spec requestSpec
	before := a.errors.count()
	if f.value.kind != mapping {
		a.errorf(f.value.pos, "%s takes a map: write %s: {url: …}, not %s", f.key, f.key, f.value.quoted())
		return nil
	}
	a.fields(f.value, f.key, a.requestKeys(&spec))
	if spec.url == nil {
		if a.errors.count() == before {
			a.errorf(f.pos, "%s has no url", f.key)
		}
		return nil
	}
	req := &Request{
		Scenario: s.scenario, Name: spec.name, Method: strings.ToUpper(f.key), NoFollow: spec.noFollow, Pos: f.pos,
		URL: a.url(spec.url, s), Headers: a.requestHeaders(&spec, s),
		Cookies: a.requestCookies(&spec, s), Body: a.body(&spec, s),
	}
	if spec.json != nil && !slices.ContainsFunc(req.Headers, Header.isContentType) {
		req.Headers = append(req.Headers, Header{"content-type", Literal("application/json")})
	}
	if (spec.json != nil || spec.body != nil) && (req.Method == "GET" || req.Method == "HEAD") {
		a.warnf(f.pos, "Artillery 2 refuses %s with a body; here it is sent", req.Method)
	}
	return a.request(req)
}

func (h Header) isContentType() bool { return strings.EqualFold(h.Name, "content-type") }

func (a *artillery) requestKeys(spec *requestSpec) keys {
	url := func(f field) {
		if _, ok := a.text(f); ok {
			spec.url = f.value
		}
	}
	known := keys{
		"url": url, "uri": url,
		"name":    func(f field) { spec.name, _ = a.text(f) },
		"headers": func(f field) { spec.headers = f.value },
		"cookie":  func(f field) { spec.cookies = f.value },
		"json":    func(f field) { spec.json = f.value },
		"body": func(f field) {
			if _, ok := a.text(f); ok {
				spec.body = f.value
			}
		},
		"followRedirect": func(f field) {
			follow, ok := a.boolean(f)
			spec.noFollow = ok && !follow
		},
		"gzip": func(f field) {
			accept, ok := a.boolean(f)
			spec.noGzip = ok && !accept
		},
	}
	for _, key := range []string{"count", "over", "whileTrue"} {
		known[key] = a.loopKeyInside
	}
	for _, key := range requestKeysNotYet {
		known[key] = a.notYet
	}
	return known
}

// loopKeyInside warns of what belongs to the loop around a request: Artillery drops it without a word.
func (a *artillery) loopKeyInside(f field) {
	a.warnf(f.pos, "%s inside a request has no effect: did you mean the loop's %s? It stands beside loop", f.key, f.key)
}

// url compiles a request's URL: where it begins with /, the target and it are joined as they are.
func (a *artillery) url(n *node, s *scope) Template {
	before := a.errors.count()
	prefix := ""
	if strings.HasPrefix(n.text, "/") {
		prefix = a.target
	}
	t := a.templateOf(prefix+n.text, n.pos, s)
	if strings.HasPrefix(t.Prefix(), "/") && a.target != "" {
		t = a.templateOf(a.target+n.text, n.pos, s) // a variable brought the slash
	}
	if a.errors.count() == before && !strings.HasPrefix(t.Prefix(), "/") {
		a.checkURL(n, t)
	}
	return t
}

// checkURL checks a URL as it looks to a user whose loops have just begun.
func (a *artillery) checkURL(n *node, t Template) {
	if beginning := t.Prefix(); !strings.HasPrefix(beginning, "http://") && !strings.HasPrefix(beginning, "https://") {
		a.errorf(n.pos, "url %q must begin with /, http:// or https://", n.text)
		return
	}
	counting := make([]Value, a.script.Names.Len())
	for i := range counting {
		counting[i] = Int(0)
	}
	if _, err := parseURL(string(t.Append(nil, counting)), false); err != nil {
		a.errorf(n.pos, "url: %v", err)
	}
}

// requestHeaders compiles the headers of a request: what Artillery's client sends by itself and servers act on, the
// script's default headers, and the request's own, names in lower case and later ones instead of earlier ones.
// With gzip: false nothing is said about encodings.
func (a *artillery) requestHeaders(spec *requestSpec, s *scope) []Header {
	headers := []Header{{"accept-encoding", Literal("gzip, deflate, br")}}
	if spec.noGzip {
		headers = nil
	}
	for _, n := range []*node{a.headers, spec.headers} {
		switch {
		case n == nil || n.kind == nothing:
		case n.kind != mapping:
			a.errorf(n.pos, "headers must be a map, not %s", n)
		default:
			for _, f := range n.fields {
				a.warnDefault(n, f)
				headers = a.addHeader(headers, f, s)
			}
		}
	}
	return headers
}

func (a *artillery) addHeader(headers []Header, f field, s *scope) []Header {
	if text, ok := a.text(f); !ok || !a.header(f.pos, f.key, text) {
		return headers
	}
	header := Header{strings.ToLower(f.key), a.template(f.value, s)}
	headers = slices.DeleteFunc(headers, func(h Header) bool { return h.Name == header.Name })
	return append(headers, header)
}

// warnDefault tells of variables in default headers, which Artillery 2 replaces before there are any.
func (a *artillery) warnDefault(n *node, f field) {
	if n == a.headers && strings.Contains(f.value.text, "{{") {
		a.warnf(f.value.pos, "header %s: Artillery 2 knows no variables in config; here they are filled in for each request", f.key)
	}
}

// body compiles what is sent: json wins over body.
func (a *artillery) body(spec *requestSpec, s *scope) Template {
	switch {
	case spec.json != nil:
		if spec.json.tag == "!!bool" && spec.json.text == "true" {
			a.warnf(spec.json.pos, "json: true sends the text true, as Artillery 2 does; Artillery 1 sent no body")
		}
		return a.json(spec.json, s)
	case spec.body != nil:
		return a.template(spec.body, s)
	}
	return Template{}
}
