package scenarios

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// retiredHost is what the original's authors attacked in 2018. It went back to a cloud provider long ago: whoever
// has that name now did not ask for load.
const retiredHost = "ec2-54-82-237-60.compute-1.amazonaws.com"

// URLRequest is a request without a script around it, as flags describe it.
type URLRequest struct {
	URL      string   // absolute; a user and password in it are sent as an Authorization header
	Method   string   // empty: GET, or POST if there is a Body
	Headers  []string // "Name: value"
	Body     string
	User     string // USER:PASSWORD for basic authentication; empty: none
	NoFollow bool   // do not follow redirects
}

// ForURL returns the script of one request that users send again and again. It has no phases: how often and for
// how long is the attack's to say. Its errors name no file, and never a password.
func ForURL(request URLRequest) (*Script, error) {
	u, err := parseURL(request.URL, true)
	if err != nil {
		return nil, err
	}
	if u.User != nil && request.User == "" {
		password, _ := u.User.Password()
		request.User = u.User.Username() + ":" + password
	}
	u.User = nil
	address := u.String()

	r := newReader(address, LoadOptions{})
	r.script.Name = address
	req := r.request(&Request{Method: request.method(), URL: Literal(address), Body: Literal(request.Body), NoFollow: request.NoFollow})
	if !isToken(req.Method) {
		r.errorf(Pos{File: address}, "%q is not an HTTP method", req.Method)
	}
	for _, line := range request.Headers {
		req.Headers = r.appendHeader(req.Headers, Pos{File: address}, line)
	}
	if request.User != "" {
		credentials := base64.StdEncoding.EncodeToString([]byte(request.User))
		req.Headers = append(req.Headers, Header{"Authorization", Literal("Basic " + credentials)})
	}
	r.script.Scenarios = []Scenario{{Name: address, Weight: 1, Steps: []Step{req}}}
	return r.finish()
}

func (request URLRequest) method() string {
	switch {
	case request.Method != "":
		return request.Method
	case request.Body != "":
		return "POST"
	}
	return "GET"
}

// appendHeader appends the header that a line "Name: value" describes.
func (r *reader) appendHeader(headers []Header, pos Pos, line string) []Header {
	name, value, ok := strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || value == "" {
		r.errorf(pos, "a header is written 'Name: value'") // what it says may be a secret
		return headers
	}
	if !r.header(pos, name, value) {
		return headers
	}
	return append(headers, Header{name, Literal(value)})
}

// parseURL parses an absolute http or https URL that may be attacked. Its errors never tell a password.
func parseURL(text string, userAllowed bool) (*url.URL, error) {
	u, err := parseAbsolute(text)
	switch {
	case err != nil:
		return nil, err
	case u.User != nil && !userAllowed:
		return nil, errors.New("user and password in a URL are not sent: give an Authorization header")
	case strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), retiredHost):
		return nil, fmt.Errorf("%s is the host the original authors attacked in 2018 and no longer ours: "+
			"say what to attack instead with --target URL", retiredHost)
	}
	return u, nil
}

func parseAbsolute(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	var parse *url.Error
	switch {
	case err != nil && strings.Contains(text, "@"): // err would cite it, and the password with it
		return nil, errors.New("not a URL: write special characters in user and password as %XX")
	case errors.As(err, &parse):
		return nil, fmt.Errorf("not a URL: %w", parse.Err)
	case err != nil:
		return nil, fmt.Errorf("not a URL: %w", err)
	case !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https"):
		return nil, errors.New("not an absolute URL (http://… or https://…)")
	case u.Hostname() == "":
		return nil, errors.New("no host in the URL")
	}
	return u, nil
}

// checkTarget checks what LoadOptions.Target says, as far as every dialect needs it.
func checkTarget(target string) error {
	if target == "" {
		return nil
	}
	if _, err := parseURL(target, false); err != nil {
		return fmt.Errorf("--target: %w", err)
	}
	return nil
}

// parseOrigin reads a --target that can replace no more than scheme, host and port.
func parseOrigin(target string) (string, error) {
	u, err := parseURL(target, false)
	if err != nil {
		return "", fmt.Errorf("--target: %w", err)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("--target replaces scheme, host and port here, and paths stay: give it without a path")
	}
	return u.Scheme + "://" + u.Host, nil
}
