package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/starkillersystems/imgsvc/server/store/mongotest"
)

// TestMongoScripts runs testdata/mongo/*.txtar, each with a MongoDB, or what stands in for one, of its own: $MONGO is a
// database of it to be filled, $NOTHING one that is not there. The condition [scans] holds if the server reads all of a
// collection to find one integer _id: FerretDB on SQLite.
func TestMongoScripts(t *testing.T) {
	commands := scriptCommands()
	commands["redis"] = startRedis(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/mongo",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                commands,
		Condition: func(name string) (bool, error) {
			if name != "scans" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Getenv(mongotest.EnvReal) == "1" && os.Getenv(mongotest.EnvMongo) == "", nil
		},
		Setup: func(env *testscript.Env) error {
			url := mongotest.Start(t)
			rest, query, found := strings.Cut(url, "?")
			nothing := rest[:strings.LastIndexByte(rest, '/')] + "/imgsvc_nothing_at_all"
			if found {
				nothing += "?" + query
			}
			env.Setenv("MONGO", url)
			env.Setenv("NOTHING", nothing)
			env.Values[siteKey{}] = &site{}
			return nil
		},
	})
}
