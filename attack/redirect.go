package attack

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// redirects reports whether the answer sends the client somewhere else.
func (h head) redirects() bool {
	switch h.status {
	case 301, 302, 303, 307, 308:
		return len(h.location) > 0
	}
	return false
}

// redirect is where a chain of redirects has come to.
type redirect struct {
	to      origin
	method  string
	body    int  // bytes the request of this hop carries
	foreign bool // it has left the first origin: credentials stay behind
}

// follow replaces the request in out by the one the answer asks for. 303 makes it a GET; the others keep method and
// body, as Artillery does. Credentials are not sent to another origin.
func (r *redirect) follow(out []byte, bp *blueprint, vars *scenarios.Vars, h head) ([]byte, error) {
	base, err := url.Parse(r.to.String() + requestTarget(out))
	if err != nil {
		return out, err
	}
	next, err := base.Parse(string(h.location))
	if err != nil {
		return out, err
	}
	to, err := parseOrigin(next.Scheme, next.Host)
	if err != nil {
		return out, err
	}
	r.foreign = r.foreign || to != r.to
	r.to = to
	if h.status == 303 && r.method != "HEAD" {
		r.method = "GET"
	}
	return r.render(out[:0], bp, vars, next.RequestURI()), nil
}

// render writes the request of the next hop.
func (r *redirect) render(dst []byte, bp *blueprint, vars *scenarios.Vars, target string) []byte {
	dst = append(append(dst, r.method...), ' ')
	dst = append(appendTarget(dst, []byte(target)), " HTTP/1.1\r\n"...)
	if !bp.host || r.foreign {
		dst = append(append(append(dst, "Host: "...), r.to.host...), "\r\n"...)
	}
	keepBody := r.method == bp.step.Method
	for _, header := range bp.step.Headers {
		if r.leavesOut(header.Name, keepBody) {
			continue
		}
		dst = append(append(dst, header.Name...), ": "...)
		dst = append(header.Value.Append(dst, vars), "\r\n"...)
	}
	var body []byte
	if keepBody {
		body = bp.body.Append(nil, vars)
	}
	r.body = len(body)
	if len(body) > 0 || methodHasBody(r.method) {
		dst = strconv.AppendInt(append(dst, "Content-Length: "...), int64(len(body)), 10)
		dst = append(dst, "\r\n"...)
	}
	return append(append(dst, "\r\n"...), body...)
}

func (r *redirect) leavesOut(name string, keepBody bool) bool {
	switch strings.ToLower(name) {
	case "host", "authorization", "cookie", "proxy-authorization":
		return r.foreign
	case "content-type", "content-encoding":
		return !keepBody
	}
	return false
}

// requestTarget returns the path and query of a rendered request.
func requestTarget(request []byte) string {
	_, rest, _ := strings.Cut(string(request[:min(len(request), maxHead)]), " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}
