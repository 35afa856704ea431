package attack

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// origin is where a request goes: all that decides whether a connection can be used for it.
type origin struct {
	tls  bool
	addr string // host:port to dial
	host string // what the Host header says
}

// String returns the origin as the beginning of a URL.
func (o origin) String() string {
	if o.tls {
		return "https://" + o.host
	}
	return "http://" + o.host
}

// blueprint is a request step compiled for sending. What is the same for every user is rendered once.
type blueprint struct {
	step   *scenarios.Request
	origin origin             // zero if the host is templated, too
	target scenarios.Template // path and query; the whole URL if the host is templated
	head   []byte             // the constant headers, each with its CR LF
	vary   []scenarios.Header // the templated ones
	body   scenarios.Template
	keep   bool   // somebody wants the bodies of its answers
	takes  bool   // something is done with its answers
	reads  bool   // and with their bodies
	heeds  bool   // and with their heads
	host   bool   // the script sets the Host header itself
	whole  []byte // the rendered request, if nothing in it varies
	sized  int    // bytes of body in whole
}

// compile prepares a step. Its errors are about what can be known before any user starts.
func compile(step *scenarios.Request) (*blueprint, error) {
	bp := &blueprint{
		step: step, target: step.URL, body: step.Body,
		takes: step.NeedsAnswer(), reads: step.NeedsBody(), heeds: step.NeedsHead(),
	}
	if err := bp.splitURL(); err != nil {
		return nil, fmt.Errorf("%s%s %s: %w", place(step.Pos), step.Method, withoutUser(step.URL.String()), err)
	}
	for _, h := range step.Headers {
		bp.host = bp.host || strings.EqualFold(h.Name, "Host")
		text, constant := h.Value.Text()
		if !constant {
			bp.vary = append(bp.vary, h)
			continue
		}
		if !validHeader(h.Name, text) {
			return nil, fmt.Errorf("%sheader %q cannot be sent: a line break or a character HTTP forbids", place(step.Pos), h.Name)
		}
		bp.head = append(bp.head, h.Name+": "+text+"\r\n"...)
	}
	if !bp.host && bp.origin.host != "" {
		bp.head = append([]byte("Host: "+bp.origin.host+"\r\n"), bp.head...)
	}
	if bp.constant() {
		whole, _, body, err := bp.render(nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%s%w", place(step.Pos), err)
		}
		bp.whole, bp.sized = whole, body
	}
	return bp, nil
}

// place is a position as the beginning of a message; a request from the command line has none.
func place(pos scenarios.Pos) string {
	if pos.File == "" {
		return ""
	}
	return pos.String() + ": "
}

// withoutUser hides the user and password of a URL that is to be shown.
func withoutUser(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	authority := rest[:strings.IndexAny(rest+"/", "/?#")]
	at := strings.LastIndexByte(authority, '@')
	if !ok || at < 0 {
		return text
	}
	return scheme + "://…" + rest[at:]
}

// splitURL separates the origin from the rest if the URL's text has it in plain before its first placeholder.
func (bp *blueprint) splitURL() error {
	prefix := bp.step.URL.Prefix()
	scheme, rest, ok := strings.Cut(prefix, "://")
	_, constant := bp.step.URL.Text()
	end := strings.IndexAny(rest, "/?#")
	if !ok || end < 0 && !constant {
		if constant {
			return errors.New("not an absolute URL (http://… or https://…)")
		}
		return nil
	}
	if end < 0 {
		end = len(rest)
	}
	o, err := parseOrigin(scheme, rest[:end])
	if err != nil {
		return err
	}
	bp.origin = o
	bp.target = bp.step.URL.Without(scheme + "://" + rest[:end])
	return nil
}

// parseOrigin reads the scheme and the authority of a URL.
func parseOrigin(scheme, authority string) (origin, error) {
	scheme = strings.ToLower(scheme)
	if scheme != "http" && scheme != "https" {
		return origin{}, fmt.Errorf("scheme %q is neither http nor https", scheme)
	}
	u, err := url.Parse(scheme + "://" + authority)
	if err != nil {
		return origin{}, err
	}
	if u.Hostname() == "" {
		return origin{}, errors.New("no host in the URL")
	}
	if u.User != nil {
		return origin{}, errors.New("user and password in a URL are not sent: use -u USER:PASS or an Authorization header")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return origin{tls: scheme == "https", addr: net.JoinHostPort(u.Hostname(), port), host: u.Host}, nil
}

// constant reports whether every user sends the same bytes.
func (bp *blueprint) constant() bool {
	_, target := bp.target.Text()
	_, body := bp.body.Text()
	return target && body && len(bp.vary) == 0 && bp.origin.host != ""
}

// render appends the request a user with these variables sends to dst, and returns where it goes and how many bytes
// of body it has.
func (bp *blueprint) render(dst []byte, vars *scenarios.Vars) ([]byte, origin, int, error) {
	if bp.whole != nil {
		return append(dst, bp.whole...), bp.origin, bp.sized, nil
	}
	dst = append(dst, bp.step.Method...)
	dst = append(dst, ' ')
	to := bp.origin
	if to.host == "" {
		text := string(bp.target.Append(nil, vars))
		var path string
		var err error
		if to, path, err = splitAbsolute(text); err != nil {
			return dst, to, 0, err
		}
		dst = appendTarget(dst, []byte(path))
		dst = append(dst, " HTTP/1.1\r\n"...)
		if !bp.host {
			dst = append(append(append(dst, "Host: "...), to.host...), "\r\n"...)
		}
	} else {
		dst = bp.appendPath(dst, vars)
		dst = append(dst, " HTTP/1.1\r\n"...)
	}
	dst = append(dst, bp.head...)
	dst, body, err := bp.appendRest(dst, vars)
	return dst, to, body, err
}

// appendPath renders path and query in place, escaping only if something in them needs it.
func (bp *blueprint) appendPath(dst []byte, vars *scenarios.Vars) []byte {
	start := len(dst)
	dst = bp.target.Append(dst, vars)
	if len(dst) > start && dst[start] == '/' && !needsEscape(dst[start:]) {
		return dst
	}
	path := string(dst[start:])
	return appendTarget(dst[:start], []byte(path))
}

// appendRest appends the templated headers, the blank line and the body, and returns how long the body is.
func (bp *blueprint) appendRest(dst []byte, vars *scenarios.Vars) ([]byte, int, error) {
	for _, h := range bp.vary {
		dst = append(dst, h.Name...)
		dst = append(dst, ": "...)
		start := len(dst)
		dst = h.Value.Append(dst, vars)
		if !validHeader(h.Name, string(dst[start:])) {
			return dst, 0, fmt.Errorf("header %q cannot be sent: a line break or a character HTTP forbids", h.Name)
		}
		dst = append(dst, "\r\n"...)
	}
	text, constant := bp.body.Text()
	if !constant {
		text = string(bp.body.Append(nil, vars))
	}
	if text != "" || methodHasBody(bp.step.Method) {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(text)), 10)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, text...), len(text), nil
}

func methodHasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// splitAbsolute splits a whole URL into where it goes and what is asked there.
func splitAbsolute(text string) (origin, string, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return origin{}, "", errors.New("not an absolute URL")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	o, err := parseOrigin(scheme, rest[:end])
	return o, rest[end:], err
}

// needsEscape reports whether a request target has bytes that may not be sent as they are.
func needsEscape(target []byte) bool {
	for _, b := range target {
		switch {
		case b <= ' ' || b >= '{' && b != '|' && b != '~':
			return true
		case b == '#' || b == '"' || b == '<' || b == '>' || b == '`' || b == '\'' || b == '\\':
			return true
		}
	}
	return false
}

// appendTarget appends a request target made fit for sending, the way the URL standard serializes it: the fragment
// is dropped, a missing path is "/", and bytes that may not stand there are percent-encoded.
func appendTarget(dst, target []byte) []byte {
	if len(target) == 0 || target[0] != '/' {
		dst = append(dst, '/')
	}
	query := false
	for _, b := range target {
		switch {
		case b == '#':
			return dst
		case b == '\\' && !query:
			dst = append(dst, '/')
		case b <= ' ' || b >= 0x7f || strings.IndexByte("\"<>", b) >= 0,
			query && b == '\'', !query && strings.IndexByte("{}`", b) >= 0:
			dst = append(dst, '%', "0123456789ABCDEF"[b>>4], "0123456789ABCDEF"[b&15])
		default:
			query = query || b == '?'
			dst = append(dst, b)
		}
	}
	return dst
}

// validHeader reports whether a header can be sent without becoming something else on the way.
func validHeader(name, value string) bool {
	return name != "" && isToken([]byte(name)) && !strings.ContainsAny(value, "\r\n\x00")
}
