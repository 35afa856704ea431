package mongotest

import (
	"context"
	"net/url"
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

// withDatabase puts the name of a new database into a URI. A user who logged in to the URI's database, or by default to
// admin, still does.
func withDatabase(uri string) (own, name string, err error) {
	at, err := url.Parse(uri)
	if err != nil {
		return "", "", err
	}
	query := at.Query()
	if at.User != nil && query.Get("authSource") == "" && query.Get("authMechanism") == "" {
		source := "admin"
		if len(at.Path) > 1 {
			source = at.Path[1:]
		}
		query.Set("authSource", source)
	}
	name = newDatabase()
	at.Path, at.RawQuery = "/"+name, query.Encode()
	return at.String(), name, nil
}
