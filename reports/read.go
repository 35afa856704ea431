package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// FormatError says why a file is not a report that can be read.
type FormatError struct {
	File   string
	Reason string
}

func (e *FormatError) Error() string { return e.File + ": " + e.Reason }

// ReadFile reads a report that attack --output wrote. The error is a *FormatError if the file could be read, but is
// not a report.
func ReadFile(path string) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	report, err := Read(f, path)
	return report, errors.Join(err, f.Close())
}

// Read is ReadFile for an open file, or whatever else name names.
func Read(from io.Reader, name string) (*Report, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	report, reason := parse(text)
	if reason != "" {
		return nil, &FormatError{name, reason}
	}
	return report, nil
}

const notReport = "not a report; imgsvc attack --output FILE writes one"

// parse returns the report in text, or why there is none.
func parse(text []byte) (report *Report, reason string) {
	var head struct {
		Schema   *int
		Requests *int64
		Series   json.RawMessage
	}
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&head)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Sprintf("a file cut short after %d bytes: copy it again, or run the attack again", len(text))
	case err != nil, head.Schema == nil, head.Requests == nil, head.Series == nil:
		return nil, notReport
	case *head.Schema > Schema:
		return nil, fmt.Sprintf("a report of schema %d, and this imgsvc reads up to %d: update it", *head.Schema, Schema)
	case *head.Schema < 1:
		return nil, notReport
	}
	report = &Report{}
	if err := json.Unmarshal(text, report); err != nil {
		return nil, "a damaged report: " + err.Error()
	}
	if err := report.check(); err != nil {
		return nil, "a damaged report: " + err.Error()
	}
	return report, ""
}

// check returns an error if the report contradicts itself, so that no view shows what cannot be.
func (r *Report) check() error {
	if failed := sum(r.Errors); r.Requests != r.Responses+failed {
		return fmt.Errorf("%d requests, but %d responses and %d errors", r.Requests, r.Responses, failed)
	}
	if r.Successes < 0 || r.Successes > r.Responses {
		return fmt.Errorf("%d successes of %d responses", r.Successes, r.Responses)
	}
	if n := sum(r.StatusCodes); n != r.Responses {
		return fmt.Errorf("%d responses, but %d status codes", r.Responses, n)
	}
	if r.Duration < 0 {
		return fmt.Errorf("a duration of %v", r.Duration)
	}
	for _, d := range []struct {
		name string
		Distribution
	}{
		{"latency_ns", r.Latency}, {"response_ns", r.Response}, {"lag_ns", r.Lag}, {"first_byte_ns", r.FirstByte},
	} {
		if err := d.check(); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

func (d Distribution) check() error {
	histogram, err := decode(d.HDR)
	if err != nil {
		return err
	}
	if n := histogram.TotalCount(); n != d.Count {
		return fmt.Errorf("a count of %d, but %d in its histogram", d.Count, n)
	}
	return nil
}

// decode returns the histogram that hdr encodes; "" is the empty one.
func decode(hdr string) (*hdrhistogram.PackedHistogram, error) {
	if hdr == "" {
		return newSparse().sparse, nil
	}
	histogram, err := hdrhistogram.DecodePacked([]byte(hdr))
	if err != nil {
		return nil, fmt.Errorf("decode histogram: %w", err)
	}
	return histogram, nil
}

func sum(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
