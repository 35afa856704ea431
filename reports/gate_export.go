package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteMarkdownFile writes a summary for a pull request or a CI job's page.
func (g *Gate) WriteMarkdownFile(path string) error {
	if err := replaceFile(path, g.writeMarkdown); err != nil {
		return fmt.Errorf("write gate %s: %w", path, err)
	}
	return nil
}

func (g *Gate) writeMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "### %s imgsvc gate: %s\n\n%s\n\n", verdictSign(g.Verdict), g.Verdict, escaped(g.Summary))
	if g.Pairs > 0 {
		columns := g.tableColumns()
		fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
		for _, m := range g.Metrics {
			row := g.tableRow(m)
			for i := range row {
				row[i] = escaped(row[i])
			}
			fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		}
		fmt.Fprintln(w)
	}
	for _, reason := range g.Further() {
		fmt.Fprintf(w, "- %s\n", escaped(reason))
	}
	for _, m := range g.Metrics {
		if m.Reason != "" {
			fmt.Fprintf(w, "- %s is not gated: %s\n", m.Name, escaped(m.Reason))
		}
	}
	for _, warning := range g.Warnings {
		fmt.Fprintf(w, "- Warning: %s\n", escaped(warning))
	}
	fmt.Fprintf(w, "\n%s; load %s; seed %d. Error rate: %s.\n", escaped(g.pairsText()), escaped(g.Load), g.Seed, escaped(g.claim()))
	return nil
}

// verdictSign is a verdict for who looks for a colour.
func verdictSign(verdict string) string {
	switch verdict {
	case VerdictPass:
		return "✅"
	case VerdictFail:
		return "❌"
	}
	return "⚠️"
}

// The parts of JUnit's XML that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string    `xml:"name,attr"`
		Class   string    `xml:"classname,attr"`
		Time    string    `xml:"time,attr"`
		Failure *junitWhy `xml:"failure"`
		Error   *junitWhy `xml:"error"`
		Skipped *junitWhy `xml:"skipped"`
		Output  string    `xml:"system-out,omitempty"`
	}
	junitWhy struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnitFile writes the gate as a suite of one test, and one more for each metric.
func (g *Gate) WriteJUnitFile(path string) error {
	if err := replaceFile(path, g.writeJUnit); err != nil {
		return fmt.Errorf("write gate %s: %w", path, err)
	}
	return nil
}

func (g *Gate) writeJUnit(w io.Writer) error {
	suite := junitSuite{Name: "imgsvc gate", Time: fmt.Sprintf("%.3f", g.Duration.Seconds())}
	add := func(name, verdict, message, output string) {
		c := junitCase{Name: plain(name), Class: "imgsvc.gate", Time: "0", Output: plain(output)}
		why := &junitWhy{plain(message)}
		switch verdict {
		case VerdictFail:
			c.Failure = why
			suite.Failures++
		case VerdictInvalid:
			c.Error = why
			suite.Errors++
		case VerdictInconclusive, VerdictNone:
			c.Skipped = why
			suite.Skipped++
		}
		suite.Tests++
		suite.Cases = append(suite.Cases, c)
	}
	add("gate", g.Verdict, g.Summary, strings.Join(append([]string{g.claim()}, g.Warnings...), "; "))
	for _, m := range g.Metrics {
		row := g.tableRow(m)
		text := fmt.Sprintf("base %s, candidate %s, worse by %s (%s), margin %s", row[2], row[3], row[4], row[5], row[6])
		message := m.Verdict + ": " + text
		if m.Reason != "" {
			message = m.Reason
		}
		add(m.Name, m.Verdict, message, text)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
