package scenarios

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
)

// fakeOptions are those of one function, as config.plugins.fake-data has them. A lone number stands under "".
type fakeOptions map[string]float64

// number returns an option, or what it is without one.
func (o fakeOptions) number(name string, without float64) float64 {
	if value, ok := o[name]; ok {
		return value
	}
	return without
}

// fake is a function of Artillery's plugin fake-data: faker's, under a name such as internetEmail.
type fake struct {
	make    func(f *gofakeit.Faker, o fakeOptions) any // a string, bool, int or float64
	options string                                     // the names of those it takes
}

// fakeAliases are older names that still work.
var fakeAliases = map[string]string{
	"randEmail": "internetEmail", "randFullName": "personFullName", "randFirstName": "personFirstName",
	"randLastName": "personLastName", "randUserName": "internetUsername", "randPassword": "internetPassword",
	"randUuid": "stringUuid", "randPhoneNumber": "phoneNumber", "randCity": "locationCity",
	"randCountry": "locationCountry", "randStreetAddress": "locationStreetAddress", "randZipCode": "locationZipCode",
	"randCompanyName": "companyName", "randNumber": "numberInt", "randBoolean": "datatypeBoolean",
	"randUrl": "internetUrl", "randIp": "internetIpv4", "randWord": "loremWord", "randSentence": "loremSentence",
	"randParagraph": "loremParagraph", "randText": "loremText", "randJobTitle": "personJobTitle",
	"randColor": "colorHuman", "randProductName": "commerceProductName",
}

// isFake reports whether a placeholder's function is one that the plugin would bring.
func isFake(name string) bool {
	name = strings.TrimPrefix(name, "$")
	_, known := fakes()[name]
	return known || fakeAliases[name] != ""
}

// functions are all that placeholders of this script can call.
func (a *artillery) functions() map[string]function {
	if a.callable != nil {
		return a.callable
	}
	a.callable = functions()
	if a.plugins["fake-data"] == nil {
		return a.callable
	}
	all := fakes()
	for name, f := range all {
		a.callable["$"+name] = fakeFunction(f, a.fakeOptions[name])
	}
	for alias, name := range fakeAliases {
		a.callable["$"+alias] = fakeFunction(all[name], a.fakeOptions[name])
	}
	return a.callable
}

// fakeFunction draws what a function makes from a user's random numbers. What stands in the parentheses is not looked
// at, as in Artillery.
func fakeFunction(f fake, o fakeOptions) function {
	return func([]string) (func(*Vars) Value, error) {
		return func(v *Vars) Value {
			switch made := f.make(newFaker(v.Random), o).(type) {
			case int:
				return Int(int64(made))
			default:
				return Any(made)
			}
		}, nil
	}
}

// newFaker returns a maker of fake data that is as random as its source, which one goroutine at a time uses.
func newFaker(random rand.Source) *gofakeit.Faker { return gofakeit.NewFaker(random, false) }

// readFakeOptions reads the options of functions: {numberInt: {min: 1, max: 6}}.
func (a *artillery) readFakeOptions(n *node) {
	if n == nil || n.kind == nothing {
		return
	}
	a.fakeOptions = map[string]fakeOptions{}
	known := keys{}
	for name, f := range fakes() {
		known[name] = func(entry field) { a.fakeOptions[name] = a.fakeOptionsOf(entry, f) }
	}
	if n.kind != mapping {
		a.errorf(n.pos, "plugin fake-data must be a map, not %s", n)
		return
	}
	for _, entry := range n.fields {
		if handle := known[entry.key]; handle != nil {
			handle(entry)
		} else {
			a.errorf(entry.pos, "plugin fake-data: there is no function %s here%s", entry.key,
				didYouMean(entry.key, slices.Collect(maps.Keys(known))))
		}
	}
}

// fakeOptionsOf reads the options of one function: a map of numbers, or one number.
func (a *artillery) fakeOptionsOf(entry field, f fake) fakeOptions {
	out := fakeOptions{}
	takes := strings.Fields(f.options)
	read := func(name string, from field) {
		value, ok := a.number(from)
		switch {
		case !ok:
		case !slices.Contains(takes, name):
			a.errorf(from.pos, "plugin fake-data: option %s of %s is not supported%s", from.key, entry.key,
				didYouMean(from.key, takes))
		case value < -1<<53 || value > 1<<53 || name != "min" && name != "max" && (value < 0 || value > maxFake):
			a.errorf(from.value.pos, "%s is out of range: lengths and counts go to %d", from.key, maxFake)
		default:
			out[name] = value
		}
	}
	switch {
	case entry.value.kind == scalar && len(takes) > 0:
		read(takes[0], entry)
	case entry.value.kind == mapping:
		for _, option := range entry.value.fields {
			read(option.key, option)
		}
	case entry.value.kind != nothing:
		a.errorf(entry.value.pos, "plugin fake-data: the options of %s must be a map, not %s", entry.key, entry.value)
	}
	if low, high := out.number("min", 0), out.number("max", 1<<53); low > high {
		a.errorf(entry.pos, "plugin fake-data: %s: min is greater than max", entry.key)
	}
	return out
}

// maxFake is the longest text, in its own units, that a function makes.
const maxFake = 1000
