package store

import (
	"errors"
	"fmt"
	"strconv"
)

// Record is a listing as whoever writes one thinks of it. Its encoded form has the keys of the JSON in their order, the
// count of its images, and in each image its index.
type Record struct {
	ID          int64    `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Price       int64    `json:"price"` // a night, in whole units of the currency
	Bedrooms    int64    `json:"bedrooms"`
	Rating      float64  `json:"rating"` // stars, with two decimals at most
	Reviews     int64    `json:"reviews"`
	Keywords    []string `json:"keywords"`
	Images      []Image  `json:"images"`
}

// Image is one image of a Record; its index is its place among them.
type Image struct {
	URL     string `json:"url"`
	Caption string `json:"caption"`
	Width   int64  `json:"width"` // pixels
	Height  int64  `json:"height"`
}

// The bounds of what can be written. Lengths of text are in characters, that of a URL in bytes. MaxID is the largest
// whole number that every reader of JSON holds exactly.
const (
	MinImages, MaxImages = 3, 32

	MaxID          = 1<<53 - 1
	maxTitle       = 200
	maxDescription = 4000
	maxKeywords    = 32
	maxKeyword     = 64
	maxURL         = 2048
	maxCaption     = 300
	maxNumber      = 1_000_000_000 // of price and reviews
	maxBedrooms    = 1000
	maxStars       = 5
	maxPixels      = 65535
)

// ErrTooLong is wrapped by the error about a record whose JSON would be longer than MaxJSON.
var ErrTooLong = errors.New("the listing is too long")

// Encode returns the record as a listing, with its entity tag. Its error wraps ErrTooLong.
func (r Record) Encode() (Listing, error) {
	json, starts, end := r.appendJSON(nil)
	if len(json) > MaxJSON || len(starts) > 255 {
		return Listing{}, fmt.Errorf("%w: its JSON has %d bytes, and %d are the limit", ErrTooLong, len(json), MaxJSON)
	}
	header := headerSize + 2*(len(starts)+1)
	raw := AppendListing(make([]byte, 0, header+len(json)), json, starts, end)
	return Listing{raw: raw, json: header}.WithTag(), nil
}

// appendJSON appends the JSON of the record, and returns where its images begin and where the last one ends.
func (r Record) appendJSON(b []byte) (json []byte, starts []int, end int) {
	b = strconv.AppendInt(append(b, `{"id":`...), r.ID, 10)
	b = appendJSONString(append(b, `,"title":`...), r.Title)
	b = appendJSONString(append(b, `,"description":`...), r.Description)
	b = strconv.AppendInt(append(b, `,"price":`...), r.Price, 10)
	b = strconv.AppendInt(append(b, `,"bedrooms":`...), r.Bedrooms, 10)
	b = strconv.AppendFloat(append(b, `,"rating":`...), r.Rating, 'f', -1, 64)
	b = strconv.AppendInt(append(b, `,"reviews":`...), r.Reviews, 10)
	b = append(b, `,"keywords":[`...)
	for i, word := range r.Keywords {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, word)
	}
	b = strconv.AppendInt(append(b, `],"count":`...), int64(len(r.Images)), 10)
	b = append(b, `,"images":[`...)
	for i, m := range r.Images {
		if i > 0 {
			b = append(b, ',')
		}
		starts = append(starts, len(b))
		b = m.appendJSON(b, i)
	}
	return append(b, `]}`...), starts, len(b)
}

func (m Image) appendJSON(b []byte, index int) []byte {
	b = strconv.AppendInt(append(b, `{"index":`...), int64(index), 10)
	b = appendJSONString(append(b, `,"url":`...), m.URL)
	b = appendJSONString(append(b, `,"caption":`...), m.Caption)
	b = strconv.AppendInt(append(b, `,"width":`...), m.Width, 10)
	b = strconv.AppendInt(append(b, `,"height":`...), m.Height, 10)
	return append(b, '}')
}
