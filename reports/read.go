package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxReportSize is how much of a file is read: a week of seconds and all the intervals there may be take less.
const maxReportSize = 2 << 30 // bytes

// FormatError says why a file is not a report that can be read.
type FormatError struct {
	File   string
	Reason string
}

func (e *FormatError) Error() string { return e.File + ": " + e.Reason }

// ReadFile reads a report that attack --output or --html wrote, today's or an older imgsvc's. What an older one did not know is
// null, empty or, where it says so, another value that stands for unknown. The error is a *FormatError if the file
// could be read, but is not a report, or one that contradicts itself.
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
	text, err := io.ReadAll(io.LimitReader(from, maxReportSize+1))
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	if len(text) > maxReportSize {
		return nil, &FormatError{name, "not a report, as it is larger than one can be: " + size(maxReportSize)}
	}
	var report *Report
	text, reason := unwrapped(text)
	if reason == "" {
		report, reason = parse(text)
	}
	if reason != "" {
		return nil, &FormatError{name, reason}
	}
	return report, nil
}

const notReport = "not a report; imgsvc attack --output FILE or --html FILE writes one"

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
	if text, err = upgraded(text, *head.Schema, upgrades()); err != nil {
		return nil, "a damaged report: " + err.Error()
	}
	report = unknown()
	if err := json.Unmarshal(text, report); err != nil {
		return nil, "a damaged report: " + err.Error()
	}
	report.complete()
	if err := report.check(); err != nil {
		return nil, "a damaged report: " + err.Error()
	}
	return report, ""
}
