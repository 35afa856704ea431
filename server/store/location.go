package store

import (
	"fmt"
	"strings"
)

// DefaultURL is the store used when none is named: embedded, in the working directory.
const DefaultURL = "pebble:./imgsvc-data"

// Location says where a store is.
type Location struct {
	Dir string // the folder of an embedded store
}

// String returns the URL of the location.
func (l Location) String() string { return "pebble:" + l.Dir }

// ParseURL reads a store URL: pebble:DIR for an embedded store in the folder DIR. An empty url means DefaultURL.
// Its errors show no more of a url than the scheme if the rest may hold a password.
func ParseURL(url string) (Location, error) {
	if url == "" {
		url = DefaultURL
	}
	scheme, dir, found := strings.Cut(url, ":")
	switch {
	case !found:
		return Location{}, fmt.Errorf("store %q has no scheme\nfor an embedded store there, write pebble:%s", url, url)
	case scheme == "mongodb" || scheme == "mongodb+srv":
		return Location{}, fmt.Errorf("%s stores are not supported yet\nuse an embedded one, such as %s", scheme, DefaultURL)
	case scheme != "pebble":
		return Location{}, fmt.Errorf("unknown kind of store %q\nuse pebble:DIR, such as %s", scheme, DefaultURL)
	case dir == "":
		return Location{}, fmt.Errorf("store %q names no folder\nwrite pebble:DIR, such as %s", url, DefaultURL)
	}
	return Location{Dir: dir}, nil
}
