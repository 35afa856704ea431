package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/starkillersystems/imgsvc/server/store"
)

// authorize checks the bearer token of a request: 403 if there is none to check it against, 401 if it is not that one.
// Tokens are compared by their hashes, in a time that says neither where they differ nor how long they are.
func (s *service) authorize(c *echo.Context) error {
	if s.cfg.WriteToken == "" || s.cfg.Writer == nil {
		return refuse(http.StatusForbidden, "this service does not write: start it with a write token, "+
			"in IMGSVC_WRITE_TOKEN or --write-token-file")
	}
	given := c.Request().Header["Authorization"]
	scheme, token := "", ""
	if len(given) == 1 {
		scheme, token, _ = strings.Cut(given[0], " ")
	}
	want, have := sha256.Sum256([]byte(s.cfg.WriteToken)), sha256.Sum256([]byte(strings.TrimSpace(token)))
	if same := subtle.ConstantTimeCompare(want[:], have[:]) == 1; same && strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	challenge := `Bearer realm="imgsvc"`
	if len(given) > 0 {
		challenge += `, error="invalid_token"`
	}
	c.Response().Header().Set("WWW-Authenticate", challenge)
	if len(given) == 0 {
		return refuse(http.StatusUnauthorized, "writes need the header Authorization: Bearer TOKEN")
	}
	return refuse(http.StatusUnauthorized, "the header Authorization is not Bearer and the write token of this service")
}

// readJSON returns the body of a request, whose kind and size it checks.
func (s *service) readJSON(c *echo.Context) ([]byte, error) {
	r := c.Request()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	switch {
	case err != nil || kind != "application/json", charset != "" && !strings.EqualFold(charset, "utf-8"):
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Type %q: want application/json, in UTF-8",
			r.Header.Get("Content-Type"))
	case r.Header.Get("Content-Encoding") != "":
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding %q: send the body as it is",
			r.Header.Get("Content-Encoding"))
	}
	if r.ContentLength <= s.cfg.MaxBody {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, s.cfg.MaxBody))
		switch {
		case err == nil:
			return body, nil
		case !errors.As(err, new(*http.MaxBytesError)):
			return nil, refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
		}
	}
	c.Response().Header().Set("Connection", "close") // or net/http would wait for the rest
	return nil, refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", s.cfg.MaxBody)
}

// checkConditions compares a listing, the zero Listing if there is none, with what a request that would change it says it
// must be: 412 if it is not. Only a strong tag says that it is the same (RFC 9110, section 13.1.1).
func checkConditions(r *http.Request, old store.Listing) error {
	tag := ""
	if !old.IsZero() {
		tag = old.Tag()[0]
	}
	switch wanted, unwanted := r.Header["If-Match"], r.Header["If-None-Match"]; {
	case wanted != nil && tag == "":
		return refuse(http.StatusPreconditionFailed, "If-Match: there is no such listing")
	case wanted != nil && !matches(strong(wanted), tag):
		return refuse(http.StatusPreconditionFailed, "If-Match: the listing has changed: its tag is %s now; "+
			"GET it again and repeat", tag)
	case unwanted != nil && tag != "" && matches(unwanted, tag):
		return refuse(http.StatusPreconditionFailed, "If-None-Match: there is such a listing, with the tag %s", tag)
	}
	return nil
}

// strong returns the lists of entity tags without the weak ones.
func strong(lists []string) []string {
	var all []string
	for _, list := range lists {
		if strings.TrimSpace(list) == "*" {
			return []string{"*"}
		}
		for list != "" {
			weak := strings.HasPrefix(strings.TrimLeft(list, " \t,"), "W/")
			var tag string
			if tag, list = nextTag(list); !weak && tag != "" {
				all = append(all, tag)
			}
		}
	}
	return all
}
