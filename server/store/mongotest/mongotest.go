// Package mongotest gives tests a MongoDB to talk to: a real one if there is one, else FerretDB, which speaks MongoDB's
// protocol and keeps its documents in SQLite, else a stand-in in memory. Only tests import it.
//
// The stand-in knows what a store of listings asks for and refuses the rest, so that a test cannot pass because a
// condition was overlooked. What it cannot show is in docs/testing.md.
package mongotest

import (
	"os"
	"testing"
)

// The environment that chooses the server.
const (
	// EnvMongo is the URI of a MongoDB. Each test has a new database there, which is dropped when it ends.
	EnvMongo = "IMGSVC_TEST_MONGO"
	// EnvReal set to 1 asks for real servers: without EnvMongo a FerretDB is started, and if it cannot be, tests fail.
	EnvReal = "IMGSVC_TEST_REAL"
	// EnvFerretDB is the path of a FerretDB binary that was built from the module in the folder ferretdb.
	EnvFerretDB = "IMGSVC_TEST_FERRETDB"
)

// Start returns the URI of a MongoDB and in it the name of a database that is this test's own. The server, or what the
// test has put there, is gone when the test ends.
func Start(tb testing.TB) string {
	tb.Helper()
	if uri := os.Getenv(EnvMongo); uri != "" {
		return useMongo(tb, uri)
	}
	if os.Getenv(EnvReal) == "1" {
		return startFerretDB(tb)
	}
	tb.Logf("the server is a stand-in in memory; %s=1 asks for a real one, %s names one", EnvReal, EnvMongo)
	return StartFake(tb, Faults{})
}
