package scenarios

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// fakes are the functions of faker that have a counterpart, under the plugin's names. What they make is of the same
// kind and form, from other lists of words.
func fakes() map[string]fake {
	all := map[string]fake{}
	for name, make := range plainFakes() {
		all[name] = fake{make: func(f *gofakeit.Faker, _ fakeOptions) any { return make(f) }}
	}
	for _, more := range []map[string]fake{numberFakes(), textFakes()} {
		for name, f := range more {
			all[name] = f
		}
	}
	for name, make := range timeFakes() {
		all[name] = fake{make: func(f *gofakeit.Faker, _ fakeOptions) any {
			return make(f).UTC().Format("2006-01-02T15:04:05.000Z")
		}}
	}
	return all
}

// plainFakes are those that make a text and take no options.
func plainFakes() map[string]func(*gofakeit.Faker) string {
	type F = *gofakeit.Faker
	return map[string]func(F) string{
		"airlineAircraftType": F.AirlineAircraftType, "airlineFlightNumber": F.AirlineFlightNumber,
		"airlineRecordLocator": F.AirlineRecordLocator, "airlineSeat": F.AirlineSeat,
		"animalBird": F.Bird, "animalCat": F.Cat, "animalDog": F.Dog, "animalPetName": F.PetName, "animalType": F.AnimalType,
		"bookAuthor": F.BookAuthor, "bookGenre": F.BookGenre, "bookTitle": F.BookTitle,
		"colorHuman": F.Color, "colorRgb": F.HexColor,
		"commerceDepartment": F.ProductCategory, "commerceProduct": F.ProductName, "commerceProductName": F.ProductName,
		"commerceProductDescription": F.ProductDescription, "commerceProductMaterial": F.ProductMaterial,
		"commerceUpc":         F.ProductUPC,
		"commerceIsbn":        func(f F) string { return f.ProductISBN(nil) },
		"companyName":         F.Company,
		"companyBuzzPhrase":   F.BS,
		"companyBuzzNoun":     F.BuzzWord,
		"companyCatchPhrase":  F.Slogan,
		"dateMonth":           F.MonthString,
		"dateWeekday":         F.WeekDay,
		"dateTimeZone":        F.TimeZoneRegion,
		"financeAccountName":  F.BankName,
		"financeCurrencyCode": F.CurrencyShort, "financeCurrencyName": F.CurrencyLong,
		"financeAccountNumber": func(f F) string { return f.DigitN(8) },
		"financePin":           func(f F) string { return f.DigitN(4) },
		"financeRoutingNumber": F.AchRouting, "financeBitcoinAddress": F.BitcoinAddress,
		"financeCreditCardCVV": F.CreditCardCvv, "financeCreditCardIssuer": F.CreditCardType,
		"financeCreditCardNumber": func(f F) string { return f.CreditCardNumber(nil) },
		"foodDish":                F.Dinner, "foodFruit": F.Fruit, "foodVegetable": F.Vegetable,
		"gitCommitSha":       func(f F) string { return hexOf(f, 40) },
		"hackerAbbreviation": F.HackerAbbreviation, "hackerAdjective": F.HackerAdjective, "hackerNoun": F.HackerNoun,
		"hackerVerb": F.HackerVerb, "hackerIngverb": F.HackeringVerb, "hackerPhrase": F.HackerPhrase,
		"imageUrl":           func(f F) string { return "https://picsum.photos/seed/" + f.LetterN(8) + "/640/480" },
		"internetDomainName": F.DomainName, "internetDomainSuffix": F.DomainSuffix,
		"internetDomainWord": func(f F) string { return strings.SplitN(f.DomainName(), ".", 2)[0] },
		"internetEmail":      mailAddress, "internetEmoji": F.Emoji,
		"internetExampleEmail": func(f F) string { return strings.SplitN(mailAddress(f), "@", 2)[0] + "@example.com" },
		"internetDisplayName":  userName, "internetUsername": userName,
		"internetHttpMethod": F.HTTPMethod, "internetIp": F.IPv4Address, "internetIpv4": F.IPv4Address, "internetIpv6": F.IPv6Address,
		"internetMac": F.MacAddress, "internetUrl": F.URL, "internetUserAgent": F.UserAgent,
		"internetProtocol":       func(f F) string { return f.RandomString([]string{"http", "https"}) },
		"locationBuildingNumber": F.StreetNumber, "locationCity": F.City, "locationCountry": F.Country,
		"locationCountryCode": F.CountryAbr, "locationState": F.State, "locationStreet": F.StreetName,
		"locationStreetAddress": F.Street, "locationZipCode": F.Zip, "locationTimeZone": F.TimeZoneRegion,
		"locationSecondaryAddress": F.Unit,
		"loremWord":                F.LoremIpsumWord,
		"loremText":                func(f F) string { return f.LoremIpsumParagraph(1, 3, 10, "\n") },
		"loremSlug":                func(f F) string { return words(f, 3, "-") },
		"musicArtist":              F.SongArtist, "musicGenre": F.SongGenre, "musicSongName": F.SongName,
		"personFirstName": F.FirstName, "personLastName": F.LastName, "personMiddleName": F.MiddleName,
		"personFullName": F.Name, "personGender": F.Gender, "personSex": F.Gender, "personPrefix": F.NamePrefix,
		"personSuffix": F.NameSuffix, "personBio": F.Bio, "personJobTitle": F.JobTitle, "personJobType": F.JobTitle,
		"personJobDescriptor": F.JobDescriptor, "personJobArea": F.JobLevel,
		"phoneNumber":   F.PhoneFormatted,
		"phoneImei":     func(f F) string { return f.DigitN(15) },
		"stringUuid":    F.UUID,
		"stringNanoid":  func(f F) string { return letters(f, 21, alphanumeric+"_-") },
		"systemFileExt": F.FileExtension, "systemCommonFileExt": F.FileExtension, "systemMimeType": F.FileMimeType,
		"systemFileName": func(f F) string { return words(f, 2, "_") + "." + f.FileExtension() },
		"systemSemver":   F.AppVersion,
		"vehicleFuel":    F.CarFuelType, "vehicleManufacturer": F.CarMaker, "vehicleModel": F.CarModel, "vehicleType": F.CarType,
		"vehicleVehicle": func(f F) string { return f.CarMaker() + " " + f.CarModel() },
		"vehicleColor":   F.Color,
		"wordAdjective":  F.Adjective, "wordAdverb": F.Adverb, "wordConjunction": F.Connective, "wordInterjection": F.Interjection,
		"wordNoun": F.Noun, "wordPreposition": F.Preposition, "wordVerb": F.Verb, "wordSample": F.Word,
	}
}

// numberFakes are those that make numbers or choose.
func numberFakes() map[string]fake {
	whole := func(f *gofakeit.Faker, o fakeOptions) any {
		low, high := o.number("min", 0), o.number("max", 1<<53-1)
		return f.Number(int(math.Ceil(low)), int(math.Max(math.Ceil(low), math.Floor(high))))
	}
	price := func(least, most float64) func(*gofakeit.Faker, fakeOptions) any {
		return func(f *gofakeit.Faker, o fakeOptions) any {
			low, high := o.number("min", least), o.number("max", most)
			return fmt.Sprintf("%.*f", int(min(20, o.number("dec", 2))), between(f, low, math.Max(low, high)))
		}
	}
	return map[string]fake{
		"numberInt": {whole, "max min"},
		"numberFloat": {func(f *gofakeit.Faker, o fakeOptions) any {
			low := o.number("min", 0)
			x := between(f, low, math.Max(low, o.number("max", 1)))
			if digits, ok := o["fractionDigits"]; ok {
				tens := math.Pow(10, math.Min(15, digits))
				x = math.Round(x*tens) / tens
			}
			return x
		}, "max min fractionDigits"},
		"datatypeBoolean": {func(f *gofakeit.Faker, o fakeOptions) any {
			return f.Float64() < o.number("probability", .5)
		}, "probability"},
		"commercePrice":          {price(1, 1000), "min max dec"},
		"financeAmount":          {price(0, 1000), "min max dec"},
		"internetPort":           {func(f *gofakeit.Faker, _ fakeOptions) any { return f.Number(0, 65535) }, ""},
		"internetHttpStatusCode": {func(f *gofakeit.Faker, _ fakeOptions) any { return f.HTTPStatusCode() }, ""},
		"locationLatitude": {func(f *gofakeit.Faker, o fakeOptions) any {
			return math.Round(between(f, o.number("min", -90), o.number("max", 90))*1e4) / 1e4
		}, "max min"},
		"locationLongitude": {func(f *gofakeit.Faker, o fakeOptions) any {
			return math.Round(between(f, o.number("min", -180), o.number("max", 180))*1e4) / 1e4
		}, "max min"},
	}
}

func between(f *gofakeit.Faker, low, high float64) float64 { return low + f.Float64()*(high-low) }

// textFakes are those whose length can be asked for.
func textFakes() map[string]fake {
	of := func(option string, without float64, make func(f *gofakeit.Faker, n int) string) fake {
		return fake{func(f *gofakeit.Faker, o fakeOptions) any { return make(f, int(o.number(option, without))) }, option}
	}
	return map[string]fake{
		"internetPassword":   of("length", 15, func(f *gofakeit.Faker, n int) string { return letters(f, n, alphanumeric+"_") }),
		"stringAlpha":        of("length", 1, func(f *gofakeit.Faker, n int) string { return letters(f, n, alphanumeric[:52]) }),
		"stringAlphanumeric": of("length", 1, func(f *gofakeit.Faker, n int) string { return letters(f, n, alphanumeric) }),
		"stringNumeric":      of("length", 1, func(f *gofakeit.Faker, n int) string { return letters(f, n, alphanumeric[52:]) }),
		"stringHexadecimal":  of("length", 1, func(f *gofakeit.Faker, n int) string { return "0x" + hexOf(f, n) }),
		"loremWords":         of("wordCount", 3, func(f *gofakeit.Faker, n int) string { return words(f, n, " ") }),
		"loremSentence":      of("wordCount", 6, func(f *gofakeit.Faker, n int) string { return f.LoremIpsumSentence(max(1, n)) }),
		"loremSentences":     of("sentenceCount", 3, func(f *gofakeit.Faker, n int) string { return f.LoremIpsumParagraph(1, max(1, n), 6, " ") }),
		"loremLines":         of("lineCount", 3, func(f *gofakeit.Faker, n int) string { return f.LoremIpsumParagraph(max(1, n), 1, 6, "\n") }),
		"loremParagraph":     of("sentenceCount", 3, func(f *gofakeit.Faker, n int) string { return f.LoremIpsumParagraph(1, max(1, n), 8, " ") }),
		"loremParagraphs":    of("paragraphCount", 3, func(f *gofakeit.Faker, n int) string { return f.LoremIpsumParagraph(max(1, n), 3, 8, "\n") }),
		"wordWords": of("count", 2, func(f *gofakeit.Faker, n int) string {
			all := make([]string, n)
			for i := range all {
				all[i] = f.Word()
			}
			return strings.Join(all, " ")
		}),
	}
}

// timeFakes are those that make a time, which is rendered as JavaScript's toISOString does.
func timeFakes() map[string]func(*gofakeit.Faker) time.Time {
	within := func(from, to time.Duration) func(*gofakeit.Faker) time.Time {
		return func(f *gofakeit.Faker) time.Time {
			return time.Now().Add(from + time.Duration(f.Float64()*float64(to-from)))
		}
	}
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	return map[string]func(*gofakeit.Faker) time.Time{
		"dateAnytime": within(-year, year), "datePast": within(-year, 0), "dateFuture": within(0, year),
		"dateRecent": within(-day, 0), "dateSoon": within(0, day), "dateBirthdate": within(-80*year, -18*year),
	}
}

func words(f *gofakeit.Faker, n int, between string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = f.LoremIpsumWord()
	}
	return strings.Join(all, between)
}

// userName has no spaces, unlike the last names of two words that it may be made of.
func userName(f *gofakeit.Faker) string { return strings.ReplaceAll(f.Username(), " ", "_") }

// mailAddress is one that every mail server would take.
func mailAddress(f *gofakeit.Faker) string { return strings.ReplaceAll(f.Email(), " ", "") }

func hexOf(f *gofakeit.Faker, n int) string { return letters(f, n, "0123456789abcdef") }

func letters(f *gofakeit.Faker, n int, from string) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = from[f.IntN(len(from))]
	}
	return string(text)
}
