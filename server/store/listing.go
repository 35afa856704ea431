// Package store holds the listing record and the places it is kept.
//
// A record is encoded once, by whoever writes it, and then travels as the same bytes through database, cache
// and handler: a short header with the offsets of its images, and the JSON that a client will read. Handlers
// write slices of those bytes; nothing is decoded or encoded again on the way to a client.
package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrNotFound is what a finder returns, wrapped or not, for an id that has no listing.
var ErrNotFound = errors.New("no such listing")

// ErrCorrupt is wrapped by every error about bytes that are not a whole listing.
var ErrCorrupt = errors.New("corrupt listing")

// MaxJSON is the longest JSON text a listing can have, in bytes: its offsets are 16-bit.
const MaxJSON = 1<<16 - 2

const (
	encodingVersion = 1
	headerSize      = 6 // version, CRC-32C of all that follows, image count

	sumAt, countAt = 1, 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Listing is one record in its encoded form. It is a small value that refers to bytes it does not own alone;
// nobody may change them. The zero Listing holds nothing.
type Listing struct {
	raw  []byte
	json int        // where the JSON starts in raw
	tag  *[1]string // the entity tag as a header value, if WithTag made it
	at   int64      // when Cached asked for it, see cached_forget.go
}

// ParseListing checks that raw is one whole encoded listing and returns it without copying.
// Its errors wrap ErrCorrupt.
func ParseListing(raw []byte) (Listing, error) {
	if len(raw) < headerSize || raw[0] != encodingVersion {
		return Listing{}, fmt.Errorf("%w: %d bytes without a version %d header", ErrCorrupt, len(raw), encodingVersion)
	}
	l := Listing{raw: raw, json: headerSize + 2*(int(raw[countAt])+1)}
	if len(raw) < l.json {
		return Listing{}, fmt.Errorf("%w: %d bytes, but its header alone has %d", ErrCorrupt, len(raw), l.json)
	}
	if sum := crc32.Checksum(raw[countAt:], castagnoli); sum != binary.LittleEndian.Uint32(raw[sumAt:]) {
		return Listing{}, fmt.Errorf("%w: checksum %08x does not match", ErrCorrupt, sum)
	}
	for i, end := 0, len(raw)-l.json; i <= l.Count(); i++ {
		if l.offset(i) > end || i > 0 && l.offset(i) <= l.offset(i-1) {
			return Listing{}, fmt.Errorf("%w: image %d lies outside its %d bytes of JSON", ErrCorrupt, i, end)
		}
	}
	return l, nil
}

// AppendListing appends the encoded form of a listing to dst and returns it. json is the whole JSON text,
// starts are the offsets in it at which each image's object begins, and end is the offset of the bracket that
// closes the array of images. The images must be separated by one comma each. It panics if json is longer
// than MaxJSON or there are more than 255 images: both are checked where such input can come in.
func AppendListing(dst, json []byte, starts []int, end int) []byte {
	if len(json) > MaxJSON || len(starts) > 255 {
		panic(fmt.Sprintf("store: listing of %d bytes with %d images", len(json), len(starts)))
	}
	at := len(dst)
	dst = append(dst, encodingVersion, 0, 0, 0, 0, byte(len(starts)))
	for _, start := range starts {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(start))
	}
	dst = binary.LittleEndian.AppendUint16(dst, uint16(end+1))
	dst = append(dst, json...)
	binary.LittleEndian.PutUint32(dst[at+sumAt:], crc32.Checksum(dst[at+countAt:], castagnoli))
	return dst
}

// Encoded returns the bytes ParseListing reads: what databases and caches hold.
func (l Listing) Encoded() []byte { return l.raw }

// JSON returns the listing's JSON text.
func (l Listing) JSON() []byte { return l.raw[l.json:] }

// Count returns how many images the listing has.
func (l Listing) Count() int { return int(l.raw[countAt]) }

// Image returns the JSON object of image i, counted from 0; i must be below Count.
func (l Listing) Image(i int) []byte {
	return l.raw[l.json+l.offset(i) : l.json+l.offset(i+1)-1]
}

// AppendTag appends the listing's entity tag, quoted as RFC 9110 wants it: a strong validator that changes with
// any byte of the record.
func (l Listing) AppendTag(dst []byte) []byte {
	dst = append(dst, '"')
	dst = hex.AppendEncode(dst, l.raw[sumAt:countAt])
	return append(dst, '"')
}

// WithTag returns the listing with its entity tag made ready, so that Tag costs nothing each time. Memory caches
// hold such listings.
func (l Listing) WithTag() Listing {
	l.tag = &[1]string{string(l.AppendTag(nil))}
	return l
}

// Tag returns the listing's entity tag as the one value of a header. Nobody may change the slice.
func (l Listing) Tag() []string {
	if l.tag == nil {
		l = l.WithTag()
	}
	return l.tag[:]
}

// offset returns where image i begins in the JSON; offset(Count()) is one past where the last one ends, plus
// one, as if a comma followed it.
func (l Listing) offset(i int) int {
	return int(binary.LittleEndian.Uint16(l.raw[headerSize+2*i:]))
}
