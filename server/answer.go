package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v5"
)

// jsonType is the header value of every answer with a body.
var jsonType = []string{"application/json"}

// uncounted is how many bytes of body net/http holds back until a handler returns. It then adds the Content-Length
// itself, for less than we can. TestContentLength holds it to that.
const uncounted = 2048

// writeJSON answers 200 with body, which it does not keep, or 304 if the client's copy has the same tag. A nil tag
// is none.
func (s *service) writeJSON(c *echo.Context, tag []string, body []byte) error {
	w, r := c.Response(), c.Request()
	header := w.Header()
	s.lastAnswer(header)
	if tag != nil {
		header["Etag"] = tag
		if known := r.Header["If-None-Match"]; known != nil && matches(known, tag[0]) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	header["Content-Type"] = jsonType
	if len(body) > uncounted {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	_, _ = w.Write(body) // fails only if the client has left
	return nil
}

// matches reports whether one of the entity tags in the lists is tag, by the weak comparison of RFC 9110, section
// 8.8.3.2, or the lists are a *.
func matches(lists []string, tag string) bool {
	for _, list := range lists {
		if strings.TrimSpace(list) == "*" {
			return true
		}
		for list != "" {
			var known string
			known, list = nextTag(list)
			if known == tag {
				return true
			}
		}
	}
	return false
}

// nextTag returns the first entity tag of a list, with its quotes and without its W/, and what follows it. A list
// that is not one ends there.
func nextTag(list string) (tag, rest string) {
	list = strings.TrimLeft(list, " \t,")
	list = strings.TrimPrefix(list, "W/")
	if list == "" || list[0] != '"' {
		return "", ""
	}
	end := strings.IndexByte(list[1:], '"')
	if end < 0 {
		return "", ""
	}
	return list[:end+2], list[end+2:]
}
