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
	var err error
	if f.output != "" {
		err = report.WriteFile(f.output)
	}
	return errors.Join(report.Write(w, format), err)
}

// checkOutput finds out before a run what would keep its report from being written after it.
func checkOutput(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--output %s is a folder: name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--output %s: %w", path, err)
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
