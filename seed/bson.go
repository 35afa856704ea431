package seed

import (
	"encoding/binary"
	"math"
)

// The types of BSON (bsonspec.org, version 1.1) of what arrays hold. Those of fields, 01 double, 02 string, 04 array,
// 10 int32 and 12 int64, stand before their names below.
const (
	bsonString   = 0x02
	bsonDocument = 0x03
)

// AppendBSON appends record id to dst as the BSON document that document databases hold: the fields of its JSON, with
// _id in place of id. It allocates nothing once dst is long enough. id must be at least 0 and below MaxRecords.
func (g *Generator) AppendBSON(dst []byte, id int64) []byte { return g.fill(id).appendBSON(dst) }

// appendBSON writes the type of a field and its name as one constant.
func (r *record) appendBSON(b []byte) []byte {
	start := len(b)
	b = append(b, "\x00\x00\x00\x00\x12_id\x00"...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.id))
	b, at := beginString(append(b, "\x02title\x00"...))
	b = endString(r.appendTitle(b), at)
	b, at = beginString(append(b, "\x02description\x00"...))
	b = endString(r.appendDescription(b), at)
	b = appendInt32(append(b, "\x10price\x00"...), r.price)
	b = appendInt32(append(b, "\x10bedrooms\x00"...), r.bedrooms)
	b = append(b, "\x01rating\x00"...)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(r.rating)/100))
	b = appendInt32(append(b, "\x10reviews\x00"...), r.reviews)
	b = r.appendKeywordsBSON(b)
	b = appendInt32(append(b, "\x10count\x00"...), len(r.images))
	b = r.appendImagesBSON(b)
	return endDocument(b, start)
}

func (r *record) appendKeywordsBSON(b []byte) []byte {
	b = append(b, "\x04keywords\x00"...)
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	for i, word := range r.keywords {
		var at int
		b, at = beginString(append(b, bsonString, '0'+byte(i), 0)) // maxKeywords is below ten
		b = endString(word.appendTo(b), at)
	}
	return endDocument(b, start)
}

func (r *record) appendImagesBSON(b []byte) []byte {
	b = append(b, "\x04images\x00"...)
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	for i := range r.images {
		b = append(b, bsonDocument, '0'+byte(i), 0) // maxImages is below ten
		b = r.images[i].appendBSON(b, i)
	}
	return endDocument(b, start)
}

func (m *image) appendBSON(b []byte, i int) []byte {
	start := len(b)
	b = append(b, "\x00\x00\x00\x00\x10index\x00"...)
	b = appendInt32(b, i)
	b, at := beginString(append(b, "\x02url\x00"...))
	b = endString(append(b, m.url[:]...), at)
	b, at = beginString(append(b, "\x02caption\x00"...))
	b = endString(m.caption.appendTo(b), at)
	b = appendInt32(append(b, "\x10width\x00"...), m.width)
	b = appendInt32(append(b, "\x10height\x00"...), m.height)
	return endDocument(b, start)
}

func appendInt32(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }

// beginString leaves room for the length of a string whose text is appended next, and returns where the text begins.
func beginString(b []byte) (with []byte, at int) {
	b = append(b, 0, 0, 0, 0)
	return b, len(b)
}

// endString ends the string whose text begins at at. Its length counts the zero byte after it.
func endString(b []byte, at int) []byte {
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[at-4:], uint32(len(b)-at))
	return b
}

// endDocument ends the document, or array, that begins at start. Its length counts all of it.
func endDocument(b []byte, start int) []byte {
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}
