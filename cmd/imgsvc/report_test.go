package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func TestReportExitCodes(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/report.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range append(archive.Files, txtar.File{Name: "notes.txt", Data: []byte("It was fast.")}) {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report, notes := filepath.Join(dir, "run.json"), filepath.Join(dir, "notes.txt")
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"shown", []string{report}, 0},
		{"it holds", []string{"--threshold", "p99<70ms", report}, 0},
		{"it does not", []string{"--threshold", "p99<50ms", report}, exitThreshold},
		{"nor does one of two", []string{"--threshold", "p99<70ms", "--threshold", "rps>1000", report}, exitThreshold},
		{"nor for one of two", []string{"--compare", "--threshold", "p99<50ms", report, report}, exitThreshold},
		{"in any format", []string{"--json", "--threshold", "p99<50ms", report}, exitThreshold},
		{"no samples", []string{"--threshold", "rps.peak_10s>1", report}, exitThreshold},
		{"a wrong expression", []string{"--threshold", "p42<50ms", report}, exitUsage},
		{"a wrong format", []string{"--format", "pdf", report}, exitUsage},
		{"two formats", []string{"--json", "--format", "csv", report}, exitUsage},
		{"twice the same", []string{"--format", "csv", report, report}, exitUsage},
		{"compared as csv", []string{"--compare", "--format", "csv", report, report}, exitUsage},
		{"a report and none", []string{report, notes}, exitUsage},
		{"compared with none", []string{"--compare", report, notes}, exitUsage},
		{"no file", nil, exitUsage},
		{"no report", []string{notes}, exitUsage},
		{"no such file", []string{filepath.Join(dir, "absent.json")}, exitFailed},
		{"a folder", []string{dir}, exitFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(append([]string{"report"}, tt.args...), io.Discard, io.Discard); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
		})
	}
}
