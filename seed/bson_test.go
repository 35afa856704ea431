package seed

import (
	"bytes"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/starkillersystems/imgsvc/server/store"
)

// TestBSONIsTheSameRecord reads the documents of records as a service does: byte for byte what embedded stores hold.
func TestBSONIsTheSameRecord(t *testing.T) {
	g := NewGenerator(7)
	for i := range int64(20_000) {
		id := i
		if i%2 == 1 {
			id = MaxRecords - i
		}
		doc := bson.Raw(g.AppendBSON(nil, id))
		if err := doc.Validate(); err != nil {
			t.Fatalf("document %d: %v", id, err)
		}
		have, err := store.ParseDocument(doc)
		if err != nil {
			t.Fatalf("document %d: %v in %s", id, err, doc)
		}
		if want := g.AppendListing(nil, id); !bytes.Equal(have.Encoded(), want) {
			t.Fatalf("document %d is read as\n%s\nand the record is\n%s", id, have.Encoded(), want)
		}
		if again, err := store.ParseListing(have.Encoded()); err != nil || again.Count() != have.Count() {
			t.Fatalf("document %d: its encoding has %d images, and %v", id, have.Count(), err)
		}
	}
}

// TestBSONTypes looks at a document as the database and its users see it.
func TestBSONTypes(t *testing.T) {
	g := NewGenerator(1)
	doc := bson.Raw(g.AppendBSON([]byte("before"), 15_000)[len("before"):])
	elements, err := doc.Elements()
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name string
		kind bson.Type
	}{
		{"_id", bson.TypeInt64}, {"title", bson.TypeString}, {"description", bson.TypeString}, {"price", bson.TypeInt32},
		{"bedrooms", bson.TypeInt32}, {"rating", bson.TypeDouble}, {"reviews", bson.TypeInt32},
		{"keywords", bson.TypeArray}, {"count", bson.TypeInt32}, {"images", bson.TypeArray},
	}
	if len(elements) != len(want) {
		t.Fatalf("%d fields: %s", len(elements), doc)
	}
	for i, e := range elements {
		if e.Key() != want[i].name || e.Value().Type != want[i].kind {
			t.Errorf("field %d is %s of type %s, want %s of type %s", i, e.Key(), e.Value().Type, want[i].name, want[i].kind)
		}
	}
}

func TestBSONAllocatesNothing(t *testing.T) {
	g := NewGenerator(1)
	buf := make([]byte, 0, 4096)
	id := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		buf = g.AppendBSON(buf[:0], id)
		id++
	}); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func BenchmarkGenerateBSON(b *testing.B) {
	g := NewGenerator(1)
	var buf []byte
	total := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf = g.AppendBSON(buf[:0], int64(i))
		total += len(buf)
	}
	b.ReportMetric(float64(total)/float64(b.N), "B/record")
}
