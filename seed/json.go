package seed

import (
	"strconv"

	"github.com/starkillersystems/imgsvc/server/store"
)

// AppendListing appends record id to dst, encoded as stores hold it. It allocates nothing once dst is long
// enough. id must be at least 0 and below MaxRecords.
func (g *Generator) AppendListing(dst []byte, id int64) []byte {
	r := g.fill(id)
	var end int
	g.json, end = r.appendJSON(g.json[:0], &g.starts)
	return store.AppendListing(dst, g.json, g.starts[:len(r.images)], end)
}

// appendJSON appends r as the JSON that clients read. It notes in starts where each image begins, and returns
// where the last one ends. The words need no escaping, see words.go.
func (r *record) appendJSON(b []byte, starts *[maxImages]int) (json []byte, end int) {
	b = appendInt(append(b, `{"id":`...), int(r.id))
	b = r.appendTitle(append(b, `,"title":"`...))
	b = r.appendDescription(append(b, `","description":"`...))
	b = appendInt(append(b, `","price":`...), r.price)
	b = appendInt(append(b, `,"bedrooms":`...), r.bedrooms)
	b = appendHundredths(append(b, `,"rating":`...), r.rating)
	b = appendInt(append(b, `,"reviews":`...), r.reviews)
	b = append(b, `,"keywords":[`...)
	for i, word := range r.keywords {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(word.appendTo(append(b, '"')), '"')
	}
	b = appendInt(append(b, `],"count":`...), len(r.images))
	b = append(b, `,"images":[`...)
	for i := range r.images {
		if i > 0 {
			b = append(b, ',')
		}
		starts[i] = len(b)
		b = r.images[i].appendJSON(b, i)
	}
	return append(b, `]}`...), len(b)
}

func (m *image) appendJSON(b []byte, i int) []byte {
	b = append(append(b, `{"index":`...), '0'+byte(i))
	b = append(append(b, `,"url":"`...), m.url[:]...)
	b = m.caption.appendTo(append(b, `","caption":"`...))
	b = appendInt(append(b, `","width":`...), m.width)
	b = appendInt(append(b, `,"height":`...), m.height)
	return append(b, '}')
}

// appendInt appends n, at least 0, in decimal. Nearly all numbers of a record have up to four digits; strconv would
// spend a quarter of the generator's time on them.
func appendInt(b []byte, n int) []byte {
	u := uint32(n)
	switch {
	case n < 10:
		return append(b, '0'+byte(u))
	case n < 100:
		return append(b, '0'+byte(u/10), '0'+byte(u%10))
	case n < 1000:
		return append(b, '0'+byte(u/100), '0'+byte(u/10%10), '0'+byte(u%10))
	case n < 10000:
		return append(b, '0'+byte(u/1000), '0'+byte(u/100%10), '0'+byte(u/10%10), '0'+byte(u%10))
	}
	return strconv.AppendInt(b, int64(n), 10)
}

// appendHundredths appends n/100 in its shortest decimal form, as every encoder writes that number: 4.73, 4.7, 5.
func appendHundredths(b []byte, n int) []byte {
	b = appendInt(b, n/100)
	switch tenths, rest := byte(n/10%10), byte(n%10); {
	case rest != 0:
		return append(b, '.', '0'+tenths, '0'+rest)
	case tenths != 0:
		return append(b, '.', '0'+tenths)
	}
	return b
}
