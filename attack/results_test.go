package attack

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/starkillersystems/imgsvc/scenarios"
)

// What --results writes is what vegeta's own report reads.
func TestVegetaReadsTheResults(t *testing.T) {
	s := newSite(t, fine)
	var stream bytes.Buffer
	w := NewResultWriter(&stream)
	mustRun(t, Options{
		Script:  plan(scenarios.Phase{Users: 3, Requests: 50}, get(s.URL+"/a?b=c")),
		Name:    "run",
		Results: w.Write,
	})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var metrics vegeta.Metrics
	decode := vegeta.DecoderFor(&stream)
	if decode == nil {
		t.Fatal("vegeta does not recognise the encoding")
	}
	for {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if r.URL != s.URL+"/a?b=c" || r.Method != "GET" || r.Attack != "run" || r.Latency <= 0 {
			t.Fatalf("result %+v: want the real URL, method, attack and latency", r)
		}
		if string(r.Body) != "hello" || r.BytesIn != 5 {
			t.Fatalf("body %q of %d bytes, want hello", r.Body, r.BytesIn)
		}
		metrics.Add(&r)
	}
	metrics.Close()
	var text bytes.Buffer
	if err := vegeta.NewTextReporter(&metrics).Report(&text); err != nil {
		t.Fatal(err)
	}
	if metrics.Requests != 50 || metrics.Success != 1 || metrics.StatusCodes["200"] != 50 {
		t.Errorf("vegeta counts %d requests, success %v, codes %v; want 50, 1, 200:50\n%s",
			metrics.Requests, metrics.Success, metrics.StatusCodes, &text)
	}
}

// full is a disk with no space left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestResultWriterTellsOfAFullDisk(t *testing.T) {
	w := NewResultWriter(full{})
	for range 10_000 {
		w.Write(&Result{})
	}
	if err := w.Flush(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v, want the disk's", err)
	}
}
