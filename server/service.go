package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v5"

	"github.com/starkillersystems/imgsvc/server/store"
)

// service is what the handlers share.
type service struct {
	cfg      Config
	find     func(r *http.Request, id int64) (store.Listing, error)
	change   func(id int64, change store.Change) error
	ready    func() error
	metrics  *metrics
	troubles *troubleLog
	bodies   sync.Pool // of *[]byte: answers that are put together from parts
	draining atomic.Bool
}

// newService returns a service that asks its finder and its store with ctx.
func newService(ctx context.Context, cfg Config) *service {
	return &service{
		cfg: cfg,
		find: func(r *http.Request, id int64) (store.Listing, error) {
			return cfg.Finder.FindListing(cfg.finding(ctx, r), id)
		},
		change: func(id int64, change store.Change) error { return cfg.Writer.ChangeListing(ctx, id, change) },
		ready: func() error {
			limited, cancel := context.WithTimeout(ctx, cfg.ReadyTimeout)
			defer cancel()
			return cfg.Ready(limited)
		},
		metrics:  &metrics{cfg: cfg},
		troubles: &troubleLog{log: cfg.Log},
		bodies:   sync.Pool{New: func() any { return new([]byte) }},
	}
}

// public returns what is served on the main address.
func (s *service) public() http.Handler {
	e := s.newEcho()
	var slower *handicap
	if s.cfg.Handicap > 0 {
		slower = newHandicap(s.cfg.Handicap, processCPU, threadCPU)
	}
	s.get(e, "/reviews/:id", slower.on(s.getListing))
	s.get(e, "/listings/:id", slower.on(s.getListing))
	s.addWriteRoutes(e)
	if s.cfg.Admin == nil {
		s.addAdminRoutes(e)
	}
	return s.cfg.traceRequests(e)
}

// private returns what is served on the address for those who run the service.
func (s *service) private() http.Handler {
	e := s.newEcho()
	s.addAdminRoutes(e)
	s.addProfiles(e)
	return e
}

func (s *service) addAdminRoutes(e *echo.Echo) {
	s.get(e, "/healthz", s.getHealth)
	s.get(e, "/readyz", s.getReady)
	s.get(e, "/metrics", s.plain(s.metrics.handler()))
}

// newEcho returns an echo that has no routes and no middleware: each call on the way is paid for by every request.
func (s *service) newEcho() *echo.Echo {
	none := s.metrics.route("none")
	return echo.NewWithConfig(echo.Config{
		Logger: s.cfg.Log,
		Router: echo.NewRouter(echo.RouterConfig{
			UseEscapedPathForMatching: true, // the path with its escapes resolved: /reviews/%37 is /reviews/7
			NotFoundHandler:           s.counted(none, func(*echo.Context) error { return echo.ErrNotFound }),
			MethodNotAllowedHandler:   s.counted(none, refuseMethod),
			OptionsMethodHandler:      s.counted(none, s.answerOptions),
		}),
	})
}

func (s *service) get(e *echo.Echo, path string, h echo.HandlerFunc) {
	m := s.metrics.route(path)
	counted := s.counted(m, s.cfg.nameSpan(m.name, h))
	e.GET(path, counted)
	e.HEAD(path, counted) // net/http leaves the body out
}

// counted returns h for requests of acceptable size, with its errors answered and its requests counted.
func (s *service) counted(m *routeMetrics, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		begin := m.begin()
		err := s.checkSize(c)
		if err == nil {
			err = h(c)
		}
		if err != nil {
			s.answerError(c, err)
		}
		m.end(begin, c.Response().(*echo.Response).Status)
		return nil
	}
}

// lastAnswer tells the client of a service that drains that this is the last answer on its connection. It is asked
// when an answer begins, not when its request did: the store may have taken its time.
func (s *service) lastAnswer(header http.Header) {
	if s.draining.Load() {
		header["Connection"] = []string{"close"}
	}
}
