package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// show writes the report wherever it is wanted. One output that fails does not keep the others from being written.
func (f *attackFlags) show(cmd *cobra.Command, out *output, report *reports.Report) error {
	format, w := "text", cmd.OutOrStdout()
	if out.json {
		format = "json"
	}
	if f.results == "-" {
		w = cmd.ErrOrStderr()
	}
	err := f.writeFiles(report)
	return errors.Join(report.Write(w, format), err)
}

// writeFiles writes the report to the files that are wanted. One that fails does not keep the others from being written.
func (f *attackFlags) writeFiles(report *reports.Report) error {
	var errs []error
	if f.output != "" {
		errs = append(errs, report.WriteFile(f.output))
	}
	if f.html != "" {
		errs = append(errs, report.WriteHTMLFile(f.html))
	}
	return errors.Join(errs...)
}

func (f *attackFlags) checkOutputs() error {
	if f.output != "" && f.output == f.html {
		return usageError(fmt.Errorf("--output and --html both want %s: give one of them another file", f.output))
	}
	return errors.Join(checkOutput("output", f.output), checkOutput("html", f.html))
}

// checkOutput finds out before a run what would keep the flag's file from being written after it.
func checkOutput(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--%s %s is a folder: name a file in it", flag, path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return nil
}

// openResults opens what --results names. The returned func writes what is buffered and closes it.
func (f *attackFlags) openResults(cmd *cobra.Command) (*attack.ResultWriter, func() error, error) {
	switch f.results {
	case "":
		return nil, func() error { return nil }, nil
	case "-":
		w := attack.NewResultWriter(cmd.OutOrStdout())
		return w, w.Flush, nil
	}
	// For writing only: who opens a pipe for both never learns that its reader has gone.
	file, err := os.OpenFile(f.results, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, nil, fmt.Errorf("open results: %w", err)
	}
	// A reader that stalls does not keep the second Ctrl-C from ending the run. Files need no deadline and take none.
	unwatch := context.AfterFunc(killContext(cmd.Context()), func() { _ = file.SetWriteDeadline(time.Unix(1, 0)) })
	w := attack.NewResultWriter(file)
	return w, func() error { defer unwatch(); return errors.Join(w.Flush(), file.Close()) }, nil
}
