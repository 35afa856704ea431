package server

import (
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/labstack/echo/v5"
)

// profileTime is how much longer an answer may take on the address for those who run the service, where profiles over
// some seconds are taken.
const profileTime = 2 * time.Minute

// addProfiles adds Go's profiles. They tell what is in memory and cost CPU time, so that they are never on the address
// for everybody.
func (s *service) addProfiles(e *echo.Echo) {
	for path, handler := range map[string]http.HandlerFunc{
		"":         pprof.Index, // with the names of all profiles, and each of them below it
		":profile": pprof.Index,
		"cmdline":  pprof.Cmdline,
		"profile":  pprof.Profile,
		"symbol":   pprof.Symbol,
		"trace":    pprof.Trace,
	} {
		s.get(e, "/debug/pprof/"+path, s.plain(handler))
	}
}
