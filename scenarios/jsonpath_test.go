package scenarios

import (
	"encoding/json"
	"strings"
	"testing"
)

const shop = `{"shop": {"books": [
  {"title": "Emma", "price": 8.95, "tags": ["love"], "sold": 0},
  {"title": "Ulysses", "price": "12.99", "isbn": "0-1", "ok": true},
  {"title": "Moby Dick", "price": 8.99, "isbn": "0-2", "tags": ["sea", "whale"], "ok": false, "none": null}],
 "bike": {"color": "red", "price": 19.95}},
 "id": 7, "empty": "", "list": [], "a.b": 1, "x-y": {"c d": 2}, "$ref": "r",
 "users": {"zoe": {"id": "z", "active": true}, "adam": {"id": "a", "active": false}, "10": {"id": "t"}}}`

// TestJSONPath keeps what jsonpath-plus 10.4 finds: each of these results is its own.
func TestJSONPath(t *testing.T) {
	var doc any
	if err := json.Unmarshal([]byte(shop), &doc); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{"$.id", "[7]"}, {"id", "[7]"}, {"$['id']", "[7]"}, {`$["a.b"]`, "[1]"}, {"$.x-y['c d']", "[2]"}, {"$.$ref", `["r"]`},
		{"$.nope", "[]"}, {"$.empty", `[""]`}, {"$.list", "[[]]"}, {"$.empty.length", "[]"},
		{"$.shop.books.length", "[3]"}, {"$.shop.books[0].title.length", "[4]"},
		{"$.shop.books[*].title", `["Emma","Ulysses","Moby Dick"]`}, {"$.shop.books.*.price", `[8.95,"12.99",8.99]`},
		{"$.shop.books.0.title", `["Emma"]`}, {"$.shop.books[0,2].title", `["Emma","Moby Dick"]`},
		{"$.shop.books[1:].title", `["Ulysses","Moby Dick"]`}, {"$.shop.books[-1:].title", `["Moby Dick"]`},
		{"$.shop.books[::2].title", `["Emma","Moby Dick"]`}, {"$.shop.books[:-2].title", `["Emma"]`},
		{"$.shop.books[-1]", "[]"}, {"$.shop.books[(@.length-1)].title", `["Moby Dick"]`},
		{"$.shop.books[0][title,price]", `["Emma",8.95]`}, {"$.shop.books[0]['title','price']", `["Emma",8.95]`},
		{"$..price", `[8.95,"12.99",8.99,19.95]`}, {"$..id", `[7,"t","z","a"]`}, {"$..tags[0]", `["love","sea"]`},
		{"$.users.*.id", `["t","z","a"]`}, {"$.users.*~", `["10","zoe","adam"]`}, {"$.users.zoe~", `["zoe"]`},
		{"$..[0]~", `["0","0","0"]`}, {"$.shop.bike.color^.price", "[19.95]"}, {"$.users.`zoe.id", `["z"]`},
		{"$.users[?(@.active)].id", `["z"]`}, {"$.users[?(@.active==false)].id", `["a"]`}, {"$.users[?(!@.active)].id", `["t","a"]`},
		{"$.users[?(@property === 'adam')].id", `["a"]`}, {"$.users[?(@property > 'b')].id", `["z"]`},
		{"$.shop.books[?(@.price < 9)].title", `["Emma","Moby Dick"]`}, {"$.shop.books[?(@.price > 9)].title", `["Ulysses"]`},
		{"$.shop.books[?(@.price == 12.99)].title", `["Ulysses"]`}, {"$.shop.books[?(@.price === 12.99)].title", "[]"},
		{"$.shop.books[?(@.isbn && @.price < 9)].title", `["Moby Dick"]`}, {"$.shop.books[?(!@.isbn)].title", `["Emma"]`},
		{`$.shop.books[?(@.title == "Emma" || @.title == 'Ulysses')].price`, `[8.95,"12.99"]`},
		{"$.shop.books[?(@.title.match(/^m/i))].price", "[8.99]"}, {"$.shop.books[?(/y/.test(@.title))].title", `["Ulysses","Moby Dick"]`},
		{"$.shop.books[?(@.title.toLowerCase().includes('mm'))].title", `["Emma"]`}, {"$.shop.books[?(@.sold === 0)].title", `["Emma"]`},
		{"$.shop.books[?(@.tags && @.tags.length > 1)].title", `["Moby Dick"]`}, {"$.shop.books[?(@.none === null)].title", `["Moby Dick"]`},
		{"$.shop.books[?(@.none == undefined)].title", `["Emma","Ulysses","Moby Dick"]`}, {"$.shop.books[?(typeof @.price == 'string')].title", `["Ulysses"]`},
		{"$.shop.books[?(@path == \"$['shop']['books'][1]\")].title", `["Ulysses"]`}, {"$.shop.books[?(@.sold == @root.empty.length)].title", `["Emma"]`},
		{"$.shop[?(@.length == @parent.users)]", "[]"}, {"$..books[?(@.ok)]^[0].title", `["Emma"]`},
		{"$..*@number()", "[7,1,8.95,0,8.99,19.95,2]"}, {"$.shop.books[*].price@string()", `["12.99"]`}, {"$.shop.*@array()..title", ""},
	} {
		t.Run(test.path, func(t *testing.T) {
			path, err := parseJSONPath(test.path)
			if err != nil {
				t.Fatal(err)
			}
			found, err := path.find(&memberOrder{root: doc, body: []byte(shop)})
			if err != nil {
				t.Fatal(err)
			}
			values := []any{}
			for _, hit := range found {
				values = append(values, hit.value)
			}
			if got := string(encodeJSON(values)); got != test.want && test.want != "" {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestJSONPathErrors(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{".id", "JSONPath .id: it begins with $: write $.id"},
		{"$.a[0", "JSONPath $.a[0: [0: a closing bracket is missing"},
		{"$['a", "JSONPath $['a: ['a: a closing quote is missing"},
		{"$['a'b]", "JSONPath $['a'b]: ['a' wants ] behind it"},
		{"$[?@.a]", "JSONPath $[?@.a]: a filter is written [?(…)], with parentheses"},
		{"$[?(@.a]", "JSONPath $[?(@.a]: [?(@.a]: )] is missing"},
		{"$[?(@.a = 1)]", "JSONPath $[?(@.a = 1)]: (@.a = 1): = assigns: write == to compare"},
		{"$[?(a == 1)]", "JSONPath $[?(a == 1)]: (a == 1): a is not defined: the place itself is @"},
		{"$[?(@.a ==)]", "JSONPath $[?(@.a ==)]: (@.a ==): not an expression: Unexpected token )"},
		{"$[?(@.map(x => x))]", "JSONPath $[?(@.map(x => x))]: (@.map(x => x)): only operators, methods, names and literals are understood here"},
		{"$[?(@.constructor)]", "JSONPath $[?(@.constructor)]: (@.constructor): .constructor is not allowed here"},
		{"$[?(@['__proto__'])]", "JSONPath $[?(@['__proto__'])]: (@['__proto__']): .__proto__ is not allowed here"},
		{"$[?('x'.repeat(9))]", "JSONPath $[?('x'.repeat(9))]: ('x'.repeat(9)): .repeat is not allowed here"},
		{"$[?(@.a in @.b)]", "JSONPath $[?(@.a in @.b)]: (@.a in @.b): in is not understood here"},
		{"$.a@other()", "JSONPath $.a@other(): @other() has no meaning here"},
		{"$" + strings.Repeat(".a", 101), "JSONPath $" + strings.Repeat(".a", 99) + ".…: more than 100 steps"},
	} {
		_, err := parseJSONPath(test.path)
		equal(t, test.path, lines(err), []string{test.want})
	}
}

// TestJSONPathBounds keeps that a path which multiplies what it finds gives up.
func TestJSONPathBounds(t *testing.T) {
	text := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"$..*..*..*..*", "$..[?(@.length)]..[?(@.length)]..[?(@.length)]", "$..[0]..[0]..[0]..[0]^^"} {
		parsed, err := parseJSONPath(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.find(&memberOrder{root: doc, body: []byte(text)}); err != errTooFar {
			t.Errorf("%s: error %v, want %v", path, err, errTooFar)
		}
	}
}
