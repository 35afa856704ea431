package attack

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// streamHead is what the attack needs of a response head. HTTP/2 frames bodies itself.
func streamHead(resp *http.Response) head {
	h := head{status: resp.StatusCode, length: -1}
	if location := resp.Header["Location"]; len(location) > 0 {
		h.location = []byte(location[0])
	}
	return h
}

// build makes a net/http request of a rendered one. Most requests are like the one before, and share its parts.
func (s *streams) build(ctx context.Context, out []byte, to origin, method string) (*http.Request, *requestBody) {
	end := bytes.Index(out, []byte("\r\n\r\n")) + 4
	if s.request == nil || !bytes.Equal(s.head, out[:end]) || s.request.URL.Host != to.host {
		s.head = append(s.head[:0], out[:end]...)
		s.request = parseRequest(string(out[:end]), to, method)
	}
	req := s.request.WithContext(ctx)
	var body *requestBody
	s.upload.Store(len(out) > end)
	s.note() // since the answer may be there before net/http comes round to tell that it has written the request
	if len(out) > end {
		body = &requestBody{rest: out[end:]}
		req.Body, req.ContentLength = body, int64(len(out)-end)
	}
	return req, body
}

// parseRequest reads a rendered request head. What HTTP/2 has no place for is left out (RFC 9113, section 8.2.2).
func parseRequest(text string, to origin, method string) *http.Request {
	lines := strings.Split(strings.TrimSuffix(text, "\r\n\r\n"), "\r\n")
	_, rest, _ := strings.Cut(lines[0], " ")
	target := strings.TrimSuffix(rest, " HTTP/1.1")
	req := &http.Request{Method: method, Host: to.host, Header: http.Header{}, ProtoMajor: 2}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		switch lower := strings.ToLower(name); lower {
		case "host":
			req.Host = value
		case "content-length", "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		default:
			name = http.CanonicalHeaderKey(name)
			req.Header[name] = append(req.Header[name], value)
		}
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // or net/http sends its own
	}
	req.URL = &url.URL{Scheme: "http", Host: to.host, Opaque: target}
	if to.tls {
		req.URL.Scheme = "https"
	}
	if strings.HasPrefix(target, "//") { // which url.URL would take for a host
		req.URL.Opaque = req.URL.Scheme + "://" + req.Host + target
	}
	return req
}

// requestBody is a request's body; nil: there is none. After Close nobody reads the bytes it was made of.
type requestBody struct {
	mu   sync.Mutex
	rest []byte
	shut bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.shut:
		return 0, io.ErrClosedPipe
	case len(b.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *requestBody) Close() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut, b.rest = true, nil
	return nil
}
