package seed

import "math/bits"

// GeneratorVersion numbers the function from (seed, id) to record. Whatever changes a single byte of a single
// record raises it, so that a store seeded by an older build is refused rather than mixed.
const GeneratorVersion = 1

// MaxRecords is the largest number of records a store can be seeded with: the urls of images are distinct for
// ids of up to 40 bits.
const MaxRecords = 1 << 40

// Generator makes listings: record n is a pure function of the seed and n, so any range of them can be made by
// anyone at any time. It keeps scratch space and so belongs to one goroutine.
type Generator struct {
	seed   uint64
	record record
	json   []byte
	starts [maxImages]int
}

// NewGenerator returns the generator of the records that belong to seed.
func NewGenerator(seed uint64) Generator { return Generator{seed: mix(seed)} }

const (
	maxImages   = 9
	maxKeywords = 5
)

// record is one listing before it is encoded. Its texts lie in the tables of words, and what varies in number in
// its own arrays: filling it again allocates nothing, and overwrites what it held before.
type record struct {
	id                     int64
	adjective, kind, place *text // make the title
	opening, remark        *text // make the description
	price                  int   // a night, in whole units of the currency
	bedrooms               int
	rating                 int // hundredths of a star, 304 to 500
	reviews                int
	keywords               []*text
	images                 []image

	keywordArray [maxKeywords]*text
	imageArray   [maxImages]image
}

type image struct {
	url           [len("/img/00000000-0.jpg")]byte
	caption       *text
	width, height int // pixels
}

// fill makes g.record the record with the given id, which must be below MaxRecords.
func (g *Generator) fill(id int64) *record {
	r, d := &g.record, dice(mix(g.seed^mix(uint64(id))))
	r.id = id
	r.adjective, r.kind, r.place = d.pick(adjectives), d.pick(kinds), d.pick(places)
	r.opening, r.remark = d.pick(openings), d.pick(remarks)
	r.bedrooms = 1 + d.roll(3)*d.roll(3)
	r.price = 25 + d.roll(60) + r.bedrooms*d.roll(80)
	r.rating = 500 - d.roll(15)*d.roll(15)
	r.reviews = d.roll(30) * d.roll(30)
	deck := d.shuffle(amenities)
	r.keywords = r.keywordArray[:3+d.roll(maxKeywords-2)]
	for i := range r.keywords {
		r.keywords[i] = deck.next()
	}
	g.fillImages(&d)
	return r
}

func (g *Generator) fillImages(d *dice) {
	r, deck, code := &g.record, d.shuffle(captions), g.code(g.record.id)
	r.images = r.imageArray[:imageCounts[d.roll(len(imageCounts))]]
	for i := range r.images {
		m, shape := &r.images[i], &shapes[d.roll(len(shapes))]
		copy(m.url[:], "/img/00000000-0.jpg")
		copy(m.url[len("/img/"):], code[:])
		m.url[len(m.url)-len("0.jpg")] += byte(i)
		m.caption = deck.next()
		m.width, m.height = shape[0], shape[1]
	}
}

// appendTitle appends such as "Sunny loft in Lisbon".
func (r *record) appendTitle(b []byte) []byte {
	b = append(r.adjective.appendTo(b), ' ')
	b = append(r.kind.appendTo(b), " in "...)
	return r.place.appendTo(b)
}

// appendDescription appends such as "Above a small bakery, with oak floors."
func (r *record) appendDescription(b []byte) []byte {
	b = append(r.opening.appendTo(b), ", "...)
	return append(r.remark.appendTo(b), '.')
}

// code returns eight characters that no other id below MaxRecords has with the same seed: each step of the
// mixing can be undone.
func (g *Generator) code(id int64) (code [8]byte) {
	const mask, alphabet = MaxRecords - 1, "0123456789abcdefghjkmnpqrstvwxyz"
	x := (uint64(id) ^ g.seed) & mask
	x = x * 0xff51afd7ed558ccd & mask
	x ^= x >> 21
	x = x * 0xc4ceb9fe1a85ec53 & mask
	x ^= x >> 19
	for i := range code {
		code[i] = alphabet[x>>(5*i)&31]
	}
	return code
}

// dice is a stream of random numbers: the state of a Weyl sequence, each step of which is hashed by one wide
// multiplication, as in wyrand.
type dice uint64

// roll returns a number from 0 to n-1, each as likely as the others to within n in 2^64.
func (d *dice) roll(n int) int {
	*d += 0xa0761d6478bd642f
	hi, lo := bits.Mul64(uint64(*d), uint64(*d)^0xe7037ed1a0b428db)
	hi, _ = bits.Mul64(hi^lo, uint64(n))
	return int(hi)
}

func (d *dice) pick(words []text) *text { return &words[d.roll(len(words))] }

// shuffle returns a deck that deals words, none twice before all have been dealt: it walks them in strides, which
// meet every word because there is a prime number of them.
func (d *dice) shuffle(words []text) deck {
	return deck{words, d.roll(len(words)), 1 + d.roll(len(words)-1)}
}

type deck struct {
	words      []text
	at, stride int
}

func (k *deck) next() *text {
	word := &k.words[k.at]
	if k.at += k.stride; k.at >= len(k.words) {
		k.at -= len(k.words)
	}
	return word
}

// mix is the finaliser of splitmix64 (Steele, Lea and Flood 2014), one step along: every bit of x changes half
// the bits of the result, and no two x have the same.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
