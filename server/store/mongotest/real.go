package mongotest

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// useMongo returns uri with a new database, and has it dropped. Credentials stay those of the given URI.
func useMongo(tb testing.TB, uri string) string {
	tb.Helper()
	own, name, err := withDatabase(uri)
	if err != nil {
		tb.Fatalf("%s is no URI of a MongoDB", EnvMongo) // the error would show its password
	}
	client, err := mongo.Connect(options.Client().ApplyURI(own).SetServerSelectionTimeout(10 * time.Second))
	if err != nil {
		tb.Fatalf("%s is no URI that the driver takes", EnvMongo)
	}
	tb.Logf("the server is that of %s, the database %s", EnvMongo, name)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := client.Database(name).Drop(ctx); err != nil {
			tb.Errorf("drop the database %s: %v", name, err)
		}
		_ = client.Disconnect(ctx)
	})
	return own
}

// withDatabase puts the name of a new database into a URI, which may list several hosts and so is none to net/url. A
// user who logged in to the URI's database, or by default to admin, still does.
func withDatabase(uri string) (own, name string, err error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return "", "", errors.New("no scheme")
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, source, _ := strings.Cut(rest, "/")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "", errors.New("malformed options")
	}
	mechanism := values.Get("authMechanism")
	isNamed := mechanism == "" || strings.HasPrefix(mechanism, "SCRAM")
	if strings.Contains(hosts, "@") && values.Get("authSource") == "" && isNamed {
		values.Set("authSource", cmp.Or(source, "admin"))
	}
	name = newDatabase()
	own = scheme + "://" + hosts + "/" + name
	if len(values) > 0 {
		own += "?" + values.Encode()
	}
	return own, name, nil
}
