package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/starkillersystems/imgsvc/reports"
)

// cmdValid compares a file with the published schema of a document: valid report|bench FILE.
func cmdValid(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: valid report|bench FILE")
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	var id string
	for _, name := range []string{"report", "bench"} {
		text, err := reports.SchemaText(name)
		ts.Check(err)
		schema, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		ts.Check(err)
		of := schema.(map[string]any)["$id"].(string)
		ts.Check(compiler.AddResource(of, schema))
		if name == args[0] {
			id = of
		}
	}
	schema, err := compiler.Compile(id)
	ts.Check(err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	switch err := schema.Validate(document); {
	case err != nil && !neg:
		ts.Fatalf("%s: %v", args[1], err)
	case err == nil && neg:
		ts.Fatalf("%s is of the schema", args[1])
	}
}
