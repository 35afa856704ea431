package reports

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead reads whatever there may be in a file. What is refused is refused by the file's name; what is taken can be
// shown in every format, merged and compared, and comes out of a merge as a report that can be read.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":1,"requests":0,"series":[]}`))
	f.Add([]byte(`{"schema":1,"requests":1,"errors":{"E":1},"series":[{"response_hdr":"x"}],"duration_ns":5e9}`))
	f.Add([]byte(`{"schema":1,"requests":0,"series":[{"at_ns":0}],"duration_ns":9007199254740992,"intervals":[{"at_ns":0,` +
		`"sent":9007199254740992,"sent_at_ns":{"first":-9223372036854775808,"last":9223372036854775807},` +
		`"steps":[{"step":9007199254740992,"answers":[{"status_codes":{"":7}}]}]}]}`))
	for _, r := range []*Report{emptySample(), generatorRun(1, nil)} {
		var text bytes.Buffer
		if err := r.Write(&text, "json"); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
		f.Add([]byte(strings.Replace(text.String(), `"count": `, `"count": 1`, 1)))
		f.Add([]byte(strings.Replace(text.String(), `"limit": "service"`, `"limit": "moon", "cores": null`, 1)))
	}
	old, err := os.ReadFile(filepath.Join("testdata", "schema1", "first-walk.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(old)
	f.Fuzz(func(t *testing.T, text []byte) {
		report, err := Read(bytes.NewReader(text), "run.json")
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) || !strings.HasPrefix(err.Error(), "run.json: ") {
				t.Fatalf("%T does not name the file: %v", err, err)
			}
			return
		}
		for _, format := range Formats() {
			if err := report.Write(io.Discard, format); err != nil && !errors.Is(err, ErrNoIntervals) {
				t.Errorf("as %s: %v", format, err)
			}
		}
		again, err := Read(bytes.NewReader(text), "again.json")
		if err != nil {
			t.Fatal(err)
		}
		again.Name, again.Generators = again.Name+"2", nil
		mergeAndCompare(t, report, again)
	})
}

func mergeAndCompare(t *testing.T, a, b *Report) {
	for _, format := range ComparisonFormats() {
		if err := Compare([]string{"run.json", "again.json"}, []*Report{a, b}).Write(io.Discard, format); err != nil {
			t.Error(err)
		}
	}
	m := NewMerger()
	m.AlignStarts = true
	if m.Add("run.json", a) != nil || m.Add("again.json", b) != nil {
		return // of histograms that we do not merge, or it says to be merged of a run that is in it
	}
	var text bytes.Buffer
	if err := m.Report().Write(&text, "json"); err != nil {
		t.Fatal(err)
	}
	r, err := Read(bytes.NewReader(text.Bytes()), "merged.json")
	if err != nil {
		if !strings.Contains(err.Error(), "a figure of") { // beyond what any run counts, together
			t.Fatalf("%v\n%s", err, text.String())
		}
		return
	}
	if r.Requests != a.Requests+b.Requests {
		t.Errorf("%d requests of %d and %d", r.Requests, a.Requests, b.Requests)
	}
}
