package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// testRecord is the record whose JSON is testDocumentJSON, with an image more.
func testRecord(id int64) Record {
	image := Image{URL: "/a.jpg", Caption: "A", Width: 3, Height: 2}
	return Record{ID: id, Title: "T", Description: "D", Price: 10, Bedrooms: 1, Rating: 4.5, Keywords: []string{"a", "b"},
		Images: []Image{image, image, image}}
}

// TestRecordTravels has records with whatever text may hold written as JSON, read back, and kept as documents: always
// the same bytes.
func TestRecordTravels(t *testing.T) {
	odd := testRecord(MaxID)
	odd.Title, odd.Description, odd.Rating = "\"<&>\u2028é\U0001f600\\", "a\n\tb", 4.07
	odd.Keywords, odd.Images[2].Caption = nil, ""
	whole := testRecord(0)
	whole.Rating, whole.Price = 5, maxNumber
	for _, r := range []Record{testRecord(7), odd, whole} {
		listing := must(r.Encode())
		parsed, err := ParseRecord(listing.JSON(), r.ID)
		if err != nil {
			t.Fatalf("%s: %v", listing.JSON(), err)
		}
		if again := must(parsed.Encode()); !bytes.Equal(again.Encoded(), listing.Encoded()) {
			t.Errorf("read back: %s\nwant %s", again.JSON(), listing.JSON())
		}
		if checked, err := ParseListing(listing.Encoded()); err != nil || checked.Count() != 3 ||
			!strings.HasPrefix(string(checked.Image(2)), `{"index":2,`) {
			t.Errorf("not a listing with three images: %v, %s", err, listing.JSON())
		}
		doc := must(bson.Marshal(append(bson.D{{Key: "_id", Value: r.ID}}, must(listingFields(listing))...)))
		if stored, err := ParseDocument(doc); err != nil || !bytes.Equal(stored.Encoded(), listing.Encoded()) {
			t.Errorf("as a document: %v, %s\nwant %s", err, stored.JSON(), listing.JSON())
		}
	}
}

// TestParseRecordRefuses changes one thing of a listing that would be taken.
func TestParseRecordRefuses(t *testing.T) {
	good := string(must(testRecord(7).Encode()).JSON())
	image := `{"index":0,"url":"/a.jpg","caption":"A","width":3,"height":2}`
	for _, test := range []struct {
		old, new string // what of the good one, and what instead
		err      error
		want     string // what the error must say
	}{
		{good, "", ErrMalformed, "it is empty"},
		{`"price":10`, `"price":10,`, ErrMalformed, "at byte"},
		{good, good + "{}", ErrMalformed, "at byte"},
		{`"T"`, "\"\xff\"", ErrMalformed, "not UTF-8"},
		{good, "[]", ErrInvalid, "is an array: want an object"},
		{good, "null", ErrInvalid, "is null: want an object"},
		{`"title":"T",`, ``, ErrInvalid, "title is missing"},
		{`"title":"T"`, `"title":"T","Title":"T"`, ErrInvalid, "Title is no field here: the fields are id, title,"},
		{`"title":"T"`, `"title":"T","title":"U"`, ErrInvalid, "title is given twice"},
		{`"title":"T"`, `"title":""`, ErrInvalid, "title has 0 characters: want 1 to 200"},
		{`"title":"T"`, `"title":"` + strings.Repeat("é", 201) + `"`, ErrInvalid, "title has 201 characters"},
		{`"title":"T"`, `"title":"a\u0000"`, ErrInvalid, "title has control characters"},
		{`"title":"T"`, `"title":5`, ErrInvalid, "title is a number: want a text"},
		{`"price":10`, `"price":"10"`, ErrInvalid, `price is "10": want a whole number from 0 to 1000000000`},
		{`"price":10`, `"price":1.5`, ErrInvalid, "price is 1.5"},
		{`"price":10`, `"price":-1`, ErrInvalid, "price is -1"},
		{`"price":10`, `"price":99999999999999999999`, ErrInvalid, "price is 99999999999999999999"},
		{`"rating":4.5`, `"rating":5.1`, ErrInvalid, "rating is 5.1: want a number from 0 to 5"},
		{`"rating":4.5`, `"rating":4.555`, ErrInvalid, "two decimals"},
		{`"keywords":["a","b"]`, `"keywords":"a"`, ErrInvalid, "keywords is a text: want an array"},
		{`"keywords":["a","b"]`, `"keywords":["a",""]`, ErrInvalid, "keywords[1] has 0 characters: want 1 to 64"},
		{`"id":7`, `"id":8`, ErrInvalid, "id is 8, and the path says 7"},
		{`"count":3`, `"count":4`, ErrInvalid, "count is 4, and there are 3 images"},
		{`"images":[` + image + `,`, `"images":[`, ErrInvalid, "images has 2 entries: want 3 to 32"},
		{`"images":[`, `"images":[` + strings.Repeat(image+",", 30), ErrInvalid, "images has 33 entries: want 3 to 32"},
		{`"index":1`, `"index":2`, ErrInvalid, "images[1].index is 2, and the image would have index 1"},
		{`"url":"/a.jpg"`, `"url":"a b"`, ErrInvalid, "images[0].url has 3 bytes or white space"},
		{`"url":"/a.jpg"`, `"url":"` + strings.Repeat("x", 2049) + `"`, ErrInvalid, "images[0].url has 2049 characters"},
		{`"width":3`, `"width":0`, ErrInvalid, "images[0].width is 0: want a whole number from 1 to 65535"},
		{`,"height":2`, ``, ErrInvalid, "images[0].height is missing"},
		{`"height":2`, `"height":2,"alt":"x"`, ErrInvalid, "images[0].alt is no field here: the fields are index, url,"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		_, err := ParseRecord([]byte(text), 7)
		if !errors.Is(err, test.err) || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%q for %.40q: %v, want %q", test.new, test.old, err, test.want)
		}
	}
	without := strings.NewReplacer(`"id":7,`, "", `"count":3,`, "", `"index":0,`, "").Replace(good)
	if _, err := ParseRecord([]byte(without), 7); err != nil {
		t.Errorf("without what can be left out: %v", err)
	}
}

func TestEncodeTooLong(t *testing.T) {
	r := testRecord(1)
	for range MaxImages - 3 {
		r.Images = append(r.Images, Image{URL: strings.Repeat("x", maxURL), Caption: strings.Repeat("é", maxCaption), Width: 1, Height: 1})
	}
	if _, err := r.Encode(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a listing of 29 URLs of 2 KiB: %v", err)
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(must(testRecord(7).Encode()).JSON())
	f.Add([]byte(`{"title":1e999,"images":[[[{}]]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRecord(text, 7)
		if err != nil {
			return
		}
		listing, err := r.Encode()
		if errors.Is(err, ErrTooLong) {
			return
		}
		again, err := ParseRecord(listing.JSON(), 7)
		if err != nil {
			t.Fatalf("%q is taken, and %s is not: %v", text, listing.JSON(), err)
		}
		if same := must(again.Encode()); !bytes.Equal(same.Encoded(), listing.Encoded()) {
			t.Errorf("%s becomes %s", listing.JSON(), same.JSON())
		}
	})
}
