package store

import (
	"fmt"
	"strings"
)

// DefaultURL is the store used when none is named: embedded, in the working directory.
const DefaultURL = "pebble:./imgsvc-data"

// Location says where a store is: in a folder or in a MongoDB, never both.
type Location struct {
	Dir   string // the folder of an embedded store
	Mongo string // the URL of a MongoDB, as it was given; it may hold a password
}

// IsMongo says whether the store is in a MongoDB.
func (l Location) IsMongo() bool { return l.Mongo != "" }

// String returns the URL of the location without its secrets.
func (l Location) String() string {
	if l.IsMongo() {
		return redactMongoURL(l.Mongo)
	}
	return "pebble:" + l.Dir
}

// ParseURL reads a store URL: pebble:DIR for an embedded store in the folder DIR, mongodb://… or mongodb+srv://… for a
// MongoDB. An empty url means DefaultURL. It asks no server. Its errors show no password.
func ParseURL(url string) (Location, error) {
	if url == "" {
		url = DefaultURL
	}
	scheme, dir, found := strings.Cut(url, ":")
	switch {
	case !found:
		return Location{}, fmt.Errorf("store %q has no scheme\nfor an embedded store there, write pebble:%s", url, url)
	case scheme == "mongodb" || scheme == "mongodb+srv":
		return Location{Mongo: url}, checkMongoURL(url)
	case scheme != "pebble":
		return Location{}, fmt.Errorf("unknown kind of store %q\nuse pebble:DIR, such as %s, or mongodb://HOST/DATABASE",
			scheme, DefaultURL)
	case dir == "":
		return Location{}, fmt.Errorf("store %q names no folder\nwrite pebble:DIR, such as %s", url, DefaultURL)
	}
	return Location{Dir: dir}, nil
}
