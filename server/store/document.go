package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// A listing in MongoDB is a document with the fields of its JSON, _id in place of id. Reading one makes the JSON anew,
// keys in their order, whatever the order in the document; fields that listings do not have are left out, so that
// people can add their own. A number may have any of the types that mongosh makes of it.

// The fields of a document and of its images, in the order of their keys in the JSON.
const (
	fieldID = iota
	fieldTitle
	fieldDescription
	fieldPrice
	fieldBedrooms
	fieldRating
	fieldReviews
	fieldKeywords
	fieldCount
	fieldImages
	fields
)

const (
	imageIndex = iota
	imageURL
	imageCaption
	imageWidth
	imageHeight
	imageFields
)

// documentField returns which field of a document has the name, or -1.
func documentField(name []byte) int {
	switch string(name) {
	case "_id":
		return fieldID
	case "title":
		return fieldTitle
	case "description":
		return fieldDescription
	case "price":
		return fieldPrice
	case "bedrooms":
		return fieldBedrooms
	case "rating":
		return fieldRating
	case "reviews":
		return fieldReviews
	case "keywords":
		return fieldKeywords
	case "count":
		return fieldCount
	case "images":
		return fieldImages
	}
	return -1
}

func imageField(name []byte) int {
	switch string(name) {
	case "index":
		return imageIndex
	case "url":
		return imageURL
	case "caption":
		return imageCaption
	case "width":
		return imageWidth
	case "height":
		return imageHeight
	}
	return -1
}

// documentID returns the id of a document.
func documentID(doc []byte) (int64, error) {
	value, err := bsoncore.Document(doc).LookupErr("_id")
	if err != nil {
		return 0, fmt.Errorf("%w: a document without an _id", ErrCorrupt)
	}
	id, ok := wholeNumber(value)
	if !ok {
		return 0, fmt.Errorf("%w: its _id is no whole number", ErrCorrupt)
	}
	return id, nil
}

// ParseDocument returns the listing that a BSON document is. Its errors wrap ErrCorrupt.
func ParseDocument(doc []byte) (Listing, error) {
	w := documentWriter{json: make([]byte, 0, len(doc)+len(doc)/4)}
	end := w.document(doc)
	switch {
	case w.fault != "":
		return Listing{}, fmt.Errorf("%w: %s", ErrCorrupt, w.fault)
	case len(w.json) > MaxJSON || len(w.starts) > 255:
		return Listing{}, fmt.Errorf("%w: %d bytes of JSON with %d images", ErrCorrupt, len(w.json), len(w.starts))
	}
	header := headerSize + 2*(len(w.starts)+1)
	raw := AppendListing(make([]byte, 0, header+len(w.json)), w.json, w.starts, end)
	return Listing{raw: raw, json: header}, nil
}

// documentWriter writes the JSON of one document. After the first fault what it writes is of no use.
type documentWriter struct {
	json     []byte
	starts   []int   // where images begin
	startBuf [16]int // their usual place
	fault    string  // what is wrong with the document; empty if nothing is
}

// document writes doc and returns where the last image ends.
func (w *documentWriter) document(doc []byte) (end int) {
	var f [fields]bsoncore.Value
	w.read(bsoncore.Document(doc), f[:], documentField)
	w.starts = w.startBuf[:0]
	w.integer(`{"id":`, f[fieldID])
	w.text(`,"title":`, f[fieldTitle])
	w.text(`,"description":`, f[fieldDescription])
	w.integer(`,"price":`, f[fieldPrice])
	w.integer(`,"bedrooms":`, f[fieldBedrooms])
	w.number(`,"rating":`, f[fieldRating])
	w.integer(`,"reviews":`, f[fieldReviews])
	w.array(`,"keywords":[`, f[fieldKeywords], func(_ int, word bsoncore.Value) { w.text("", word) })
	count := w.integer(`],"count":`, f[fieldCount])
	w.array(`,"images":[`, f[fieldImages], w.image)
	if count != int64(len(w.starts)) {
		w.fail("count is %d, and there are %d images", count, len(w.starts))
	}
	w.json = append(w.json, `]}`...)
	return len(w.json) - len(`]}`)
}

func (w *documentWriter) image(i int, value bsoncore.Value) {
	w.starts = append(w.starts, len(w.json))
	doc, ok := value.DocumentOK()
	if !ok {
		w.fail("image %d is no document", i)
		return
	}
	var f [imageFields]bsoncore.Value
	w.read(doc, f[:], imageField)
	if index := w.integer(`{"index":`, f[imageIndex]); index != int64(i) {
		w.fail("image %d has the index %d", i, index)
	}
	w.text(`,"url":`, f[imageURL])
	w.text(`,"caption":`, f[imageCaption])
	w.integer(`,"width":`, f[imageWidth])
	w.integer(`,"height":`, f[imageHeight])
	w.json = append(w.json, '}')
}

// read notes the values of doc's fields in into, each at the place that find says.
func (w *documentWriter) read(doc bsoncore.Document, into []bsoncore.Value, find func(name []byte) int) {
	w.each(doc, func(e bsoncore.Element) {
		if i := find(e.KeyBytes()); i >= 0 {
			into[i] = e.Value()
		}
	})
}

// each visits the elements of doc, up to a fault.
func (w *documentWriter) each(doc bsoncore.Document, visit func(bsoncore.Element)) {
	length, rest, ok := bsoncore.ReadLength(doc)
	if !ok || int(length) != len(doc) || length < 5 || doc[length-1] != 0 {
		w.fail("its BSON is cut off")
		return
	}
	for rest = rest[:len(rest)-1]; len(rest) > 0 && w.fault == ""; {
		var e bsoncore.Element
		if e, rest, ok = bsoncore.ReadElement(rest); !ok || e.Validate() != nil {
			w.fail("its BSON is malformed")
			return
		}
		visit(e)
	}
}

func (w *documentWriter) array(key string, v bsoncore.Value, visit func(int, bsoncore.Value)) {
	w.json = append(w.json, key...)
	array, ok := v.ArrayOK()
	if !ok {
		w.fail("it lacks%s", name(key))
		return
	}
	n := 0
	w.each(bsoncore.Document(array), func(e bsoncore.Element) {
		if n > 0 {
			w.json = append(w.json, ',')
		}
		visit(n, e.Value())
		n++
	})
}

func (w *documentWriter) integer(key string, v bsoncore.Value) int64 {
	n, ok := wholeNumber(v)
	if !ok {
		w.fail("it has no whole number%s", name(key))
	}
	w.json = strconv.AppendInt(append(w.json, key...), n, 10)
	return n
}

// number writes a number in its shortest form, as encoding/json does.
func (w *documentWriter) number(key string, v bsoncore.Value) {
	if n, ok := wholeNumber(v); ok {
		w.json = strconv.AppendInt(append(w.json, key...), n, 10)
		return
	}
	x, ok := v.DoubleOK()
	if v.Type != bsoncore.TypeDouble || !ok || math.IsNaN(x) || math.Abs(x) < 1e-6 || math.Abs(x) >= 1e21 {
		w.fail("it has no number%s, or one beyond all bounds", name(key))
	}
	w.json = strconv.AppendFloat(append(w.json, key...), x, 'f', -1, 64)
}

func (w *documentWriter) text(key string, v bsoncore.Value) {
	text, ok := v.StringValueOK()
	if !ok {
		w.fail("it has no text%s", name(key))
	}
	w.json = appendJSONString(append(w.json, key...), text)
}

func (w *documentWriter) fail(format string, args ...any) {
	if w.fault == "" {
		w.fault = fmt.Sprintf(format, args...)
	}
}

// name returns the field that a piece of JSON is the key of, after a space.
func name(key string) string {
	if parts := bytes.Split([]byte(key), []byte{'"'}); len(parts) > 1 {
		return " " + string(parts[1])
	}
	return ""
}

// wholeNumber returns the value of a number without a fraction, whatever its type. The whole numbers that a double
// holds exactly end at 2^53.
func wholeNumber(v bsoncore.Value) (int64, bool) {
	if v.Type == bsoncore.TypeDouble {
		x, ok := v.DoubleOK()
		return int64(x), ok && math.Abs(x) <= 1<<53 && x == math.Trunc(x)
	}
	if v.Type != bsoncore.TypeInt32 && v.Type != bsoncore.TypeInt64 {
		return 0, false
	}
	return v.AsInt64OK()
}

// appendJSONString appends text quoted, and escaped where it must be, as encoding/json does for any reader but HTML.
func appendJSONString(b []byte, text string) []byte {
	if plain(text) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"')
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // no string is beyond JSON
	}
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte{'\n'})...)
}

// plain says whether text needs no escaping: no control characters, quotes or backslashes, valid UTF-8, and no line
// separators of Unicode, which begin with E2 80.
func plain(text string) bool {
	ascii := true
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c == '"' || c == '\\' || c == 0xe2 {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(text)
}
