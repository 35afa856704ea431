package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"imgsvc":   func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
		"barehttp": bareHTTP,
		"gatesite": gateSite,
		"curl":     curl,
	})
}

// TestScripts runs testdata/*.txtar: one script per behaviour a user can see.
func TestScripts(t *testing.T) {
	shipped, err := filepath.Abs("../../scenarios")
	if err != nil {
		t.Fatal(err)
	}
	commands := scriptCommands()
	commands["guarded"], commands["valid"] = cmdGuarded, cmdValid
	commands["redis"], commands["metric"] = startRedis(t), cmdMetric
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SCENARIOS", shipped)
			env.Values[siteKey{}] = &site{}
			return nil
		},
	})
}
