package scenarios

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// fakeScript calls a function in a text and alone in JSON, with fake-data as given, on line 3.
func fakeScript(plugin, call string) string {
	return "config:\n  target: http://h\n  plugins: " + plugin + "\nscenarios:\n  - flow: [post: {url: /, json: ['{{ " + call + " }}']}]\n"
}

// TestFakeData keeps that each function makes what its name says, as text even if it is a number.
func TestFakeData(t *testing.T) {
	for call, form := range map[string]string{
		"$internetEmail()":           `[^@ ]+@[^@ ]+\.[a-z]+`,
		"$internetExampleEmail()":    `[^@ ]+@example\.com`,
		"$internetUsername()":        `\S+`,
		"$internetPassword()":        `\w{15}`,
		"$internetUrl()":             `https?://\S+`,
		"$internetDomainName()":      `[a-z0-9-]+\.[a-z.]+`,
		"$internetIp()":              `(\d{1,3}\.){3}\d{1,3}`,
		"$internetIpv6()":            `[0-9a-f:]+`,
		"$internetMac()":             `([0-9a-f]{2}:){5}[0-9a-f]{2}`,
		"$internetPort()":            `\d{1,5}`,
		"$internetUserAgent()":       `\S+/.+`,
		"$personFullName()":          `\S+ .+`,
		"$personFirstName()":         `\S+`,
		"$phoneNumber()":             `[-+(). 0-9x]+`,
		"$locationCity()":            `[A-Z].+`,
		"$locationZipCode()":         `\d{5}`,
		"$locationCountryCode()":     `[A-Z]{2}`,
		"$locationLatitude()":        `-?\d{1,2}(\.\d{1,4})?`,
		"$companyName()":             `.+`,
		"$commercePrice()":           `\d{1,4}\.\d\d`,
		"$numberInt()":               `\d+`,
		"$numberFloat()":             `0\.\d+(e-\d+)?`,
		"$datatypeBoolean()":         `true|false`,
		"$stringUuid()":              `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
		"$stringAlphanumeric()":      `[A-Za-z0-9]`,
		"$loremWords()":              `\w+ \w+ \w+`,
		"$loremSlug()":               `\w+-\w+-\w+`,
		"$loremParagraphs()":         `(.+\n){2}.+`,
		"$dateRecent()":              `20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`,
		"$financeCreditCardNumber()": `\d{12,19}`,
		"$randEmail()":               `[^@ ]+@\S+`,
		"$randNumber()":              `\d+`,
	} {
		script := load(t, "s.yml", fakeScript("{fake-data: {}}", call), LoadOptions{})
		want := regexp.MustCompile(`^(?:` + form + `)$`)
		for number := range int64(50) {
			body := bodyOf(script, number)
			var made []string
			if err := json.Unmarshal([]byte(body), &made); err != nil || len(made) != 1 || !want.MatchString(made[0]) {
				t.Errorf("%s made %s, which does not look like %s", call, body, form)
				break
			}
			if again := bodyOf(script, number); again != body && !strings.Contains(call, "date") {
				t.Errorf("%s: user %d has %s, then %s", call, number, body, again)
			}
		}
	}
}

// TestFakeDataAll keeps that every function works, differs between users and makes neither much nor nothing.
func TestFakeDataAll(t *testing.T) {
	for name := range fakes() {
		script := load(t, "s.yml", fakeScript("{fake-data: {}}", "$"+name+"()"), LoadOptions{})
		seen := map[string]bool{}
		for number := range int64(40) {
			body := bodyOf(script, number)
			if seen[body] = true; len(body) <= len(`[""]`) || len(body) > 3000 || strings.Contains(body, "%!") {
				t.Errorf("%s makes %s", name, body)
			}
		}
		if len(seen) < 2 {
			t.Errorf("%s always makes the same", name)
		}
	}
	for alias, name := range fakeAliases {
		if _, ok := fakes()[name]; !ok {
			t.Errorf("%s stands for %s, which is not there", alias, name)
		}
	}
}

func TestFakeDataOptions(t *testing.T) {
	for _, test := range []struct{ plugin, call, want string }{
		{"{fake-data: {numberInt: {min: 3, max: 3}}}", "$numberInt()", "3"},
		{"{fake-data: {numberInt: 1}}", "$numberInt()", "[01]"},
		{"{fake-data: {numberInt: {min: 3, max: 4}}}", "$randNumber()", "[34]"},
		{"{fake-data: {numberFloat: {min: 3, max: 4, fractionDigits: 1}}}", "$numberFloat()", `3\.\d|3|4`},
		{"{fake-data: {internetPassword: {length: 30}}}", "$internetPassword()", `\w{30}`},
		{"{fake-data: {stringAlphanumeric: 5}}", "$stringAlphanumeric()", `\w{5}`},
		{"{fake-data: {loremWords: {wordCount: 5}}}", "$loremWords()", `(\w+ ){4}\w+`},
		{"{fake-data: {commercePrice: {min: 5, max: 6, dec: 0}}}", "$commercePrice()", `[56]`},
		{"{fake-data: {datatypeBoolean: {probability: 1}}}", "$datatypeBoolean()", `true`},
		{"{fake-data: }\n  fake-data: {datatypeBoolean: 0}", "$datatypeBoolean()", `false`},
	} {
		script := load(t, "s.yml", fakeScript(test.plugin, test.call), LoadOptions{})
		equal(t, "warnings", warnings(script), []string(nil))
		for number := range int64(20) {
			if body := bodyOf(script, number); !regexp.MustCompile(`^\["(?:` + test.want + `)"\]$`).MatchString(body) {
				t.Errorf("%s: %s makes %s", test.plugin, test.call, body)
			}
		}
	}
}

func TestFakeDataErrors(t *testing.T) {
	for _, test := range []struct{ plugin, call, want string }{
		{"{}", "$internetEmail()", "5:34: {{ $internetEmail() }}: $internetEmail is of a plugin that is not on: add plugins: {fake-data: {}} to config"},
		{"{fake-data: {}}", "$internetEmial()", `5:34: {{ $internetEmial() }}: there is no function $internetEmial: did you mean "$internetEmail"?`},
		{"{fake-data: {}}", "$randomInt(1, 2)", "5:34: {{ $randomInt(1, 2) }}: there is no function $randomInt"},
		{"{fake-data: {numberInt: {minn: 1}}}", "$numberInt()", `3:37: plugin fake-data: option minn of numberInt is not supported: did you mean "min"?`},
		{"{fake-data: {numberInt: {min: 2, max: 1}}}", "$numberInt()", "3:25: plugin fake-data: numberInt: min is greater than max"},
		{"{fake-data: {internetPassword: {length: 1e9}}}", "$numberInt()", "3:52: length is out of range: lengths and counts go to 1000"},
		{"{fake-data: {internetPassword: {length: -1}}}", "$numberInt()", "3:52: length is out of range: lengths and counts go to 1000"},
		{"{fake-data: {internetPasword: {length: 1}}}", "$numberInt()",
			`3:25: plugin fake-data: there is no function internetPasword here: did you mean "internetPassword"?`},
		{"{fake-data: {internetEmail: {provider: x.org}}}", "$numberInt()", `3:51: provider must be a number, not "x.org"`},
		{"{fake-data: [1]}", "$numberInt()", "3:24: plugin fake-data must be a map, not a list"},
	} {
		_, err := Load("s.yml", strings.NewReader(fakeScript(test.plugin, test.call)), LoadOptions{})
		equal(t, test.plugin+" "+test.call, lines(err), []string{"s.yml:" + test.want})
	}
}

// TestFunctionsMakeText keeps what Artillery does with a function that stands alone: its number becomes a text.
func TestFunctionsMakeText(t *testing.T) {
	script := load(t, "s.yml", fakeScript("{}", "$randomNumber(5, 5)"), LoadOptions{})
	equal(t, "body", bodyOf(script, 0), `["5"]`)
}
