package scenarios

import (
	"slices"
	"strings"
)

func expectHeader(w *want, in *reading, vars *Vars) CheckResult {
	name := w.value(vars).text()
	result := CheckResult{Type: "hasHeader", Want: name, Got: "response has no " + name + " header"}
	if result.OK = in.Header(name).truthy(); result.OK {
		result.Got = name
	}
	return result
}

func expectHeaderEquals(w *want, in *reading, vars *Vars) CheckResult {
	pair := append(w.values(vars), Any(""), Any(""))
	name, value := pair[0].text(), pair[1]
	if !value.truthy() {
		value = Any("")
	}
	result := CheckResult{Type: "header " + name + " values equals"}
	if got := in.Header(name); got.truthy() {
		result.Got, result.Want = got.text(), value.text()
		if result.OK = result.Got == result.Want; secret(name) {
			result.Got, result.Want = notShown, notShown
		}
	} else {
		result.Got, result.Want = "response has no "+name+" header", "response to have "+name+" header"
	}
	return result
}

const notShown = "(not shown)"

// secret reports whether a header's value is nobody's business.
func secret(name string) bool {
	secrets := []string{"set-cookie", "cookie", "authorization", "proxy-authorization", "www-authenticate"}
	return slices.Contains(secrets, name)
}

func expectCDNHit(w *want, in *reading, vars *Vars) CheckResult {
	hit := w.value(vars).truthy()
	result := CheckResult{Type: "cdnHit", Got: "cache status header not found"}
	states := []string{"miss"}
	result.Want = "a cache header indicating a cache miss"
	if hit {
		states, result.Want = []string{"hit", "stale"}, "a cache header indicating a cache hit"
	}
	for _, name := range []string{"cf-cache-status", "x-cache", "x-vercel-cache"} {
		got := in.Header(name).text()
		for _, state := range states {
			if strings.HasPrefix(strings.ToLower(got), state) {
				result.OK, result.Got = true, name+" is "+got
			}
		}
	}
	return result
}
