package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/reports"
)

// reportFlags are the flags of `imgsvc report`, as they were typed.
type reportFlags struct {
	format     string
	thresholds []string
}

func newReportCmd(out *output) *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Show and judge the reports that attack wrote",
		Long: `Show and judge the reports that attack --output wrote. A FILE that is - is standard input.

A threshold is judged on the report's own figures, in place of those that judged it before, and the exit code is 3
unless all hold. Without --threshold a report is only shown, and the exit code is 0 whatever it says.

Formats: text for people · json, the whole document · csv, the series by the second · markdown, a summary for a
pull request or a CI job's page · artillery, the JSON that artillery run --output writes, its periods counted from the
start of the run · hdr, the percentile distribution of response in ms, for HdrHistogram's plotters.`,
		Example: `  imgsvc report run.json
  imgsvc report --threshold 'p99<50ms,errors<0.1%' --threshold 'rps>400' run.json
  imgsvc report --format markdown run.json >> "$GITHUB_STEP_SUMMARY"
  imgsvc attack --json --rate 400 --duration 10s http://127.0.0.1:3000/listings/7 | imgsvc report -`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, out, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "text", "one of "+strings.Join(reports.Formats(), ", "))
	flags.StringArrayVar(&f.thresholds, "threshold", nil,
		"exit with 3 unless it holds: p99<50ms, success>=99.9%, rps>400 (repeat)")
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, out *output, files []string) error {
	thresholds, err := f.check(cmd, out, files)
	if err != nil {
		return usageError(err)
	}
	pass := true
	for i, file := range files {
		report, err := readReport(cmd, file)
		if err != nil {
			return err
		}
		if len(thresholds) > 0 {
			pass = report.Judge(thresholds) && pass
		}
		if len(files) > 1 {
			fmt.Fprintf(cmd.OutOrStdout(), "%s==> %s <==\n", strings.Repeat("\n", min(i, 1)), file)
		}
		err = report.Write(cmd.OutOrStdout(), f.format)
		if errors.Is(err, reports.ErrNoIntervals) {
			return usageError(err)
		}
		if err != nil {
			return err
		}
	}
	if !pass {
		return &exitError{code: exitThreshold}
	}
	return nil
}

// check makes sense of the flags before anything is read. Its errors are the caller's to mend.
func (f *reportFlags) check(cmd *cobra.Command, out *output, files []string) ([]reports.Threshold, error) {
	if out.json {
		if cmd.Flags().Changed("format") && f.format != "json" {
			return nil, fmt.Errorf("--json and --format %s want different things: give one of them", f.format)
		}
		f.format = "json"
	}
	if err := reports.CheckFormat(f.format); err != nil {
		return nil, err
	}
	if len(files) > 1 && f.format != "text" {
		return nil, fmt.Errorf("%d reports cannot be one %s document: give one FILE at a time", len(files), f.format)
	}
	var all []reports.Threshold
	for _, expr := range f.thresholds {
		thresholds, err := reports.ParseThresholds(expr)
		if err != nil {
			return nil, err
		}
		all = append(all, thresholds...)
	}
	return all, nil
}

// readReport reads a file, or standard input for -. What is read and is no report is the caller's to mend.
func readReport(cmd *cobra.Command, file string) (*reports.Report, error) {
	read := func() (*reports.Report, error) { return reports.ReadFile(file) }
	if file == "-" {
		read = func() (*reports.Report, error) { return reports.Read(cmd.InOrStdin(), "standard input") }
	}
	report, err := read()
	var format *reports.FormatError
	if errors.As(err, &format) {
		return nil, usageError(err)
	}
	return report, err
}
