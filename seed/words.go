package seed

// The words that listings are made of. They hold no character that JSON escapes, so that the same bytes serve any
// encoding; a test keeps it so. A change here changes records: raise GeneratorVersion with it.

var adjectives = texts(
	"Airy", "Bright", "Calm", "Charming", "Compact", "Cosy", "Elegant", "Family", "Garden", "Historic", "Luminous",
	"Minimalist", "Modern", "Peaceful", "Private", "Quiet", "Renovated", "Roomy", "Rustic", "Serene", "Spacious",
	"Stylish", "Sunny", "Tiny", "Top-floor", "Tranquil", "Vintage", "Warm", "Well-kept", "Whitewashed",
)

var kinds = texts(
	"apartment", "attic", "barn", "bungalow", "cabin", "chalet", "condo", "cottage", "duplex", "farmhouse", "flat",
	"guest house", "houseboat", "loft", "maisonette", "penthouse", "room", "studio", "suite", "townhouse", "villa",
	"windmill",
)

var places = texts(
	"Aarhus", "Antwerp", "Athens", "Austin", "Bergen", "Bologna", "Bordeaux", "Boston", "Braga", "Brno", "Cádiz",
	"Cape Town", "Chicago", "Córdoba", "Cork", "Denver", "Dubrovnik", "Edinburgh", "Évora", "Florence", "Galway",
	"Gdańsk", "Geneva", "Ghent", "Girona", "Graz", "Hanoi", "Helsinki", "Hobart", "Kraków", "Kyoto", "Lagos", "Leipzig",
	"Lima", "Lisbon", "Ljubljana", "Lyon", "Málaga", "Marseille", "Medellín", "Mérida", "Montréal", "Nairobi",
	"Nantes", "Naples", "Oaxaca", "Oslo", "Palermo", "Porto", "Prague", "Quito", "Reykjavík", "Riga", "Rotterdam",
	"Salzburg", "San Diego", "Santiago", "São Paulo", "Seattle", "Seoul", "Seville", "Split", "Tallinn", "Tampere",
	"Tbilisi", "Toulouse", "Trieste", "Turin", "Utrecht", "Valencia", "Vienna", "Vilnius", "Wrocław", "Zürich",
)

var openings = texts(
	"A short walk from the old town", "Above a small bakery", "At the end of a quiet lane", "Behind the botanical garden",
	"Five minutes from the station", "In a car-free street", "In a house from 1890", "Next to the market hall",
	"On a hill above the river", "On the sunny side of the square", "Overlooking the harbour", "Right by the beach",
	"Two stops from the centre", "Under a slate roof", "Where the tram turns", "With the park at the door",
)

var remarks = texts(
	"with a desk by the window", "with a fireplace for long evenings", "with a fully fitted kitchen",
	"with a reading corner", "with a small balcony", "with a terrace to the south", "with bicycles to borrow",
	"with coffee on the house", "with fast wifi", "with high ceilings", "with oak floors", "with room for a cot",
	"with secure parking", "with thick walls and deep sleep", "with two bathrooms", "with views across the roofs",
)

// amenities and captions are dealt in strides (see shuffle) and so count a prime number each.
var amenities = texts(
	"balcony", "bathtub", "beach", "bicycles", "breakfast", "cellar", "cot", "dishwasher", "dryer", "elevator",
	"fireplace", "garden", "grill", "gym", "hammock", "heating", "kitchen", "lake", "mountains", "parking", "patio",
	"pets", "piano", "pool", "quiet", "sauna", "skiing", "terrace", "tv", "washer", "wifi",
)

var captions = texts(
	"Balcony", "Bathroom", "Bedroom", "Breakfast table", "Courtyard", "Desk", "Dining room", "Entrance",
	"Fireplace", "Front door", "Garden", "Hallway", "Kitchen", "Living room", "Neighbourhood", "Pool", "Rain shower",
	"Reading corner", "Second bedroom", "Staircase", "Street view", "Terrace", "View by night",
)

// shapes are the sizes of photos in pixels, width before height.
var shapes = [...][2]int{
	{1024, 683}, {1024, 768}, {1200, 800}, {1280, 720}, {1280, 853}, {1350, 900}, {1440, 960}, {1600, 900},
}

// imageCounts are the numbers of images, each as often as listings have it: 3.9 on average.
var imageCounts = [...]int{
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9,
}

// text is a short text in a frame of fixed size, so that appending it copies a fixed number of bytes. To copy just
// as many as a random word has costs five times as much: the processor cannot guess the number, and a record has two
// dozen words.
type text struct {
	frame [3 * chunk]byte
	n     int
}

const chunk = 16 // the most that is copied without a call

func texts(words ...string) []text {
	out := make([]text, len(words))
	for i, word := range words {
		out[i].n = copy(out[i].frame[:], word)
	}
	return out
}

// appendTo appends the text to b.
func (t *text) appendTo(b []byte) []byte {
	end := len(b) + t.n
	b = append(b, t.frame[:chunk]...)
	if t.n > chunk {
		b = append(b, t.frame[chunk:2*chunk]...)
		b = append(b, t.frame[2*chunk:]...)
	}
	return b[:end]
}
