package mongotest

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// collection is documents in the order of their _id, as the bytes that were sent. No document is changed in place, so
// that a cursor's stay what they were.
type collection struct {
	keys []string // orderKey of each _id
	docs []bson.Raw
}

func (c *collection) search(key string) (int, bool) { return slices.BinarySearch(c.keys, key) }

func (c *collection) insertAt(i int, key string, doc bson.Raw) {
	c.keys = slices.Insert(c.keys, i, key)
	c.docs = slices.Insert(c.docs, i, doc)
}

func (c *collection) removeAt(i int) {
	c.keys = slices.Delete(c.keys, i, i+1)
	c.docs = slices.Delete(c.docs, i, i+1)
}

// match returns where the documents are that filter wants, limit at most unless it is 0. There may be no collection.
func (c *collection) match(filter bson.Raw, limit int) ([]int, error) {
	if c == nil {
		return nil, nil
	}
	lo, hi := 0, len(c.keys)
	if id, ok := wantedID(filter); ok {
		at, found := c.search(orderKey(id))
		if lo, hi = at, at; found {
			hi++
		}
	}
	var found []int
	for i := lo; i < hi; i++ {
		ok, err := matches(filter, c.docs[i])
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, i)
		}
		if limit > 0 && len(found) == limit {
			break
		}
	}
	return found, nil
}

// wantedID returns the one _id that a filter can match, if it names one.
func wantedID(filter bson.Raw) (bson.RawValue, bool) {
	id, err := filter.LookupErr("_id")
	if err != nil || isOperators(id) {
		return bson.RawValue{}, false
	}
	return id, true
}

// orderKey turns a value into text that sorts as MongoDB sorts values: by kind first, numbers of all types as one.
// Numbers are exact if they are integers or lie within 2⁵³. Documents, arrays and what is rarer sort by their bytes.
func orderKey(v bson.RawValue) string {
	switch v.Type {
	case 0, bson.TypeUndefined, bson.TypeNull:
		return "\x01"
	case bson.TypeInt32, bson.TypeInt64:
		return numberKey(v.AsInt64(), 0)
	case bson.TypeDouble:
		whole, part := math.Modf(v.Double())
		if part < 0 {
			whole, part = whole-1, part+1
		}
		return numberKey(int64(whole), part)
	case bson.TypeString, bson.TypeSymbol:
		return "\x03" + string(v.Value[4:])
	case bson.TypeObjectID:
		return "\x07" + string(v.Value)
	case bson.TypeBoolean:
		return "\x08" + string(v.Value)
	case bson.TypeDateTime:
		return "\x09" + string(integerKey(v.DateTime()))
	}
	return "\x10" + string(byte(v.Type)) + string(v.Value)
}

func numberKey(whole int64, part float64) string {
	return "\x02" + string(binary.BigEndian.AppendUint64(integerKey(whole), math.Float64bits(part)))
}

func integerKey(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63) }

func compareField(a, b bson.Raw, field string) int {
	return cmp.Compare(orderKey(a.Lookup(field)), orderKey(b.Lookup(field)))
}
