package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/starkillersystems/imgsvc/"

// arrows is the table of ARCHITECTURE.md: who imports whom, and which third-party modules a package keeps to itself
// and what lies below it.
var arrows = map[string]struct{ ours, kept []string }{
	"server/store": {nil, []string{
		"github.com/cockroachdb/pebble/v2", "github.com/maypok86/otter/v2", "go.mongodb.org/mongo-driver/v2", "github.com/redis/go-redis/v9",
	}},
	"server/store/redistest": {nil, []string{"github.com/alicebob/miniredis/v2"}},
	"server/store/mongotest": {nil, nil}, // for tests: in nobody's list, so that no product code imports it
	"seed":                   {[]string{"server/store"}, nil},
	"server":                 {[]string{"server/store"}, []string{"github.com/labstack/echo/v5", "github.com/prometheus/client_golang"}},
	"scenarios": {nil, []string{
		"go.yaml.in/yaml/v3", "github.com/dop251/goja", "github.com/dlclark/regexp2/v2", "github.com/andybalholm/cascadia",
		"golang.org/x/net/html", "github.com/antchfx", "github.com/jmespath/go-jmespath",
		"github.com/brianvoe/gofakeit/v7",
	}},
	"attack":  {[]string{"scenarios"}, []string{"github.com/tsenart/vegeta/v12", "github.com/shirou/gopsutil/v4", "github.com/andybalholm/brotli", "github.com/klauspost/compress"}},
	"reports": {[]string{"attack"}, []string{"github.com/HdrHistogram/hdrhistogram-go"}},
	"cmd/imgsvc": {
		[]string{"server/store", "seed", "server", "scenarios", "attack", "reports"},
		[]string{"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"},
	},
	"cmd/peers": {nil, nil},
	"cmd/soak":  {[]string{"scenarios", "attack", "reports"}, nil},
}

// TestImportArrows fails when a package begins to import another one, or another's third-party module: that may
// well be right, but then the table here and in ARCHITECTURE.md says so.
func TestImportArrows(t *testing.T) {
	keeper := map[string]string{}
	for pkg, a := range arrows {
		for _, mod := range a.kept {
			keeper[mod] = pkg
		}
	}
	for pkg, imports := range listImports(t) {
		allowed, known := arrows[pkg]
		if !known {
			t.Errorf("package %s is not in the table", pkg)
			continue
		}
		for _, path := range imports {
			if ours, ok := strings.CutPrefix(path, module); ok {
				if !slices.Contains(allowed.ours, ours) {
					t.Errorf("%s imports %s", pkg, ours)
				}
				continue
			}
			for mod, owner := range keeper {
				if (path == mod || strings.HasPrefix(path, mod+"/")) && owner != pkg && !strings.HasPrefix(pkg, owner+"/") {
					t.Errorf("%s imports %s, which %s keeps to itself", pkg, path, owner)
				}
			}
		}
	}
}

// listImports returns what each package of the module imports outside its tests.
func listImports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-pgo=off", "-json=ImportPath,Imports", module+"...")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string][]string{}
	for dec := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
}
