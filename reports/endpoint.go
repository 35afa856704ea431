package reports

import (
	"net/url"
	"strings"
)

// ByEndpoint says how the figures of each endpoint are named, as the options of Artillery's metrics-by-endpoint do.
// An endpoint is a step's URL as the script has it, with its placeholders, so that there are no more than steps
// (groupDynamicURLs: false, a name for each URL that came of it, is not kept).
type ByEndpoint struct {
	UseOnlyRequestNames bool   // a step with a name is called that, without its URL
	StripQueryString    bool   // URLs are named without their query
	IgnoreUnnamed       bool   // steps without a name have no figures
	Namespace           string // before every name; "" is plugins.metrics-by-endpoint
}

const endpointNamespace = "plugins.metrics-by-endpoint"

// defaultByEndpoint is how Artillery names endpoints in a script that does not ask for them.
func defaultByEndpoint() *ByEndpoint { return &ByEndpoint{StripQueryString: true} }

// Endpoints is how the steps are called among the metrics of a report of Artillery's.
type Endpoints struct {
	Namespace string   `json:"namespace"`
	Names     []string `json:"names"` // by index in Report.Steps; "": it has none
}

// endpoints names the steps; what the script says of it is by, which may be nil.
func (r *Report) endpoints(by *ByEndpoint) Endpoints {
	if by == nil {
		by = defaultByEndpoint()
	}
	named := Endpoints{Namespace: by.Namespace, Names: []string{}}
	if named.Namespace == "" {
		named.Namespace = endpointNamespace
	}
	for i := range r.Steps {
		named.Names = append(named.Names, by.name(r.Target, &r.Steps[i]))
	}
	return named
}

// name returns what a step is called.
func (by *ByEndpoint) name(target string, s *Step) string {
	switch {
	case s.Step == "" && by.IgnoreUnnamed:
		return ""
	case s.Step != "" && by.UseOnlyRequestNames:
		return s.Step
	}
	name := relative(target, s.URL)
	if by.StripQueryString {
		name, _, _ = strings.Cut(name, "?")
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if s.Step != "" {
		name += " (" + s.Step + ")"
	}
	return name
}

// relative returns the URL's path and query, behind its host and its port where they are not the target's. Neither
// has to be a valid URL: both may have placeholders in them.
func relative(target, of string) string {
	host, port, path, ok := split(of)
	if !ok {
		return of
	}
	name := ""
	if targetHost, targetPort, _, ok := split(target); ok {
		if host != targetHost {
			name = host
		}
		if port != "" && port != targetPort {
			name += ":" + port
		}
	}
	return name + path
}

// split takes a URL apart; false if it has no scheme.
func split(of string) (host, port, path string, ok bool) {
	_, rest, ok := strings.Cut(of, "://")
	if !ok {
		return "", "", "", false
	}
	authority, path := rest, "/"
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		authority, path = rest[:at], rest[at:]
	}
	path, _, _ = strings.Cut(path, "#")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host = authority
	if at := strings.LastIndexByte(authority, ':'); at > strings.LastIndexByte(authority, ']') {
		host, port = authority[:at], authority[at+1:]
	}
	return strings.ToLower(host), port, path, true
}
