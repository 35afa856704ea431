package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrMalformed is wrapped by errors about text that is not JSON.
	ErrMalformed = errors.New("the body is not JSON")
	// ErrInvalid is wrapped by errors about JSON that is no listing, or no image, that could be written.
	ErrInvalid = errors.New("the body does not fit")
)

// ParseRecord reads a listing as JSON, for the given id. All fields but id, count and the index of images must be there,
// and these, if they are there, must say what is so. A field that listings do not have is an error, and so are names in
// other case and fields given twice. Its errors wrap ErrMalformed or ErrInvalid, and say which field and what it takes.
func ParseRecord(text []byte, id int64) (Record, error) {
	r := Record{ID: id}
	count := int64(-1)
	ownID := id
	err := parseObject("", text, []parser{
		{"id", false, func(v value) error { return v.integer(&ownID, 0, MaxID) }},
		{"title", true, func(v value) error { return v.text(&r.Title, 1, maxTitle) }},
		{"description", true, func(v value) error { return v.text(&r.Description, 0, maxDescription) }},
		{"price", true, func(v value) error { return v.integer(&r.Price, 0, maxNumber) }},
		{"bedrooms", true, func(v value) error { return v.integer(&r.Bedrooms, 0, maxBedrooms) }},
		{"rating", true, func(v value) error { return v.stars(&r.Rating) }},
		{"reviews", true, func(v value) error { return v.integer(&r.Reviews, 0, maxNumber) }},
		{"keywords", true, func(v value) error {
			return v.array(0, maxKeywords, func(word value) error {
				r.Keywords = append(r.Keywords, "")
				return word.text(&r.Keywords[len(r.Keywords)-1], 1, maxKeyword)
			})
		}},
		{"count", false, func(v value) error { return v.integer(&count, 0, maxNumber) }},
		{"images", true, func(v value) error {
			return v.array(MinImages, MaxImages, func(image value) error {
				m, err := parseImage(image.path, image.raw, len(r.Images))
				r.Images = append(r.Images, m)
				return err
			})
		}},
	})
	switch {
	case err != nil:
		return Record{}, err
	case ownID != id:
		return Record{}, invalid("id", "is %d, and the path says %d: make them agree, or leave it out", ownID, id)
	case count >= 0 && count != int64(len(r.Images)):
		return Record{}, invalid("count", "is %d, and there are %d images: make them agree, or leave it out", count, len(r.Images))
	}
	return r, nil
}

// ParseImage reads an image as JSON, which is to have the given index; see ParseRecord.
func ParseImage(text []byte, index int) (Image, error) { return parseImage("", text, index) }

func parseImage(path string, text []byte, index int) (m Image, err error) {
	own := int64(index)
	err = parseObject(path, text, []parser{
		{"index", false, func(v value) error { return v.integer(&own, 0, maxNumber) }},
		{"url", true, func(v value) error { return v.url(&m.URL) }},
		{"caption", true, func(v value) error { return v.text(&m.Caption, 0, maxCaption) }},
		{"width", true, func(v value) error { return v.integer(&m.Width, 1, maxPixels) }},
		{"height", true, func(v value) error { return v.integer(&m.Height, 1, maxPixels) }},
	})
	if err == nil && own != int64(index) {
		err = invalid(join(path, "index"), "is %d, and the image would have index %d: leave it out", own, index)
	}
	return m, err
}

// CheckJSON says what makes text no JSON.
func CheckJSON(text []byte) error {
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(text, new(json.RawMessage)); {
	case len(bytes.TrimSpace(text)) == 0:
		return fmt.Errorf("%w: it is empty", ErrMalformed)
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %s at byte %d", ErrMalformed, syntax, syntax.Offset)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	case !utf8.Valid(text):
		return fmt.Errorf("%w: it is not UTF-8", ErrMalformed)
	}
	return nil
}

// parser reads one field of an object.
type parser struct {
	name     string
	required bool
	read     func(value) error
}

// parseObject reads an object that has these fields and no others.
func parseObject(path string, text []byte, fields []parser) error {
	if err := CheckJSON(text); err != nil {
		return err
	}
	in := json.NewDecoder(bytes.NewReader(text)) // of text that has been checked: it has no errors
	if start, _ := in.Token(); start != json.Delim('{') {
		return invalid(path, "is %s: want an object", kindOf(text))
	}
	seen := map[string]bool{}
	for in.More() {
		key, _ := in.Token()
		name := key.(string)
		v := value{path: join(path, name)}
		_ = in.Decode(&v.raw)
		i := slices.IndexFunc(fields, func(p parser) bool { return p.name == name })
		switch {
		case i < 0:
			return invalid(join(path, shorten(name)), "is no field here: the fields are %s", names(fields))
		case seen[name]:
			return invalid(v.path, "is given twice")
		}
		seen[name] = true
		if err := fields[i].read(v); err != nil {
			return err
		}
	}
	for _, p := range fields {
		if p.required && !seen[p.name] {
			return invalid(join(path, p.name), "is missing")
		}
	}
	return nil
}

func names(fields []parser) string {
	var all []string
	for _, p := range fields {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

// value is the JSON of one field, and where it stands.
type value struct {
	path string
	raw  json.RawMessage
}

func (v value) integer(into *int64, least, most int64) error {
	n, err := strconv.ParseInt(string(v.raw), 10, 64)
	if err != nil || n < least || n > most {
		return invalid(v.path, "is %s: want a whole number from %d to %d", shorten(string(v.raw)), least, most)
	}
	*into = n
	return nil
}

func (v value) stars(into *float64) error {
	x, err := strconv.ParseFloat(string(v.raw), 64)
	if err != nil || kindOf(v.raw) != "a number" || x < 0 || x > maxStars || math.Round(x*100)/100 != x {
		return invalid(v.path, "is %s: want a number from 0 to %d with two decimals at most", shorten(string(v.raw)), maxStars)
	}
	*into = math.Abs(x) // of -0
	return nil
}

func (v value) text(into *string, least, most int) error {
	if kindOf(v.raw) != "a text" {
		return invalid(v.path, "is %s: want a text", kindOf(v.raw))
	}
	var s string
	_ = json.Unmarshal(v.raw, &s) // it is one
	switch n := utf8.RuneCountInString(s); {
	case n < least || n > most:
		return invalid(v.path, "has %d characters: want %d to %d", n, least, most)
	case strings.ContainsFunc(s, isForbidden):
		return invalid(v.path, "has control characters: want none but tabs and line feeds")
	}
	*into = s
	return nil
}

func isForbidden(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func (v value) url(into *string) error {
	if err := v.text(into, 1, maxURL); err != nil {
		return err
	}
	if len(*into) > maxURL || strings.ContainsFunc(*into, unicode.IsSpace) {
		return invalid(v.path, "has %d bytes or white space: want a URL or a path of %d bytes at most", len(*into), maxURL)
	}
	return nil
}

func (v value) array(least, most int, read func(value) error) error {
	if kindOf(v.raw) != "an array" {
		return invalid(v.path, "is %s: want an array", kindOf(v.raw))
	}
	var all []json.RawMessage
	_ = json.Unmarshal(v.raw, &all) // it is one
	if len(all) < least || len(all) > most {
		return invalid(v.path, "has %d entries: want %d to %d", len(all), least, most)
	}
	for i, raw := range all {
		if err := read(value{fmt.Sprintf("%s[%d]", v.path, i), raw}); err != nil {
			return err
		}
	}
	return nil
}

// kindOf says what kind of value some JSON is.
func kindOf(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a text"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func invalid(path, format string, args ...any) error {
	if path == "" {
		path = "it"
	}
	return fmt.Errorf("%w: %s %s", ErrInvalid, path, fmt.Sprintf(format, args...))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shorten keeps messages readable, whatever was sent.
func shorten(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "…"
	}
	return text
}

// Record returns what a listing says. Its error wraps ErrCorrupt: the JSON of a listing is that of Encode or of the seeder.
func (l Listing) Record() (Record, error) {
	var r Record
	if err := json.Unmarshal(l.JSON(), &r); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return r, nil
}
