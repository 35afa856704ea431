package store

import (
	"fmt"
	"strings"
	"testing"
)

// TestMongoURLsAreShownWithoutSecrets looks at whole and at broken ones.
func TestMongoURLsAreShownWithoutSecrets(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"mongodb://host/db", "mongodb://host/db"},
		{"mongodb://user@host/db", "mongodb://user@host/db"},
		{"mongodb://user:hush@host/db?w=1", "mongodb://user:xxxxx@host/db?w=1"},
		{"mongodb+srv://user:hush@host", "mongodb+srv://user:xxxxx@host"},
		{"mongodb://user:hush@hush/hush@host/db", "mongodb://user:xxxxx@host/db"},
		{"mongodb://user:hush:hush@a:1,b:2/db", "mongodb://user:xxxxx@a:1,b:2/db"},
		{"mongodb://host/?tlsCertificateKeyFilePassword=hush&w=1", "mongodb://host/?tlsCertificateKeyFilePassword=xxxxx&w=1"},
		{"mongodb://host/?w=1&AUTHMechanismProperties=AWS_SESSION_TOKEN:hush",
			"mongodb://host/?w=1&AUTHMechanismProperties=xxxxx"},
	} {
		if got := (Location{Mongo: c.url}).String(); got != c.want || strings.Contains(got, "hush") {
			t.Errorf("%s is shown as %s, want %s", c.url, got, c.want)
		}
	}
}

func TestMongoDatabase(t *testing.T) {
	for url, want := range map[string]string{
		"mongodb://host": "imgsvc", "mongodb://host/": "imgsvc", "mongodb://host/?w=1": "imgsvc", "mongodb://u:p@host/shop": "shop",
		"mongodb+srv://u:p@host/shop?w=1": "shop", "mongodb://a:1,b:2/a%2Bb": "a+b",
	} {
		if got := mongoDatabase(url); got != want {
			t.Errorf("%s names the database %q, want %q", url, got, want)
		}
	}
}

func TestAddRange(t *testing.T) {
	var ranges []Range
	for _, step := range []struct {
		add          Range
		want, wanted string
	}{
		{Range{10, 20}, "[{10 20}]", "[{0 10} {20 100}]"},
		{Range{30, 40}, "[{10 20} {30 40}]", "[{0 10} {20 30} {40 100}]"},
		{Range{20, 25}, "[{10 25} {30 40}]", "[{0 10} {25 30} {40 100}]"},
		{Range{50, 50}, "[{10 25} {30 40}]", "[{0 10} {25 30} {40 100}]"},
		{Range{25, 30}, "[{10 40}]", "[{0 10} {40 100}]"},
		{Range{0, 5}, "[{0 5} {10 40}]", "[{5 10} {40 100}]"},
		{Range{12, 15}, "[{0 5} {10 40}]", "[{5 10} {40 100}]"},
		{Range{3, 100}, "[{0 100}]", "[]"},
	} {
		ranges = addRange(ranges, step.add)
		if got := fmt.Sprint(ranges); got != step.want {
			t.Errorf("with %v: %s, want %s", step.add, got, step.want)
		}
		if got := fmt.Sprint(gaps(ranges, 100)); got != step.wanted {
			t.Errorf("with %v: %s is missing, want %s", step.add, got, step.wanted)
		}
	}
}
