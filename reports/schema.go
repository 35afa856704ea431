package reports

import (
	_ "embed"
	"fmt"
)

//go:embed schema/report.json
var reportSchema string

//go:embed schema/bench.json
var benchSchema string

// SchemaText returns the JSON Schema (draft 2020-12) of a document: "report" or "bench". The latter refers to the
// former as report.json, beside it.
func SchemaText(document string) (string, error) {
	switch document {
	case "report":
		return reportSchema, nil
	case "bench":
		return benchSchema, nil
	}
	return "", fmt.Errorf("there is no schema of %q; there are report, bench", document)
}
