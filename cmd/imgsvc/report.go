package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/reports"
)

// reportFlags are the flags of `imgsvc report`, as they were typed.
type reportFlags struct {
	format      string
	thresholds  []string
	compare     bool
	alignStarts bool
	schema      string
}

func newReportCmd(out *output) *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Show, merge, compare and judge the reports that attack wrote",
		Long: `Show and judge the reports that attack --output wrote, or the pages of --html. A FILE that is - is standard input.

Several FILEs are those of generators that ran together, and become one report: counts add up, durations are merged by
their histograms, which is exact. What did not run together (the same script at the same target, started at most 5 s
apart) is refused. With --compare they are shown side by side instead, with ratios to the first.

A threshold is judged on the report's own figures, in place of those that judged it before, and the exit code is 3
unless all hold. Without --threshold a report is only shown, and the exit code is 0 whatever it says.

Formats: text for people · json, the whole document · csv, the series by the second · markdown, a summary for a
pull request or a CI job's page · artillery, the JSON that artillery run --output writes, its periods counted from the
start of the run · hdr, the percentile distribution of response in ms, for HdrHistogram's plotters · html, a page with
charts that needs no network and holds the report.`,
		Example: `  imgsvc report run.json
  imgsvc report --threshold 'p99<50ms,errors<0.1%' --threshold 'rps>400' run.json
  imgsvc report --format markdown run.json >> "$GITHUB_STEP_SUMMARY"
  imgsvc report --json --threshold 'rps>40000' machine1.json machine2.json > both.json
  imgsvc report --format html run.json > run.html
  imgsvc report --compare before.json after.json
  imgsvc attack --json --rate 400 --duration 10s http://127.0.0.1:3000/listings/7 | imgsvc report -
  imgsvc report --schema > report.schema.json`,
		Args: usageArgs(func(cmd *cobra.Command, args []string) error {
			if f.schema != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, out, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "text", "one of "+strings.Join(reports.Formats(), ", "))
	flags.StringArrayVar(&f.thresholds, "threshold", nil,
		"exit with 3 unless it holds: p99<50ms, success>=99.9%, rps>400 (repeat)")
	flags.BoolVar(&f.compare, "compare", false, "show several reports side by side, with ratios to the first, instead of merging them")
	flags.BoolVar(&f.alignStarts, "align-starts", false,
		"merge runs whose clocks differ: each from its own start, whatever it says of when that was")
	flags.StringVar(&f.schema, "schema", "", "print the JSON Schema of a document, report or bench")
	flags.Lookup("schema").NoOptDefVal = "report"
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, out *output, files []string) error {
	if f.schema != "" {
		return f.printSchema(cmd.OutOrStdout())
	}
	thresholds, err := f.check(cmd, out, files)
	if err != nil {
		return usageError(err)
	}
	if f.compare {
		return f.runCompare(cmd, files, thresholds)
	}
	report, err := f.read(cmd, files)
	if err != nil {
		return err
	}
	pass := len(thresholds) == 0 || report.Judge(thresholds)
	err = report.Write(cmd.OutOrStdout(), f.format)
	switch {
	case errors.Is(err, reports.ErrNoIntervals):
		return usageError(err)
	case err == nil && !pass:
		return &exitError{code: exitThreshold}
	}
	return err
}

func (f *reportFlags) printSchema(w io.Writer) error {
	text, err := reports.SchemaText(f.schema)
	if err != nil {
		return usageError(err)
	}
	_, err = io.WriteString(w, text)
	return err
}

// runCompare shows the reports side by side, and judges each.
func (f *reportFlags) runCompare(cmd *cobra.Command, files []string, thresholds []reports.Threshold) error {
	var all []*reports.Report
	pass := true
	for _, file := range files {
		report, err := readReport(cmd, file)
		if err != nil {
			return err
		}
		if len(thresholds) > 0 {
			pass = report.Judge(thresholds) && pass
		}
		all = append(all, report)
	}
	err := reports.Compare(files, all).Write(cmd.OutOrStdout(), f.format)
	if err == nil && !pass {
		return &exitError{code: exitThreshold}
	}
	return err
}

// read returns the report of a file, or what several are together. One file after the other is in memory.
func (f *reportFlags) read(cmd *cobra.Command, files []string) (*reports.Report, error) {
	if len(files) == 1 {
		return readReport(cmd, files[0])
	}
	merger := reports.NewMerger()
	merger.AlignStarts = f.alignStarts
	for _, file := range files {
		report, err := readReport(cmd, file)
		if err != nil {
			return nil, err
		}
		if err := merger.Add(fileName(file), report); err != nil {
			return nil, usageError(err)
		}
	}
	return merger.Report(), nil
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
	if err := f.checkFiles(files); err != nil {
		return nil, err
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

// checkFiles looks whether the files are as many as what is to be done with them needs.
func (f *reportFlags) checkFiles(files []string) error {
	stdin := 0
	for _, file := range files {
		if file == "-" {
			stdin++
		}
	}
	switch {
	case stdin > 1:
		return errors.New("standard input can be read once: give - once, and files for the rest")
	case f.compare && f.alignStarts:
		return errors.New("--align-starts is for merging, which --compare does not do: give one of them")
	case f.compare && len(files) < 2:
		return errors.New("--compare wants at least two reports")
	case f.alignStarts && len(files) < 2:
		return errors.New("--align-starts is for merging, which takes at least two reports")
	case f.compare:
		return reports.CheckComparisonFormat(f.format)
	}
	return nil
}

// fileName is what a file is called in what is said of it.
func fileName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// readReport reads a file, or standard input for -. What is read and is no report is the caller's to mend.
func readReport(cmd *cobra.Command, file string) (*reports.Report, error) {
	read := func() (*reports.Report, error) { return reports.ReadFile(file) }
	if file == "-" {
		read = func() (*reports.Report, error) { return reports.Read(cmd.InOrStdin(), fileName(file)) }
	}
	report, err := read()
	var format *reports.FormatError
	if errors.As(err, &format) {
		return nil, usageError(err)
	}
	return report, err
}
