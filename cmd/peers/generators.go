//go:build unix

package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generator is a load generator and how to have it.
type generator struct {
	name    string
	program string // what is executed; empty, as its source: the imgsvc of this tree
	source  source
	line    string // for sh: $0 is the program and $1 the URL; {C}, {N} and {R} are connections, seconds and requests a second
}

var vegeta = source{module: "github.com/tsenart/vegeta/v12@v12.13.0"}

// closedLoop lists the generators that send the next request of a connection when the last one is answered.
func closedLoop() []generator {
	return []generator{
		{"imgsvc", "", source{}, `exec "$0" attack --vus {C} --duration {N}s --quiet "$1"`},
		{"wrk", "wrk", source{debian: "wrk"}, `exec "$0" -t1 -c{C} -d{N}s "$1"`},
		{"ab", "ab", source{debian: "apache2-utils"}, `exec "$0" -k -q -c {C} -t {N} -n 100000000 "$1"`},
		{"hey", "hey", source{debian: "hey"}, `exec "$0" -c {C} -z {N}s "$1"`},
		{"siege", "siege", source{debian: "siege"}, `exec "$0" -b -q -c {C} -t {N}S "$1"`},
		{"vegeta", "vegeta", vegeta,
			`echo "GET $1" | "$0" attack -rate 0 -max-workers {C} -duration {N}s -output /dev/null`},
		{"fortio", "fortio", source{module: "fortio.org/fortio@v1.68.0"},
			`exec "$0" load -qps 0 -c {C} -t {N}s -quiet "$1"`},
		{"bombardier", "bombardier", source{module: "github.com/codesenberg/bombardier@v1.2.6"},
			`exec "$0" -c {C} -d {N}s "$1"`},
		{"k6", "k6", source{module: "go.k6.io/k6@v1.8.1"},
			`echo "import http from 'k6/http'; export default () => http.get('$1');" |
			"$0" run --quiet --no-usage-report --vus {C} --duration {N}s -`},
		{"autocannon", "autocannon", source{npm: "autocannon@9.0.0"}, `exec "$0" -c {C} -d {N} "$1"`},
	}
}

// fixedRate lists the generators that send on a schedule. vegeta is held to 64 workers: without that it starts one for
// each request that is late, and on one core ends in thousands of connections.
func fixedRate() []generator {
	return []generator{
		{"imgsvc", "", source{}, `exec "$0" attack --rate {R} --duration {N}s --quiet "$1"`},
		{"vegeta", "vegeta", vegeta,
			`echo "GET $1" | "$0" attack -rate {R} -max-workers 64 -duration {N}s -output /dev/null`},
	}
}

// closedLoopTLS lists those of the closed loop that are compared over TLS, none of which then looks at the certificate.
func closedLoopTLS() []generator {
	return append(named(closedLoop(), "wrk", "ab", "hey"), generator{
		"imgsvc", "", source{}, `exec "$0" attack --vus {C} --duration {N}s --insecure --quiet "$1"`})
}

// oneCore and twoCores list those that are compared on one core and on two.
func oneCore() []generator { return named(closedLoop(), "imgsvc", "wrk") }

func twoCores() []generator {
	return append(named(closedLoop(), "imgsvc"), generator{
		"wrk", "wrk", source{debian: "wrk"}, `exec "$0" -t2 -c{C} -d{N}s "$1"`})
}

// named returns the generators with the given names.
func named(all []generator, names ...string) []generator {
	return slices.DeleteFunc(slices.Clone(all), func(g generator) bool { return !slices.Contains(names, g.name) })
}

// script returns a generator's line with the options in their places.
func (o options) script(g generator) string {
	return strings.NewReplacer("{C}", strconv.Itoa(o.connections), "{N}", strconv.Itoa(o.seconds()),
		"{R}", strconv.Itoa(o.rate)).Replace(g.line)
}

// seconds is the length of a run in whole seconds, which is what all generators can be told.
func (o options) seconds() int { return int(math.Ceil(float64(o.duration) / float64(time.Second))) }
