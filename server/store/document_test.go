package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// testDocument is a small listing; change may change its fields, of which a nil value is left out.
func testDocument(t testing.TB, change map[string]any) []byte {
	t.Helper()
	image := func(i int) bson.D {
		return bson.D{{Key: "index", Value: i}, {Key: "url", Value: "/a.jpg"}, {Key: "caption", Value: "A"},
			{Key: "width", Value: 3}, {Key: "height", Value: 2}}
	}
	doc := bson.D{
		{Key: "_id", Value: int64(7)}, {Key: "title", Value: "T"}, {Key: "description", Value: "D"}, {Key: "price", Value: 10},
		{Key: "bedrooms", Value: 1}, {Key: "rating", Value: 4.5}, {Key: "reviews", Value: 0},
		{Key: "keywords", Value: bson.A{"a", "b"}}, {Key: "count", Value: 2}, {Key: "images", Value: bson.A{image(0), image(1)}},
	}
	var changed bson.D
	for _, e := range doc {
		if value, ok := change[e.Key]; ok {
			e.Value = value
		}
		if e.Value != nil {
			changed = append(changed, e)
		}
	}
	raw, err := bson.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const testDocumentJSON = `{"id":7,"title":"T","description":"D","price":10,"bedrooms":1,"rating":4.5,"reviews":0,` +
	`"keywords":["a","b"],"count":2,"images":[{"index":0,"url":"/a.jpg","caption":"A","width":3,"height":2},` +
	`{"index":1,"url":"/a.jpg","caption":"A","width":3,"height":2}]}`

func TestParseDocument(t *testing.T) {
	reordered := func(t *testing.T) []byte {
		var d bson.D
		if err := bson.Unmarshal(testDocument(t, nil), &d); err != nil {
			t.Fatal(err)
		}
		for i, j := 0, len(d)-1; i < j; i, j = i+1, j-1 {
			d[i], d[j] = d[j], d[i]
		}
		raw, err := bson.Marshal(append(d, bson.E{Key: "note", Value: bson.M{"by": "a user"}}))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		name     string
		doc      []byte
		old, new string // how its JSON differs from testDocumentJSON
	}{
		{"as seeded", testDocument(t, nil), "", ""},
		{"other order, a field of a user's own", reordered(t), "", ""},
		{"numbers as mongosh writes them", testDocument(t, map[string]any{"price": 10.0, "_id": 7.0, "count": int64(2)}), "", ""},
		{"a whole rating", testDocument(t, map[string]any{"rating": 5.0}), "4.5", "5"},
		{"a rating of the integers", testDocument(t, map[string]any{"rating": int32(5)}), "4.5", "5"},
		{"a rating of two digits", testDocument(t, map[string]any{"rating": 4.73}), "4.5", "4.73"},
		{"text to escape", testDocument(t, map[string]any{"title": "a\"b\\c\n<é\u2028>"}), `"T"`, `"a\"b\\c\n<é\u2028>"`},
		{"broken text", testDocument(t, map[string]any{"title": "a\xff"}), `"T"`, `"a` + "\\ufffd" + `"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := ParseDocument(c.doc)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(testDocumentJSON, c.old, c.new, 1)
			if string(l.JSON()) != want {
				t.Errorf("JSON\n%s, want\n%s", l.JSON(), want)
			}
			if !json.Valid(l.JSON()) || !bytes.HasPrefix(l.Image(1), []byte(`{"index":1,`)) || l.Count() != 2 {
				t.Errorf("%d images, the second %s", l.Count(), l.Image(1))
			}
		})
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	image := bson.A{bson.M{"index": 1, "url": "u", "caption": "c", "width": 1, "height": 1}}
	for _, c := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"nothing", nil, "cut off"},
		{"cut off", testDocument(t, nil)[:40], "cut off"},
		{"no title", testDocument(t, map[string]any{"title": nil}), "no text title"},
		{"a number as title", testDocument(t, map[string]any{"title": 5}), "no text title"},
		{"a text as price", testDocument(t, map[string]any{"price": "5"}), "no whole number price"},
		{"half a price", testDocument(t, map[string]any{"price": 1.5}), "no whole number price"},
		{"an _id that is no number", testDocument(t, map[string]any{"_id": "x"}), "no whole number id"},
		{"a rating that is no number", testDocument(t, map[string]any{"rating": math.NaN()}), "no number rating"},
		{"no images", testDocument(t, map[string]any{"images": nil}), "lacks images"},
		{"too many images", testDocument(t, map[string]any{"count": 1}), "count is 1, and there are 2 images"},
		{"images out of order", testDocument(t, map[string]any{"count": 1, "images": image}), "image 0 has the index 1"},
		{"an image that is a text", testDocument(t, map[string]any{"images": bson.A{"x"}}), "image 0 is no document"},
		{"a keyword that is a number", testDocument(t, map[string]any{"keywords": bson.A{1}}), "no text"},
		{"too long", testDocument(t, map[string]any{"title": strings.Repeat("x", MaxJSON)}), "bytes of JSON"},
	} {
		if _, err := ParseDocument(c.doc); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that wraps ErrCorrupt with %q", c.name, err, c.want)
		}
	}
}

// FuzzParseDocument looks for bytes that are no listing and yet are taken for one, or end the process.
func FuzzParseDocument(f *testing.F) {
	f.Add(testDocument(f, nil))
	f.Add([]byte{5, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, doc []byte) {
		l, err := ParseDocument(doc)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if _, err := ParseListing(l.Encoded()); err != nil || !json.Valid(l.JSON()) {
			t.Fatalf("%v: %s", err, l.JSON())
		}
	})
}

func BenchmarkParseDocument(b *testing.B) {
	doc := testDocument(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDocument(doc); err != nil {
			b.Fatal(err)
		}
	}
}
