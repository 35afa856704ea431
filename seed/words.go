package seed

// The words listings are made of. They hold no character that JSON escapes, so that the same bytes serve any
// encoding; a test keeps it so. A change here changes every record: raise GeneratorVersion with it.

var adjectives = [...]string{
	"Airy", "Bright", "Calm", "Charming", "Compact", "Cosy", "Elegant", "Family", "Garden", "Historic", "Luminous",
	"Minimalist", "Modern", "Peaceful", "Private", "Quiet", "Renovated", "Roomy", "Rustic", "Serene", "Spacious",
	"Stylish", "Sunny", "Tiny", "Top-floor", "Tranquil", "Vintage", "Warm", "Well-kept", "Whitewashed",
}

var kinds = [...]string{
	"apartment", "attic", "barn", "bungalow", "cabin", "chalet", "condo", "cottage", "duplex", "farmhouse", "flat",
	"guest house", "houseboat", "loft", "maisonette", "penthouse", "room", "studio", "suite", "townhouse", "villa",
	"windmill",
}

var places = [...]string{
	"Aarhus", "Antwerp", "Athens", "Austin", "Bergen", "Bologna", "Bordeaux", "Boston", "Braga", "Brno", "Cádiz",
	"Cape Town", "Chicago", "Córdoba", "Cork", "Denver", "Dubrovnik", "Edinburgh", "Évora", "Florence", "Galway",
	"Gdańsk", "Geneva", "Ghent", "Girona", "Graz", "Hanoi", "Helsinki", "Hobart", "Kraków", "Kyoto", "Lagos", "Leipzig",
	"Lima", "Lisbon", "Ljubljana", "Lyon", "Málaga", "Marseille", "Medellín", "Mérida", "Montréal", "Nairobi",
	"Nantes", "Naples", "Oaxaca", "Oslo", "Palermo", "Porto", "Prague", "Quito", "Reykjavík", "Riga", "Rotterdam",
	"Salzburg", "San Diego", "Santiago", "São Paulo", "Seattle", "Seoul", "Seville", "Split", "Tallinn", "Tampere",
	"Tbilisi", "Toulouse", "Trieste", "Turin", "Utrecht", "Valencia", "Vienna", "Vilnius", "Wrocław", "Zürich",
}

var openings = [...]string{
	"A short walk from the old town", "Above a small bakery", "At the end of a quiet lane", "Behind the botanical garden",
	"Five minutes from the station", "In a car-free street", "In a house from 1890", "Next to the market hall",
	"On a hill above the river", "On the sunny side of the square", "Overlooking the harbour", "Right by the beach",
	"Two stops from the centre", "Under a slate roof", "Where the tram turns", "With the park at the door",
}

var remarks = [...]string{
	"with a desk by the window", "with a fireplace for long evenings", "with a fully fitted kitchen",
	"with a reading corner", "with a small balcony", "with a terrace to the south", "with bicycles to borrow",
	"with coffee on the house", "with fast wifi", "with high ceilings", "with oak floors", "with room for a cot",
	"with secure parking", "with thick walls and deep sleep", "with two bathrooms", "with views across the roofs",
}

// amenities and captions are dealt in strides (see shuffle) and so count a prime number each.
var amenities = [...]string{
	"balcony", "bathtub", "beach", "bicycles", "breakfast", "cellar", "cot", "dishwasher", "dryer", "elevator",
	"fireplace", "garden", "grill", "gym", "hammock", "heating", "kitchen", "lake", "mountains", "parking", "patio",
	"pets", "piano", "pool", "quiet", "sauna", "skiing", "terrace", "tv", "washer", "wifi",
}

var captions = [...]string{
	"Balcony", "Bathroom", "Bedroom", "Breakfast table", "Courtyard", "Desk", "Dining room", "Entrance",
	"Fireplace", "Front door", "Garden", "Hallway", "Kitchen", "Living room", "Neighbourhood", "Pool", "Rain shower",
	"Reading corner", "Second bedroom", "Staircase", "Street view", "Terrace", "View by night",
}

// shapes are the sizes of photos in pixels, width before height.
var shapes = [...][2]int{
	{1024, 683}, {1024, 768}, {1200, 800}, {1280, 720}, {1280, 853}, {1350, 900}, {1440, 960}, {1600, 900},
}

// imageCounts are the numbers of images, each as often as listings have it: 3.9 on average.
var imageCounts = [...]int{
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9,
}
