package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
)

// encodeImages encodes a listing with the given images.
func encodeImages(images ...string) []byte {
	json := []byte(`{"id":1,"images":[`)
	var starts []int
	for i, image := range images {
		if i > 0 {
			json = append(json, ',')
		}
		starts = append(starts, len(json))
		json = append(json, image...)
	}
	return AppendListing(nil, append(json, `]}`...), starts, len(json))
}

func TestListing(t *testing.T) {
	many := slices.Repeat([]string{`{"index":0}`}, 255)
	for _, images := range [][]string{nil, {`{}`}, {`{"index":0}`, `{"index":1,"caption":"a, b"}`, `{}`}, many} {
		t.Run(fmt.Sprintf("%d images", len(images)), func(t *testing.T) {
			raw := encodeImages(images...)
			l, err := ParseListing(raw)
			if err != nil {
				t.Fatal(err)
			}
			if l.Count() != len(images) || !bytes.Equal(l.Encoded(), raw) || !bytes.HasPrefix(l.JSON(), []byte(`{"id":1,`)) {
				t.Errorf("%d images in %s", l.Count(), l.JSON())
			}
			for i, image := range images {
				if string(l.Image(i)) != image {
					t.Errorf("image %d is %s, want %s", i, l.Image(i), image)
				}
			}
		})
	}
}

// TestListingAppends appends two listings to one buffer, as batches are built.
func TestListingAppends(t *testing.T) {
	a := encodeImages(`{"index":0}`)
	both := AppendListing(bytes.Clone(a), []byte(`[{},{}]`), []int{1, 4}, 6)
	if !bytes.Equal(both[:len(a)], a) {
		t.Error("appending changes what was there")
	}
	if l, err := ParseListing(both[len(a):]); err != nil || string(l.Image(1)) != "{}" {
		t.Errorf("the second listing is %q, %v", both[len(a):], err)
	}
}

// TestListingTag says that equal bytes have equal tags, and others others.
func TestListingTag(t *testing.T) {
	parse := func(images ...string) Listing { return must(ParseListing(encodeImages(images...))) }
	a, same, other := parse(`{"width":1}`), parse(`{"width":1}`), parse(`{"width":2}`)
	tag := string(a.AppendTag(nil))
	if tag != string(same.AppendTag(nil)) || tag == string(other.AppendTag(nil)) || len(tag) != 10 {
		t.Errorf("tags %s, %s and %s", tag, same.AppendTag(nil), other.AppendTag(nil))
	}
	if got := a.WithTag().Tag(); len(got) != 1 || got[0] != tag || a.Tag()[0] != tag {
		t.Errorf("the tag as a header is %q, want %q", got, tag)
	}
}

// TestTornListing damages a listing in every byte, and cuts it off everywhere.
func TestTornListing(t *testing.T) {
	raw := encodeImages(`{"index":0}`, `{"index":1}`, `{"index":2}`)
	for i := range raw {
		if _, err := ParseListing(raw[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("the first %d of %d bytes: %v", i, len(raw), err)
		}
		for bit := range 8 {
			torn := bytes.Clone(raw)
			torn[i] ^= 1 << bit
			if _, err := ParseListing(torn); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("bit %d of byte %d is flipped: %v", bit, i, err)
			}
		}
	}
}

// FuzzParseListing parses anything. What is accepted can be read without a panic, whatever the checksum protects;
// so each input is tried with a right checksum too.
func FuzzParseListing(f *testing.F) {
	for _, images := range [][]string{nil, {`{}`}, {`{"index":0}`, `{"index":1}`, `{"index":2}`}} {
		f.Add(encodeImages(images...))
	}
	f.Add([]byte{})
	f.Add([]byte{encodingVersion, 0, 0, 0, 0, 255, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := func(raw []byte) {
			l, err := ParseListing(raw)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Errorf("error %v does not wrap ErrCorrupt", err)
				}
				return
			}
			for i := range l.Count() {
				if n := len(l.Image(i)); n > len(l.JSON()) {
					t.Errorf("image %d has %d bytes of %d", i, n, len(l.JSON()))
				}
			}
			l.AppendTag(nil)
		}
		read(raw)
		if len(raw) >= headerSize {
			fixed := bytes.Clone(raw)
			binary.LittleEndian.PutUint32(fixed[sumAt:], crc32.Checksum(fixed[countAt:], castagnoli))
			read(fixed)
		}
	})
}
