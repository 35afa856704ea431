package seed

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/starkillersystems/imgsvc/server/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// listing is a record as contract.md has it, keys in its order.
type listing struct {
	ID          int64    `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Price       int      `json:"price"`
	Bedrooms    int      `json:"bedrooms"`
	Rating      float64  `json:"rating"`
	Reviews     int      `json:"reviews"`
	Keywords    []string `json:"keywords"`
	Count       int      `json:"count"`
	Images      []struct {
		Index   int    `json:"index"`
		URL     string `json:"url"`
		Caption string `json:"caption"`
		Width   int    `json:"width"`
		Height  int    `json:"height"`
	} `json:"images"`
}

// TestRecords decodes records and encodes them again with the standard library: the same bytes, so the keys are
// those of contract.md in their order, and the text is compact and escaped as it must be.
func TestRecords(t *testing.T) {
	const n = 10_000
	g := NewGenerator(1)
	counts, titles, size, usual := map[int]int{}, map[string]bool{}, 0, 0
	for i := range int64(n) {
		id := i
		if i >= n/2 {
			id = MaxRecords - 1 - i
		}
		raw := g.AppendListing(nil, id)
		stored, err := store.ParseListing(raw)
		if err != nil {
			t.Fatalf("record %d: %v", id, err)
		}
		var l listing
		decoder := json.NewDecoder(bytes.NewReader(stored.JSON()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&l); err != nil {
			t.Fatalf("record %d: %v in %s", id, err, stored.JSON())
		}
		if again := marshal(t, l); !bytes.Equal(again, stored.JSON()) {
			t.Fatalf("record %d is\n%s\nwhich a JSON encoder writes\n%s", id, stored.JSON(), again)
		}
		checkRecord(t, id, l, stored)
		counts[l.Count]++
		titles[l.Title] = true
		size += len(raw)
		if len(raw) >= 400 && len(raw) <= 700 {
			usual++
		}
	}
	for count := 3; count <= 9; count++ {
		if counts[count] < n/100 {
			t.Errorf("%d of %d listings have %d images", counts[count], n, count)
		}
	}
	if mean := size / n; mean < 550 || mean > 620 || usual < n*80/100 {
		t.Errorf("encoded: %d bytes on average, %d of %d records between 400 and 700", mean, usual, n)
	}
	if len(titles) < n/2 {
		t.Errorf("%d records have only %d different titles", n, len(titles))
	}
}

func checkRecord(t *testing.T, id int64, l listing, stored store.Listing) {
	t.Helper()
	within := func(what string, value, lo, hi float64) {
		if value < lo || value > hi {
			t.Errorf("record %d: %s %v is not within %v and %v", id, what, value, lo, hi)
		}
	}
	within("id", float64(l.ID), float64(id), float64(id))
	within("price", float64(l.Price), 20, 1000)
	within("bedrooms", float64(l.Bedrooms), 1, 5)
	within("rating", l.Rating, 3, 5)
	within("reviews", float64(l.Reviews), 0, 900)
	within("number of keywords", float64(len(l.Keywords)), 3, 5)
	within("number of images", float64(len(l.Images)), 3, 9)
	within("count", float64(l.Count), float64(len(l.Images)), float64(stored.Count()))
	seen := map[string]bool{}
	for _, word := range l.Keywords {
		seen[word] = true
	}
	for i, image := range l.Images {
		within("index", float64(image.Index), float64(i), float64(i))
		within("width", float64(image.Width), 600, 2000)
		within("height", float64(image.Height), 600, 1100)
		seen[image.Caption], seen[image.URL] = true, true
		if want := marshal(t, image); !bytes.Equal(stored.Image(i), want) {
			t.Errorf("record %d: image %d is %s, want %s", id, i, stored.Image(i), want)
		}
	}
	if len(seen) != len(l.Keywords)+2*len(l.Images) {
		t.Errorf("record %d repeats a keyword, a caption or a url: %s", id, stored.JSON())
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// TestGeneratorVersion pins every byte of many records.
func TestGeneratorVersion(t *testing.T) {
	sum := sha256.New()
	var got bytes.Buffer
	for _, seed := range []uint64{1, 2, 1<<64 - 1} {
		g := NewGenerator(seed)
		for id := range int64(20_000) {
			sum.Write(g.AppendListing(nil, id))
		}
		for _, id := range []int64{0, 15_000, 9_999_999, MaxRecords - 1} {
			stored, err := store.ParseListing(g.AppendListing(nil, id))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "seed %d: %s\n", seed, stored.JSON())
		}
	}
	fmt.Fprintf(&got, "sha256 of ids 0-19999 of each: %x\n", sum.Sum(nil))
	golden := filepath.Join("testdata", fmt.Sprintf("generator-%d.golden", GeneratorVersion))
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the generator does not make the records of version %d any more (%v).\n"+
			"If that is meant, raise GeneratorVersion, so that stores seeded before are refused, and run this test with -update.\ngot:\n%s",
			GeneratorVersion, err, got.Bytes())
	}
}

// TestGeneratorIsPure makes records in another order, with a generator that has made others before.
func TestGeneratorIsPure(t *testing.T) {
	used := NewGenerator(7)
	for id := int64(999); id >= 0; id-- {
		fresh := NewGenerator(7)
		if got, want := used.AppendListing(nil, id), fresh.AppendListing(nil, id); !bytes.Equal(got, want) {
			t.Fatalf("record %d is\n%s\nfrom a used generator and\n%s\nfrom a fresh one", id, got, want)
		}
	}
}

// TestSeedChangesEverything compares the fields of records of neighbouring seeds: they agree no more often than
// those of strangers.
func TestSeedChangesEverything(t *testing.T) {
	const n = 2000
	a, b := NewGenerator(1), NewGenerator(2)
	same := map[string]int{}
	for id := range int64(n) {
		x, y := reflect.ValueOf(a.decode(t, id)), reflect.ValueOf(b.decode(t, id))
		for i := range x.NumField() {
			if reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
				same[x.Type().Field(i).Name]++
			}
		}
	}
	for field, most := range map[string]int{"Title": 2, "Description": 30, "Images": 0, "Keywords": 10, "Price": n / 20} {
		if same[field] > most {
			t.Errorf("%s is the same for %d of %d records", field, same[field], n)
		}
	}
}

func (g *Generator) decode(t *testing.T, id int64) (l listing) {
	t.Helper()
	stored, err := store.ParseListing(g.AppendListing(nil, id))
	if err == nil {
		err = json.Unmarshal(stored.JSON(), &l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestURLsAreUnique looks at the codes of many ids, near and far.
func TestURLsAreUnique(t *testing.T) {
	g := NewGenerator(3)
	seen := make(map[[8]byte]int64, 200_000)
	for i := range int64(200_000) {
		id := i
		if i%2 == 1 {
			id = i * (MaxRecords / 200_000)
		}
		code := g.code(id)
		if other, found := seen[code]; found && other != id {
			t.Fatalf("ids %d and %d have the code %s", id, other, code)
		}
		seen[code] = id
	}
}

func TestGeneratorAllocatesNothing(t *testing.T) {
	g := NewGenerator(1)
	buf := make([]byte, 0, 4096)
	id := int64(0)
	for ; id < 1000; id++ { // until its scratch space is long enough
		buf = g.AppendListing(buf[:0], id)
	}
	if n := testing.AllocsPerRun(1000, func() {
		buf = g.AppendListing(buf[:0], id)
		id++
	}); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// TestWords checks what the encoders take for granted.
func TestWords(t *testing.T) {
	for name, words := range map[string][]text{
		"adjectives": adjectives, "kinds": kinds, "places": places, "openings": openings, "remarks": remarks,
		"amenities": amenities, "captions": captions,
	} {
		seen := map[string]bool{}
		for _, word := range words {
			text := string(word.appendTo(nil))
			seen[text] = true
			if string(marshal(t, text)) != `"`+text+`"` {
				t.Errorf("%s: %q has to be escaped", name, text)
			}
			if word.n == len(word.frame) {
				t.Errorf("%s: %q may have been cut off", name, text)
			}
		}
		if len(seen) != len(words) {
			t.Errorf("%s: %d of %d are different", name, len(seen), len(words))
		}
	}
	for name, words := range map[string][]text{"amenities": amenities, "captions": captions} {
		if !big.NewInt(int64(len(words))).ProbablyPrime(0) {
			t.Errorf("there are %d %s, which is not a prime number: a stride may repeat words", len(words), name)
		}
	}
}

func TestAppendNumbers(t *testing.T) {
	for _, n := range []int{0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 65_536, MaxRecords - 1} {
		if got := string(appendInt(nil, n)); got != strconv.Itoa(n) {
			t.Errorf("%d is written %s", n, got)
		}
	}
	for n := range 1001 {
		if got, want := string(appendHundredths(nil, n)), string(marshal(t, float64(n)/100)); got != want {
			t.Errorf("%d hundredths are written %s, want %s", n, got, want)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	g := NewGenerator(1)
	var buf []byte
	total := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf = g.AppendListing(buf[:0], int64(i))
		total += len(buf)
	}
	b.ReportMetric(float64(total)/float64(b.N), "B/record")
}
