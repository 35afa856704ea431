package server

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/starkillersystems/imgsvc/server/store"
)

// getListing answers /reviews/{id} and /listings/{id} with the whole listing, or with one image if the query has an
// index.
func (s *service) getListing(c *echo.Context) error {
	id, err := parseID(c.Param("id"))
	if err != nil {
		return err
	}
	index, one, err := parseIndex(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	listing, err := s.find(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refuse(http.StatusNotFound, "there is no listing %d", id)
	case err != nil:
		return err
	case !one:
		return s.writeJSON(c, listing.Tag(), listing.JSON())
	case index >= int64(listing.Count()):
		return refuse(http.StatusNotFound, "listing %d has %d images, counted from 0: there is no image %d",
			id, listing.Count(), index)
	}
	return s.writeImage(c, id, int(index), listing)
}

// aroundImage is how many bytes at most stand around the image in an answer with one: names, id, index and count.
const aroundImage = 100

// writeImage answers with one image of a listing.
func (s *service) writeImage(c *echo.Context, id int64, index int, listing store.Listing) error {
	body := s.bodies.Get().(*[]byte)
	defer s.bodies.Put(body)
	if most := len(listing.Image(index)) + aroundImage; cap(*body) < most {
		*body = make([]byte, most)
	}
	*body = appendImage((*body)[:0], id, index, listing)
	return s.writeJSON(c, listing.Tag(), *body)
}

// appendImage appends an answer with one image.
func appendImage(b []byte, id int64, index int, listing store.Listing) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"index":`...)
	b = strconv.AppendInt(b, int64(index), 10)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, int64(listing.Count()), 10)
	b = append(b, `,"image":`...)
	b = append(b, listing.Image(index)...)
	return append(b, '}')
}

// parseID reads the id in a path: 0, or a whole number above.
func parseID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	switch {
	case err == nil:
		return int64(id), nil
	case strings.Contains(text, "/"):
		return 0, echo.ErrNotFound
	}
	return 0, refuse(http.StatusBadRequest, "id %q is not a whole number from 0 to 9223372036854775807", text)
}

// parseIndex returns the index in a query, and whether there is one.
func parseIndex(query string) (index int64, found bool, err error) {
	if query == "" {
		return 0, false, nil
	}
	text, plain := strings.CutPrefix(query, "index=")
	if !plain || strings.ContainsAny(text, "&%+;") {
		text, found, err = lookupIndex(query)
		if err != nil || !found {
			return 0, false, err
		}
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, false, refuse(http.StatusBadRequest, "index %q is not a whole number of 0 or more", text)
	}
	return int64(n), true, nil
}

// lookupIndex is for queries that are more than index=N.
func lookupIndex(query string) (text string, found bool, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", false, refuse(http.StatusBadRequest, "the query cannot be read: %v", err)
	}
	switch index := values["index"]; len(index) {
	case 0:
		return "", false, nil
	case 1:
		return index[0], true, nil
	default:
		return "", false, refuse(http.StatusBadRequest, "index is given %d times", len(index))
	}
}

func (s *service) getHealth(c *echo.Context) error {
	return s.writeJSON(c, nil, []byte(`{"status":"ok"}`))
}

// getReady asks the store for a sign of life. A service that is about to end is not ready.
func (s *service) getReady(c *echo.Context) error {
	if s.draining.Load() {
		return refuse(http.StatusServiceUnavailable, "the service is stopping")
	}
	if err := s.ready(); err != nil {
		return err
	}
	return s.writeJSON(c, nil, []byte(`{"status":"ready"}`))
}

func (s *service) getMetrics(h http.Handler) echo.HandlerFunc {
	return func(c *echo.Context) error {
		s.lastAnswer(c.Response().Header())
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

// answerOptions says which methods a path has.
func (s *service) answerOptions(c *echo.Context) error {
	allow(c)
	s.lastAnswer(c.Response().Header())
	return c.NoContent(http.StatusNoContent)
}

// refuseMethod answers for a path that has other methods.
func refuseMethod(c *echo.Context) error {
	return refuse(http.StatusMethodNotAllowed, "%s is not among the methods here: %s", c.Request().Method, allow(c))
}

// allow sets the header of that name from what the router has noted, and returns it.
func allow(c *echo.Context) string {
	methods, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
	c.Response().Header().Set("Allow", methods)
	return methods
}
