package reports

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadErrors(t *testing.T) {
	whole := string(written(t, closedSample(), "json"))
	run, steps, _ := strings.Cut(whole, `"steps"`)
	tests := []struct{ name, text, want string }{
		{"empty", "", "not a report"},
		{"not JSON", "hello", "not a report; imgsvc attack --output FILE or --html FILE writes one"},
		{"another's JSON", `{"latencies":{"total":1},"requests":5,"rate":100}`, "not a report"},
		{"a bench document", `{"schema":1,"seed":{},"runs":[]}`, "not a report"},
		{"a list", "[1,2]", "not a report"},
		{"no such schema", strings.Replace(whole, `"schema": 1`, `"schema": 0`, 1), "not a report"},
		{"newer", strings.Replace(whole, `"schema": 1`, `"schema": 2`, 1), "schema 2, and this imgsvc reads up to 1: update it"},
		{"cut short", whole[:len(whole)/2], "cut short after"},
		{"two in one", whole + whole, "damaged report"},
		{"a wrong type", strings.Replace(whole, `"stopped": false`, `"stopped": "no"`, 1), "damaged report"},
		{"it does not add up", strings.Replace(whole, `"requests": 21000`, `"requests": 21001`, 1),
			"damaged report: 21001 requests, but 21000 responses and 0 errors"},
		{"too many successes", strings.Replace(whole, `"successes": 21000`, `"successes": 21001`, 1), "21001 successes"},
		{"too few statuses", strings.Replace(whole, `"200": 21000`, `"200": 20999`, 1), "20999 status codes"},
		{"a broken histogram", strings.Replace(whole, `"hdr": "HIST`, `"hdr": "HISS`, 1), "damaged report: latency_ns"},
		{"a negative count", strings.Replace(whole, `"unsent": 0`, `"unsent": -3`, 1), "damaged report: unsent: a figure of -3"},
		{"a count no run has", strings.Replace(whole, `"in": 2100000`, `"in": 9007199254740993`, 1),
			"damaged report: bytes: in: a figure of 9007199254740993"},
		{"a second that is missing", strings.Replace(whole, `"at_ns": 4000000000,`, `"at_ns": 5000000000,`, 1),
			"damaged report: second 4 of the series is at 5s"},
		{"a step's broken histogram", run + `"steps"` + strings.Replace(steps, "HISTF", "HIST", 1), "damaged report: step 0: decode histogram"},
		{"another count", strings.Replace(whole, `"count": 21000`, `"count": 20000`, 1), "21000 in its histogram"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tt.text), "run.json")
			var format *FormatError
			if !errors.As(err, &format) || !strings.HasPrefix(err.Error(), "run.json: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a FormatError that says %q", err, tt.want)
			}
		})
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "absent.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.json")
	for range 2 { // a new file, and one that is there
		if err := openSample().WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err != nil {
			t.Error(err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "latest.json")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := closedSample().WriteFile(link); err != nil {
		t.Fatal(err)
	}
	if r, err := ReadFile(path); err != nil || r.Script != "siege.js" {
		t.Errorf("through a link: %v, %v", r, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link has become a file: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions are now %v", info.Mode())
	}
	onlyFiles(t, dir, "latest.json", "run.json")
}

// Whatever goes wrong, the report that was there stays, and nothing is left beside it.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.json")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := replaceFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half a rep"); err != nil {
			t.Error(err)
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "before" {
		t.Errorf("it now holds %q, %v", text, err)
	}
	onlyFiles(t, dir, "run.json")

	absent := filepath.Join(dir, "absent", "run.json")
	err = closedSample().WriteFile(absent)
	if want := "write report " + absent + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A device or a pipe is written to, not replaced.
func TestWriteFileDevice(t *testing.T) {
	if err := closedSample().WriteFile(os.DevNull); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatal("the null device has become a file")
	}
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}
