package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldReport reads a report that an older version wrote.
func oldReport(t testing.TB, name string) *Report {
	t.Helper()
	r, err := ReadFile(filepath.Join("testdata", "schema1", name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// There is a way from every schema number to today's.
func TestUpgradesReachTheSchema(t *testing.T) {
	if n := len(upgrades()); n != Schema-1 {
		t.Errorf("%d upgrades lead to schema %d, not %d: each number needs one from the number before", n, n+1, Schema)
	}
}

func TestUpgraded(t *testing.T) {
	rename := func(from, to string) upgrade {
		return func(members map[string]json.RawMessage) error {
			if members[from] == nil {
				return errors.New("there is no " + from)
			}
			members[to] = members[from]
			delete(members, from)
			return nil
		}
	}
	chain := []upgrade{rename("a", "b"), rename("b", "c")}
	tests := []struct {
		name, text string
		schema     int
		want       string
	}{
		{"the oldest", `{"schema":1,"a":7}`, 1, `{"c":7,"schema":3}`},
		{"one between", `{"schema":2,"b":7}`, 2, `{"c":7,"schema":3}`},
		{"today's is not touched", `{"schema": 3, "c": 7}`, 3, `{"schema": 3, "c": 7}`},
		{"one that lacks something", `{"schema":2,"a":7}`, 2, "of schema 2: there is no b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := upgraded([]byte(tt.text), tt.schema, chain)
			if err != nil {
				text = []byte(err.Error())
			}
			if string(text) != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
}

// What the first version wrote is shown in every format, with its own figures, and with nothing that it did not know.
func TestReportsOfOlderVersions(t *testing.T) {
	files, err := filepath.Glob("testdata/schema1/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			r := oldReport(t, name)
			for _, format := range Formats() {
				var out bytes.Buffer
				switch err := r.Write(&out, format); {
				case format == "artillery":
					if !errors.Is(err, ErrNoIntervals) {
						t.Errorf("as artillery: %v, want what it lacks", err)
					}
				case err != nil:
					t.Errorf("as %s: %v", format, err)
				}
				said := out.String()
				if format == "html" {
					said = partsOf(t, out.Bytes(), "main")[0].text
				}
				for _, nonsense := range []string{"0 cores", "NaN", "Inf", "()", "HTTP/", "null null"} {
					if format != "json" && strings.Contains(said, nonsense) {
						t.Errorf("as %s it says %q:\n%s", format, nonsense, said)
					}
				}
			}
			sameDocument(t, path, written(t, r, "json"))
		})
	}
	golden(t, "schema1/first-a.txt", written(t, oldReport(t, "first-a.json"), "text"))
	golden(t, "schema1/first-walk.txt", written(t, oldReport(t, "first-walk.json"), "text"))
}

// sameDocument compares a file with what became of it: what it has is as it was, and what it has not is unknown.
func sameDocument(t *testing.T, path string, now []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var was, is map[string]any
	if err := errors.Join(json.Unmarshal(text, &was), json.Unmarshal(now, &is)); err != nil {
		t.Fatal(err)
	}
	compareMembersOf(t, path, was, is)
}

func compareMembersOf(t *testing.T, path string, was, is map[string]any) {
	t.Helper()
	unknown := map[string]string{ // as JSON
		"protocol": `""`, "plan": "null", "intervals": "null", "gc_pause_max_ns": "null", "run_queue_ns": "null", "ready_wait_p99_ns": "null",
		"ceiling_rps": "null",
	}
	for key, v := range is {
		old, had := was[key]
		oldMembers, nested := old.(map[string]any)
		switch text, err := json.Marshal(v); {
		case err != nil:
			t.Fatal(err)
		case nested:
			compareMembersOf(t, path+"/"+key, oldMembers, v.(map[string]any))
		case !had && key != "endpoints" && unknown[key] != string(text): // endpoints are names for the steps
			t.Errorf("%s/%s is %s, which the file does not say", path, key, text)
		case had:
			if oldText, err := json.Marshal(old); err != nil || !bytes.Equal(oldText, text) {
				t.Errorf("%s/%s is %s, in the file %s", path, key, text, oldText)
			}
		}
	}
	for key := range was {
		if _, has := is[key]; !has {
			t.Errorf("%s/%s is gone", path, key)
		}
	}
}

// A report of hardly anything claims nothing.
func TestReportOfFewKeys(t *testing.T) {
	text := `{"schema":1,"requests":2,"responses":2,"status_codes":{"200":2},"series":[]}`
	r, err := Read(strings.NewReader(text), "run.json")
	if err != nil {
		t.Fatal(err)
	}
	shown := string(written(t, r, "text"))
	if !strings.Contains(shown, "limit: unknown, as the report does not say") || strings.Contains(shown, "core") {
		t.Errorf("what limited it was not said:\n%s", shown)
	}
	if r.Generator.HostIdle != 1 || r.Intervals != nil || r.Warnings == nil || r.Errors == nil {
		t.Errorf("%+v", r)
	}
	if err := validate(compiled(t, "report"), []byte(text)); err == nil {
		t.Error("the schema takes it for one of ours")
	}
}

// Reports of the first version merge, and say what they do not have.
func TestMergeOfOlderVersions(t *testing.T) {
	a, b := oldReport(t, "first-a.json"), oldReport(t, "first-b.json")
	r := merged(t, a, b)
	if r.Requests != 160 || r.Response.Count != 160 || len(r.Series) != 3 || r.Protocol != "" || r.Intervals != nil {
		t.Errorf("%d requests, %d responses, %d seconds, protocol %q", r.Requests, r.Response.Count, len(r.Series), r.Protocol)
	}
	if g := r.Generator; g.GCPauseMax != nil || g.RunQueue != nil || g.ReadyWaitP99 != nil || g.CeilingRPS != nil {
		t.Errorf("%+v: unknown and unknown is not a figure", g)
	}
	if len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "no intervals, as the report is of an older imgsvc") {
		t.Errorf("warnings %q", r.Warnings)
	}
	golden(t, "schema1/merged.txt", written(t, r, "text"))
	m := NewMerger()
	if err := m.Add("first-a.json", a); err != nil {
		t.Fatal(err)
	}
	if err := m.Add("first-walk.json", oldReport(t, "first-walk.json")); err == nil || !strings.Contains(err.Error(), "different scripts") {
		t.Errorf("another script: %v", err)
	}
}
