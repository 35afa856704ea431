package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// exchange is one request with its answer, as --once shows it.
type exchange struct {
	Scenario string          `json:"scenario,omitempty"`
	Name     string          `json:"name,omitempty"`
	Request  shownMessage    `json:"request"`
	Status   int             `json:"status"` // 0: there was no complete answer
	Error    string          `json:"error,omitempty"`
	Latency  time.Duration   `json:"latency_ns"`
	Answer   shownMessage    `json:"answer"`
	Captured []shownVariable `json:"captured"`
	Checks   []shownCheck    `json:"checks"`
	Failed   string          `json:"failed,omitempty"` // why the user does not go on
	Why      []string        `json:"why,omitempty"`
}

// shownMessage is a request or an answer without what is secret.
type shownMessage struct {
	Line    string   `json:"line"`
	Headers []string `json:"headers"`
	Body    string   `json:"body"` // its beginning
	Left    int      `json:"body_bytes_left_out"`
}

type shownVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type shownCheck struct {
	Type string `json:"type"`
	OK   bool   `json:"ok"`
	Got  string `json:"got"`
	Want string `json:"want"`
}

// runOnce has one user walk through each scenario and shows every request with its answer.
func (f *attackFlags) runOnce(cmd *cobra.Command, out *output, j *job) error {
	if f.results != "" {
		return usageError(errors.New("--once shows every answer itself: it does not go with --results"))
	}
	if err := f.checkOutputs(); err != nil {
		return err
	}
	shown := []exchange{}
	w := cmd.OutOrStdout()
	j.stderr, j.quiet = cmd.ErrOrStderr(), out.quiet
	j.options.Once = func(e *attack.Exchange) {
		one := j.exchange(e)
		if out.json {
			shown = append(shown, one)
			return
		}
		one.write(w)
	}
	report, runErr := j.run(cmd.Context())
	if report != nil {
		runErr = errors.Join(f.writeOnce(w, out, shown, report), runErr, onceFailed(report))
	}
	return runErr
}

// writeOnce writes the report, and everything that was shown with it where one JSON document is wanted.
func (f *attackFlags) writeOnce(w io.Writer, out *output, shown []exchange, report *reports.Report) error {
	err := f.writeFiles(report)
	if !out.json {
		fmt.Fprintln(w)
		return errors.Join(report.Write(w, "text"), err)
	}
	return errors.Join(writeJSON(w, struct {
		Exchanges []exchange      `json:"exchanges"`
		Report    *reports.Report `json:"report"`
	}{shown, report}), err)
}

// onceFailed says so if a user could not walk its scenario to the end.
func onceFailed(report *reports.Report) error {
	if report.Users.Failed == 0 {
		return nil
	}
	return &exitError{exitFailed, fmt.Errorf("%d of %d users could not go on", report.Users.Failed, report.Users.Created)}
}

func (j *job) exchange(e *attack.Exchange) exchange {
	head, body, _ := bytes.Cut(e.Request, []byte("\r\n\r\n"))
	one := exchange{
		Name: e.Step.Name, Status: e.Status, Error: e.Error, Latency: e.Latency, Failed: e.Failed,
		Request: newShownMessage(head, body), Answer: newShownMessage(e.Head, e.Body),
		Captured: []shownVariable{}, Checks: []shownCheck{},
	}
	one.Request.Line = e.Method + " " + e.URL
	if e.Scenario >= 0 {
		one.Scenario = j.options.Script.Scenarios[e.Scenario].Name
	}
	for _, c := range e.Captured {
		value, left := shownText([]byte(c.Value))
		if left > 0 {
			value += "…"
		}
		one.Captured = append(one.Captured, shownVariable{c.Name, value})
	}
	for _, c := range e.Checks {
		one.Checks = append(one.Checks, shownCheck{c.Type, c.OK, printable(c.Got), printable(c.Want)})
	}
	for _, why := range e.Why {
		one.Why = append(one.Why, printable(why))
	}
	return one
}

func newShownMessage(head, body []byte) (m shownMessage) {
	m.Headers = []string{}
	if len(head) > 0 {
		m.Line, m.Headers = shownHead(head)
	}
	m.Body, m.Left = shownText(body)
	return m
}

// write prints an exchange for people.
func (e *exchange) write(w io.Writer) {
	fmt.Fprintln(w)
	e.Request.write(w, ">")
	if e.Error != "" {
		fmt.Fprintf(w, "! no complete answer: %s, after %s\n", e.Error, e.Latency.Round(10*time.Microsecond))
	} else {
		e.Answer.write(w, "<")
		fmt.Fprintf(w, "  after %s\n", e.Latency.Round(10*time.Microsecond))
	}
	for _, c := range e.Captured {
		fmt.Fprintf(w, "  %s = %s\n", c.Name, c.Value)
	}
	for _, c := range e.Checks {
		if c.OK {
			fmt.Fprintf(w, "  ok    %s %s\n", c.Type, c.Want)
		} else {
			fmt.Fprintf(w, "  FAIL  %s: expected %s, got %s\n", c.Type, c.Want, c.Got)
		}
	}
	if e.Failed != "" {
		fmt.Fprintf(w, "! the user ends: %s\n", e.Failed)
	}
	for _, why := range e.Why {
		fmt.Fprintf(w, "!   %s\n", why)
	}
}

func (m *shownMessage) write(w io.Writer, mark string) {
	fmt.Fprintf(w, "%s %s\n", mark, m.Line)
	for _, line := range m.Headers {
		fmt.Fprintf(w, "%s %s\n", mark, line)
	}
	if m.Body != "" {
		fmt.Fprintf(w, "%s\n%s %s\n", mark, mark, strings.ReplaceAll(strings.TrimSuffix(m.Body, "\n"), "\n", "\n"+mark+" "))
	}
	if m.Left > 0 {
		fmt.Fprintf(w, "%s … and %d bytes more\n", mark, m.Left)
	}
}
