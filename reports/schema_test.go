package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/starkillersystems/imgsvc/attack"
)

// compiled returns the published schema of a document.
func compiled(t *testing.T, document string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, name := range []string{"report", "bench"} {
		text, err := SchemaText(name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatalf("schema/%s.json: %v", name, err)
		}
		if err := compiler.AddResource(parsed.(map[string]any)["$id"].(string), parsed); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("https://github.com/starkillersystems/imgsvc/reports/schema/" + document + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, text []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(document)
}

// emptySample is the report of a run in which nothing happened.
func emptySample() *Report {
	recorder := NewRecorder()
	recorder.Begin(began)
	return recorder.Report(attack.Summary{Started: began}, Meta{})
}

// samples are reports of every kind there is.
func samples(t *testing.T) map[string]*Report {
	t.Helper()
	ensured := walked(t)
	ensure := &Ensure{
		Thresholds: []EnsureThreshold{{"http.response_time.p95", 1000}, {"no.such", 1}}, MaxErrorRate: new(1.0),
		Conditions: []EnsureCondition{{Expression: "true"}},
	}
	always := func(string) (func(map[string]float64) (bool, error), error) {
		return func(map[string]float64) (bool, error) { return false, nil }, nil
	}
	if _, err := ensured.Ensure(ensure, always); err != nil {
		t.Fatal(err)
	}
	ceiling := closedSample()
	ceiling.AddCeiling(Ceiling{RPS: 50_000})
	custom := walked(t)
	custom.Custom.Rates["ticks"], custom.Custom.Histograms["cart"] = 4, custom.Response
	a, b := judged(t, walked(t), "p99<50ms"), walked(t)
	b.Generator.CPU++ // another run
	return map[string]*Report{
		"open": openSample(), "judged": judged(t, openSample(), "p99<50ms, rps.peak_10s>1, session.p99<1s"),
		"closed": closedSample(), "with a ceiling": ceiling, "walked": walked(t), "ensured": ensured, "custom": custom,
		"nothing": emptySample(), "merged": merged(t, a, b),
	}
}

// merged returns what reports are together.
func merged(t testing.TB, reports ...*Report) *Report {
	t.Helper()
	m := NewMerger()
	for i, r := range reports {
		if err := m.Add(fmt.Sprintf("%c.json", 'a'+i), r); err != nil {
			t.Fatal(err)
		}
	}
	return m.Report()
}

func TestReportsAreOfTheirSchema(t *testing.T) {
	schema := compiled(t, "report")
	for name, r := range samples(t) {
		if err := validate(schema, written(t, r, "json")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	old, err := filepath.Glob("testdata/schema1/*.json")
	if err != nil || len(old) == 0 {
		t.Fatalf("no reports of older versions: %v", err)
	}
	for _, path := range old {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		r, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, written(t, r, "json")); err != nil {
			t.Errorf("%s, written again: %v", path, err)
		}
	}
}

func TestBenchIsOfItsSchema(t *testing.T) {
	bench := &Bench{Schema: Schema, Seed: BenchSeed{Records: 100_000, Duration: time.Second, Rate: 1e5, Bytes: 1 << 20}}
	for name, r := range samples(t) {
		bench.Runs = append(bench.Runs, BenchRun{name, 1264, ComparablePeak10s, 1, true, r})
	}
	schema := compiled(t, "bench")
	var text bytes.Buffer
	if err := bench.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := validate(schema, text.Bytes()); err != nil {
		t.Error(err)
	}
	if err := validate(schema, bytes.Replace(text.Bytes(), []byte(`"lag_ns"`), []byte(`"lags_ns"`), 1)); err == nil {
		t.Error("a typo in a report of a bench document is not seen")
	}
	if err := validate(schema, bytes.Replace(text.Bytes(), []byte(`"shared"`), []byte(`"shard"`), 1)); err == nil {
		t.Error("a typo in a run is not seen")
	}
}

// Every key and every value is looked at: whatever is misspelt, or of another type, is not a report.
func TestSchemaIsStrict(t *testing.T) {
	schema, all, seen := compiled(t, "report"), samples(t), map[string]bool{}
	indexes := regexp.MustCompile(`[0-9]+`)
	for _, name := range []string{"ensured", "custom", "merged"} { // which have every key between them
		var document any
		if err := json.Unmarshal(written(t, all[name], "json"), &document); err != nil {
			t.Fatal(err)
		}
		document.(map[string]any)["series"] = document.(map[string]any)["series"].([]any)[:1] // they are all alike
		walkDocument(document, "", func(path string, at map[string]any, key string) {
			place := indexes.ReplaceAllString(path+"/"+key, "0") // elements of a list are alike
			if seen[place] {
				return
			}
			seen[place] = true
			was := at[key]
			delete(at, key)
			at[key+" "] = was
			if !isFree(path) && schema.Validate(document) == nil {
				t.Errorf("%s: %s/%s misspelt goes unseen", name, path, key)
			}
			delete(at, key+" ")
			at[key] = []any{map[string]any{"wrong": true}}
			if schema.Validate(document) == nil {
				t.Errorf("%s: %s/%s of another type goes unseen", name, path, key)
			}
			at[key] = was
		})
		if err := schema.Validate(document); err != nil {
			t.Fatalf("%s is not as it was: %v", name, err)
		}
	}
}

// isFree reports whether an object's keys are not ours.
func isFree(path string) bool {
	last := path[strings.LastIndexByte(path, '/')+1:]
	return slices.Contains([]string{"errors", "user_errors", "counters", "rates", "histograms", "by_scenario"}, last)
}

// walkDocument calls visit for each member of each object, of lists for their first and last element.
func walkDocument(v any, path string, visit func(path string, at map[string]any, key string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walkDocument(v[key], path+"/"+key, visit)
			visit(path, v, key)
		}
	case []any:
		for i, element := range v {
			if i == 0 || i == len(v)-1 {
				walkDocument(element, fmt.Sprintf("%s/%d", path, i), visit)
			}
		}
	}
}

// Whoever adds a key to a document adds it to the schema, with what it means; and what the schema has, there is.
func TestSchemaHasTheKeysOfTheTypes(t *testing.T) {
	for document, of := range map[string]reflect.Type{"report": reflect.TypeFor[Report](), "bench": reflect.TypeFor[Bench]()} {
		text, err := SchemaText(document)
		if err != nil {
			t.Fatal(err)
		}
		var schema map[string]any
		if err := json.Unmarshal([]byte(text), &schema); err != nil {
			t.Fatal(err)
		}
		compareKeys(t, schema, schema, of, document)
	}
	if _, err := SchemaText("peak"); err == nil || !strings.Contains(err.Error(), "report, bench") {
		t.Errorf("a schema that there is not: %v", err)
	}
}

// compareKeys compares the part of a schema with the type whose JSON it describes.
func compareKeys(t *testing.T, root, part map[string]any, of reflect.Type, path string) {
	t.Helper()
	if part = resolved(t, root, part, path); part == nil {
		return // of another document
	}
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == reflect.TypeFor[time.Time]():
		wantType(t, part, "string", path)
	case of.Kind() == reflect.Struct:
		compareMembers(t, root, part, of, path)
	case of.Kind() == reflect.Map:
		compareKeys(t, root, part["additionalProperties"].(map[string]any), of.Elem(), path+".*")
	case of.Kind() == reflect.Slice:
		wantType(t, part, "array", path)
		compareKeys(t, root, part["items"].(map[string]any), of.Elem(), path+"[]")
	case of.Kind() == reflect.String:
		wantType(t, part, "string", path)
	case of.Kind() == reflect.Bool:
		wantType(t, part, "boolean", path)
	case of.Kind() == reflect.Float64:
		wantType(t, part, "number", path)
	default:
		wantType(t, part, "integer", path)
	}
}

func compareMembers(t *testing.T, root, part map[string]any, of reflect.Type, path string) {
	t.Helper()
	wantType(t, part, "object", path)
	if part["additionalProperties"] != false {
		t.Errorf("%s may have any members", path)
	}
	members, ok := part["properties"].(map[string]any)
	if !ok {
		t.Fatalf("%s has no properties", path)
	}
	inType := map[string]bool{}
	for i := range of.NumField() {
		name := jsonKey(of.Field(i))
		if name == "-" || name == "" {
			continue
		}
		inType[name] = true
		member, ok := members[name].(map[string]any)
		if !ok {
			t.Errorf("the schema has no %s.%s, which the type has", path, name)
			continue
		}
		compareKeys(t, root, member, of.Field(i).Type, path+"."+name)
	}
	for name := range members {
		if !inType[name] {
			t.Errorf("the type has no %s.%s, which the schema has", path, name)
		}
	}
}

// resolved follows references; nil: into another document.
func resolved(t *testing.T, root, part map[string]any, path string) map[string]any {
	t.Helper()
	for {
		if either, ok := part["anyOf"].([]any); ok {
			part = either[0].(map[string]any)
		}
		ref, ok := part["$ref"].(string)
		if !ok {
			return part
		}
		name, ok := strings.CutPrefix(ref, "#/$defs/")
		if !ok {
			return nil
		}
		if part, ok = root["$defs"].(map[string]any)[name].(map[string]any); !ok {
			t.Fatalf("%s refers to %s, which there is not", path, ref)
		}
	}
}

func wantType(t *testing.T, part map[string]any, want, path string) {
	t.Helper()
	if _, listed := part["enum"]; listed && want == "string" {
		return
	}
	if _, fixed := part["const"]; fixed {
		return
	}
	types, ok := part["type"].([]any)
	if !ok {
		types = []any{part["type"]}
	}
	if !slices.Contains(types, any(want)) {
		t.Errorf("%s is %v in the schema, want %s", path, part["type"], want)
	}
}

// A key says its unit, and what its durations run from, or it is one that cannot be taken for something else.
func TestSchemaDescribes(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal([]byte(reportSchema), &schema); err != nil {
		t.Fatal(err)
	}
	for name, member := range schema["properties"].(map[string]any) {
		m := member.(map[string]any)
		description, _ := resolved(t, schema, m, name)["description"].(string)
		if own, ok := m["description"].(string); ok {
			description = own
		}
		if description == "" && name != "steps" {
			t.Errorf("%s is not described", name)
		}
		if strings.HasSuffix(name, "_ns") && !strings.HasPrefix(description, "From ") {
			t.Errorf("%s does not say what it runs from: %s", name, description)
		}
	}
}
