package scenarios

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// requestSpec is a request as written; nodes are nil where nothing was.
type requestSpec struct {
	url, headers, json, body *node
	name                     string
	noFollow, noGzip         bool

	capture, match, expect, ifTrue                field
	qs, form, formData, cookie, auth, probability field
}

var requestKeysNotYet = []string{"retry", "http2", "https", "maxRedirects", "decompress", "encoding", "allowGetBody"}

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
		URL: a.requestURL(&spec, s), Headers: a.requestHeaders(&spec, s), takes: a.takes(&spec, s),
		Cookies: a.cookies(&spec, s), Chance: a.chance(spec.probability),
	}
	s.uploads = nil
	a.addBody(req, &spec, s)
	req.uploads = s.uploads
	a.authorize(req, spec.auth, s)
	if spec.ifTrue.value != nil {
		req.IfTrue = a.condition(spec.ifTrue, s)
	}
	return a.request(req)
}

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
	for key, to := range map[string]*field{
		"capture": &spec.capture, "match": &spec.match, "expect": &spec.expect, "ifTrue": &spec.ifTrue,
		"qs": &spec.qs, "form": &spec.form, "formData": &spec.formData, "cookie": &spec.cookie, "auth": &spec.auth,
		"probability": &spec.probability,
	} {
		known[key] = func(f field) { *to = f }
	}
	for _, key := range []string{"count", "over", "whileTrue"} {
		known[key] = a.loopKeyInside
	}
	for _, key := range []string{"beforeRequest", "afterResponse"} {
		known[key] = a.needsFunctions
	}
	for _, key := range requestKeysNotYet {
		known[key] = a.notYet
	}
	known["setContentLengthHeader"] = a.noEffect // the length of a body is always sent
	known["timeout"] = func(f field) {
		a.warnf(f.pos, "timeout of a request has no effect, as in Artillery: config.http.timeout is that of all of them")
	}
	known["ensure"] = func(f field) { a.errorf(f.pos, "ensure is about the whole run: it belongs in config, and expect here") }
	return known
}

// loopKeyInside warns of what belongs to the loop around a request: Artillery drops it without a word.
func (a *artillery) loopKeyInside(f field) {
	a.warnf(f.pos, "%s inside a request has no effect: did you mean the loop's %s? It stands beside loop", f.key, f.key)
}

// needsFunctions refuses what calls a function of the script's author.
func (a *artillery) needsFunctions(f field) {
	a.errorf(f.pos, "%s calls a function in JavaScript, which is not supported yet: remove it, or run the script with Artillery",
		f.key)
}

// requestURL compiles a request's URL with its query: qs replaces the one that stands in the URL.
func (a *artillery) requestURL(spec *requestSpec, s *scope) Template {
	if spec.qs.value == nil {
		return a.url(spec.url, s)
	}
	bare := *spec.url
	bare.text = withoutQuery(bare.text)
	if bare.text != spec.url.text {
		a.warnf(spec.qs.pos, "qs replaces the query of the URL, as in Artillery 2")
	}
	t, query := a.url(&bare, s), a.query(spec.qs, s)
	if query.source == "" {
		return t
	}
	whole := concat(t, Literal("?"), query)
	whole.source = t.source // what is added is not in the name that Artillery gives to its figures
	return whole
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
	switch {
	case a.errors.count() > before:
	case len(t.parts) > 0 && t.parts[0].operand != nil:
		return a.urlOfUser(t)
	case !strings.HasPrefix(t.Prefix(), "/"):
		a.checkURL(n, t)
	}
	return t
}

// urlOfUser completes a URL whose beginning differs between users: it is known only then whether it begins with /.
func (a *artillery) urlOfUser(t Template) Template {
	target := a.target
	return made(t.source, func(vars *Vars) string {
		text := string(t.Append(nil, vars))
		if strings.HasPrefix(text, "/") {
			return target + text
		}
		return text
	})
}

// checkURL checks a URL as it looks to a user whose loops have just begun.
func (a *artillery) checkURL(n *node, t Template) {
	if beginning := t.Prefix(); !strings.HasPrefix(beginning, "http://") && !strings.HasPrefix(beginning, "https://") {
		a.errorf(n.pos, "url %q must begin with /, http:// or https://", n.text)
		return
	}
	counting := a.script.Names.NewVars(rand.New(rand.NewPCG(1, 1)))
	for i := range counting.Slots {
		counting.Slots[i] = Int(0)
	}
	if _, err := parseURL(string(t.Append(nil, counting)), false); err != nil {
		a.errorf(n.pos, "url: %v", err)
	}
}

// The names Artillery 2 goes by: its own if the script has no default headers, else that of the client within it.
const (
	agent       = "Artillery (https://artillery.io)"
	agentWithin = "got (https://github.com/sindresorhus/got)"
)

// requestHeaders compiles the headers of a request: what Artillery's client sends by itself and servers act on, the
// script's default headers, and the request's own, names in lower case and later ones instead of earlier ones.
// With gzip: false nothing is said about encodings.
func (a *artillery) requestHeaders(spec *requestSpec, s *scope) []Header {
	headers := []Header{{"user-agent", Literal(agent)}}
	if a.headers != nil && a.headers.kind != nothing {
		headers[0].Value = Literal(agentWithin)
	}
	if !spec.noGzip {
		headers = append(headers, Header{"accept-encoding", Literal("gzip, deflate, br")})
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
	if f.value.missing {
		return headers // a variable that nobody sets, as Artillery does
	}
	if text, ok := a.text(f); !ok || !a.header(f.pos, f.key, text) {
		return headers
	}
	header := Header{strings.ToLower(f.key), a.template(f.value, s)}
	if text, constant := header.Value.Text(); constant && !a.header(f.pos, f.key, text) {
		return headers // a variable brought it
	}
	headers = slices.DeleteFunc(headers, func(h Header) bool { return h.Name == header.Name })
	return append(headers, header)
}

// warnDefault tells of variables in default headers, which Artillery 2 replaces before there are any.
func (a *artillery) warnDefault(n *node, f field) {
	if n == a.headers && strings.Contains(f.value.text, "{{") {
		a.warnf(f.value.pos, "header %s: Artillery 2 knows no variables in config; here they are filled in for each request", f.key)
	}
}
