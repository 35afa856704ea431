package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/starkillersystems/imgsvc/server/store"
)

// refusal is an error that the client caused, or may know the reason of.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// explain turns an error into a status and what the client is told. What went wrong inside is for the log.
func explain(err error) (status int, reason string) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.status, r.reason
	case errors.Is(err, echo.ErrNotFound):
		return http.StatusNotFound, "there is nothing here: try /listings/0 or /reviews/0?index=1"
	case errors.Is(err, store.ErrCorrupt):
		return http.StatusInternalServerError, "the listing is damaged"
	case errors.Is(err, store.ErrUncertain):
		return http.StatusServiceUnavailable, "it is not known whether this was written: read it back, and repeat what is missing"
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "the store did not answer in time"
	default:
		return http.StatusServiceUnavailable, "the store failed"
	}
}

// answerError answers err: the one place where errors become status codes.
func (s *service) answerError(c *echo.Context, err error) {
	status, reason := explain(err)
	if status >= http.StatusInternalServerError {
		s.troubles.add(c.Request(), err)
	}
	header := c.Response().Header()
	s.lastAnswer(header)
	if status == http.StatusServiceUnavailable {
		header["Retry-After"] = []string{"1"}
	}
	body := errorBody(reason)
	header["Content-Type"] = jsonType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(body) // fails only if the client has left
}

func errorBody(reason string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct { // cannot fail: it is a string
		Error string `json:"error"`
	}{reason})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// checkSize refuses requests that are larger than they may be. No route that reads has a use for a body, but a client that
// sends one gets its answer all the same, once the body has been read.
func (s *service) checkSize(c *echo.Context) error {
	r := c.Request()
	if err := s.checkURL(r); err != nil {
		return err
	}
	if r.ContentLength == 0 {
		return nil
	}
	if r.ContentLength <= s.cfg.MaxBody {
		_, err := io.Copy(io.Discard, http.MaxBytesReader(nil, r.Body, s.cfg.MaxBody))
		switch {
		case err == nil:
			return nil
		case !errors.As(err, new(*http.MaxBytesError)):
			return refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
		}
	}
	c.Response().Header().Set("Connection", "close") // or net/http would wait for the rest
	return refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", s.cfg.MaxBody)
}

func (s *service) checkURL(r *http.Request) error {
	if len(r.RequestURI) > s.cfg.MaxURL {
		return refuse(http.StatusRequestURITooLong, "the URL has %d bytes, and %d are the limit", len(r.RequestURI), s.cfg.MaxURL)
	}
	return nil
}

// troubleLog logs what goes wrong inside, one line a second at most: a store that is down must not fill a disk.
type troubleLog struct {
	log    *slog.Logger
	next   atomic.Int64 // Unix time in nanoseconds before which nothing is logged
	silent atomic.Int64 // errors that were not logged since the last line
}

func (t *troubleLog) add(r *http.Request, err error) {
	now, next := time.Now().UnixNano(), t.next.Load()
	if now < next || !t.next.CompareAndSwap(next, now+int64(time.Second)) {
		t.silent.Add(1)
		return
	}
	t.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err, "unlogged", t.silent.Swap(0))
}
