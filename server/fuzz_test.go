package server

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzParseIndex checks the short way through a query against net/url.
func FuzzParseIndex(f *testing.F) {
	for _, query := range []string{
		"", "index=1", "index=01", "index=", "index=%31", "index=1&index=2", "a=b&index=3", "index=1;", "index",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		index, found, err := parseIndex(query)
		values, bad := url.ParseQuery(query)
		given := len(values["index"])
		switch {
		case bad != nil && query != "":
			if err == nil {
				t.Errorf("a query that cannot be read gave %d, %t", index, found)
			}
		case err == nil && found != (given == 1):
			t.Errorf("found is %t with %d indexes", found, given)
		case err != nil && given == 0:
			t.Errorf("no index, and yet %v", err)
		case err == nil && found && strings.Trim(values.Get("index"), "0123456789") != "":
			t.Errorf("%q was taken for %d", values.Get("index"), index)
		}
	})
}

// FuzzMatches checks that no list of tags, however broken, is read as one it does not contain.
func FuzzMatches(f *testing.F) {
	for _, list := range []string{`"a"`, `W/"a"`, "*", `"b", "a"`, `"a`, `a"`, `"`, `W/`, `,,"a"`, `"b""a"`} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		matched := matches([]string{list}, `"a"`)
		if matched && strings.TrimSpace(list) != "*" && !strings.Contains(list, `"a"`) {
			t.Errorf("%q matched", list)
		}
		if matches([]string{list}, `"a"`) != matched || !matches([]string{list, `"a"`}, `"a"`) {
			t.Errorf("%q is not read the same way twice, or hides what follows", list)
		}
	})
}
