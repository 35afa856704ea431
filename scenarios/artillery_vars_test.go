package scenarios

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// user returns the variables of a user of the script.
func user(s *Script, number int64) *Vars {
	vars := s.Names.NewVars(rand.New(rand.NewPCG(1, uint64(number))))
	s.Begin(vars, number)
	return vars
}

const withVariables = `
config:
  target: http://localhost:3000
  variables:
    one: {deep: [a, {"c-d": 7}], none: null}
    color: [red, green, blue]
    objects: [[1, 2], {x: true}]
scenarios:
  - flow:
`

func TestArtilleryVariables(t *testing.T) {
	for _, test := range []struct{ json, want string }{
		{"'{{ one }}'", `{"deep":["a",{"c-d":7}],"none":null}`},
		{"'{{ one.deep[1][\"c-d\"] }}'", "7"},
		{"'{{ one.deep.1.c-d }} of {{ one.deep.length }}'", `"7 of 2"`},
		{"'{{ one.none }}'", "null"},
		{"'x{{ one.deep }}'", `"x[\"a\",{\"c-d\":7}]"`},
		{"{a: '{{ one.no }}', b: 1}", `{"b":1}`},
		{"{a: 'x{{ one.no }}'}", `{"a":"xundefined"}`},
		{"['{{ one.no }}', true, null]", "[null,true,null]"},
		{"{'{{ one.deep[0] }}': '\"'}", `{"a":"\""}`},
		{"{a: '{{ later }}', b: '{{ later }}', c: {d: '{{ later }}'}}", `{"c":{}}`},
		{"{a: '{{ color.no }}', b: {}, c: '{{ color.no }}', d: 1, e: '{{ $uuid.length }}'}", `{"b":{},"d":1,"e":36}`},
	} {
		t.Run(test.json, func(t *testing.T) {
			script, err := Load("s.yml", strings.NewReader(withVariables+"      - post: {url: /, json: "+test.json+"}\n"+
				"      - loop: [think: 1]\n        count: 1\n        loopValue: later\n"), LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			vars := user(script, 1)
			body := script.Requests[0].Body
			if got := string(body.Append(nil, vars)); got != test.want || !json.Valid([]byte(got)) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestArtilleryUsersDiffer keeps that a list of values is a choice of each user's own, the same in every run.
func TestArtilleryUsersDiffer(t *testing.T) {
	script := load(t, "s.yml", withVariables+
		"      - get: {url: '/{{ color }}/{{ $uuid }}/{{ $randomNumber(3, 5) }}/{{ $randomString() }}/{{ objects }}'}", LoadOptions{})
	want := regexp.MustCompile(`^http://localhost:3000/(red|green|blue)/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/` +
		`[345]/[0-9A-Za-z]{10}/(\[1,2\]|\{"x":true\})$`)
	seen := map[string]int{}
	for number := range int64(300) {
		url := string(script.Requests[0].URL.Append(nil, user(script, number)))
		parts := want.FindStringSubmatch(url)
		if parts == nil {
			t.Fatalf("%s does not look like %s", url, want)
		}
		if again := string(script.Requests[0].URL.Append(nil, user(script, number))); again != url {
			t.Errorf("user %d: %s, then %s", number, url, again)
		}
		seen[parts[1]]++
		seen[url]++
	}
	if len(seen) != 303 || min(seen["red"], seen["green"], seen["blue"]) < 50 {
		t.Errorf("of 300 users: %d colours and URLs, %d red, %d green, %d blue", len(seen), seen["red"], seen["green"], seen["blue"])
	}
}
