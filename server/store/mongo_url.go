package store

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// defaultDatabase is used when the URL names none.
const defaultDatabase = "imgsvc"

// secretOptions are the options of a URL that hold secrets. Options are case-insensitive.
var secretOptions = regexp.MustCompile(`(?i)([?&;](?:tlsCertificateKeyFilePassword|sslClientCertificateKeyPassword|` +
	`authMechanismProperties|proxyPassword)=)[^&;]*`)

const hidden = "xxxxx"

// redactMongoURL returns a URL without its secrets, whole or broken: what stands before the last @ is taken for a user
// name and, after the first colon, a password, even if that is not how a correct URL would be read.
func redactMongoURL(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, found := strings.Cut(rest[:at], ":")
		if found {
			user += ":" + hidden
		}
		rest = user + rest[at:]
	}
	return scheme + "://" + secretOptions.ReplaceAllString(rest, "${1}"+hidden)
}

// checkMongoURL says what is wrong with the URL of a MongoDB. The driver's own words may hold pieces of a password, so
// they are about the URL without its secrets.
func checkMongoURL(text string) error {
	if !strings.Contains(text, "://") {
		return fmt.Errorf("the store URL has no // after the scheme\nwrite mongodb://HOST/DATABASE")
	}
	if strings.HasPrefix(text, "mongodb+srv:") { // reading it asks the DNS: see connectMongo
		return checkDatabase(mongoDatabase(text))
	}
	if options.Client().ApplyURI(text).Validate() == nil {
		return checkDatabase(mongoDatabase(text))
	}
	return mongoURLError(text)
}

// mongoURLError says why the driver does not accept a URL.
func mongoURLError(text string) error {
	safe := redactMongoURL(text)
	if err := options.Client().ApplyURI(safe).Validate(); err != nil {
		return fmt.Errorf("store %s: %w\nwrite mongodb://HOST/DATABASE", safe, err)
	}
	return fmt.Errorf("store %s: user name, password or another secret in it cannot be read\n"+
		"write special characters in them percent-encoded, such as %%40 for @", safe)
}

// mongoDatabase returns the database that a URL names, or the default.
func mongoDatabase(text string) string {
	_, rest, _ := strings.Cut(text, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, name, _ := strings.Cut(rest, "/")
	if name == "" {
		return defaultDatabase
	}
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

func checkDatabase(name string) error {
	if strings.ContainsAny(name, "/\\. \"$*<>:|?\x00") || len(name) > 63 {
		return fmt.Errorf("%q is no name of a database\nwrite mongodb://HOST/DATABASE", name)
	}
	return nil
}
