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
)

// dryRun is what an attack would do: what --dry-run prints.
type dryRun struct {
	Script    string            `json:"script"`
	Target    string            `json:"target,omitempty"`
	Load      string            `json:"load"`
	End       string            `json:"end"` // empty: it does not end by itself
	Users     *int64            `json:"users,omitempty"`
	Phases    []plannedPhase    `json:"phases"`
	Scenarios []plannedScenario `json:"scenarios"`
	Variables []string          `json:"variables"`
	Before    []plannedRequest  `json:"before,omitempty"`
	Requests  []plannedRequest  `json:"requests"`
	After     []plannedRequest  `json:"after,omitempty"`
	Warnings  []string          `json:"warnings"`
}

type plannedPhase struct {
	Name     string        `json:"name,omitempty"`
	Does     string        `json:"does"`
	From     time.Duration `json:"from_ns"`
	Duration time.Duration `json:"duration_ns"`
	Users    int64         `json:"users"` // -1: without end
	MaxUsers int           `json:"max_users,omitempty"`
}

type plannedScenario struct {
	Name   string  `json:"name,omitempty"`
	Weight float64 `json:"weight"`
	Share  float64 `json:"share"` // of the users
}

type plannedRequest struct {
	Scenario string   `json:"scenario,omitempty"`
	Name     string   `json:"name,omitempty"`
	Line     string   `json:"line"` // method and URL
	Headers  []string `json:"headers"`
	Body     string   `json:"body,omitempty"`
	Bytes    int      `json:"body_bytes"`
	Error    string   `json:"error,omitempty"`
}

// mostPlanned is how many requests are shown; a list of targets may have any number.
const mostPlanned = 50

// runDry shows what the attack would do and sends nothing.
func (f *attackFlags) runDry(cmd *cobra.Command, out *output, j *job) error {
	if f.output != "" || f.html != "" || f.results != "" {
		return usageError(errors.New("--dry-run sends nothing and writes no report: it does not go with --output, --html or --results"))
	}
	outline, err := attack.Plan(j.options)
	if err != nil {
		return usageError(err)
	}
	plan := j.plan(outline)
	if out.json {
		return writeJSON(cmd.OutOrStdout(), plan)
	}
	plan.write(cmd.OutOrStdout())
	return nil
}

func (j *job) plan(outline attack.Outline) dryRun {
	script := j.options.Script
	plan := dryRun{
		Script: j.meta.Script, Target: j.meta.Target, Load: j.load(), End: j.end(), Warnings: j.meta.Warnings,
		Phases: []plannedPhase{}, Variables: []string{},
		Before: j.planned(outline.Before), Requests: j.planned(outline.Steps), After: j.planned(outline.After),
	}
	plan.phases(j, outline)
	total := 0.0
	for _, s := range script.Scenarios {
		total += s.Weight
	}
	for _, s := range script.Scenarios {
		plan.Scenarios = append(plan.Scenarios, plannedScenario{s.Name, s.Weight, s.Weight / max(total, 1e-9)})
	}
	for slot := range script.Names.Len() {
		plan.Variables = append(plan.Variables, script.Names.Name(slot))
	}
	return plan
}

func (d *dryRun) phases(j *job, outline attack.Outline) {
	if j.options.Rate != nil {
		return // it replaces them
	}
	var at time.Duration
	var users int64
	for i, p := range j.options.Script.Phases {
		d.Phases = append(d.Phases, plannedPhase{
			Name: p.Name, Does: describePhase(p), From: at, Duration: p.Duration, Users: outline.Arrivals[i], MaxUsers: p.MaxUsers,
		})
		at += p.Duration
		if users >= 0 && outline.Arrivals[i] >= 0 {
			users += outline.Arrivals[i]
		} else {
			users = -1
		}
	}
	if users >= 0 {
		d.Users = &users
	}
}

func (j *job) planned(previews []attack.Preview) (all []plannedRequest) {
	for _, p := range previews[:min(len(previews), mostPlanned)] {
		r := plannedRequest{Name: p.Step.Name, Error: p.Error, Line: p.Step.Method + " " + p.Step.URL.String()}
		if p.Step.Scenario >= 0 {
			r.Scenario = j.options.Script.Scenarios[p.Step.Scenario].Name
		}
		if p.Error == "" {
			head, body, _ := bytes.Cut(p.Request, []byte("\r\n\r\n"))
			r.Line, r.Headers = shownHead(head)
			r.Line = strings.TrimSuffix(r.Line, " HTTP/1.1")
			r.Body, _ = shownText(body)
			r.Bytes = len(body)
		}
		all = append(all, r)
	}
	return all
}

// write prints the plan for people.
func (d *dryRun) write(w io.Writer) {
	fmt.Fprintf(w, "%s", d.Script)
	if d.Target != "" && d.Target != d.Script {
		fmt.Fprintf(w, " at %s", d.Target)
	}
	fmt.Fprintln(w, ": nothing is sent")
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "warning: %s\n", warning)
	}
	fmt.Fprintf(w, "\nload       %s\n", d.Load)
	for i, p := range d.Phases {
		d.writePhase(w, i, p)
	}
	if d.Users != nil && len(d.Phases) > 0 {
		fmt.Fprintf(w, "users      %d\n", *d.Users)
	}
	if d.End == "" {
		fmt.Fprintln(w, "end        it does not end by itself: Ctrl-C ends it and shows the report")
	} else {
		fmt.Fprintf(w, "end        %s\n", d.End)
	}
	for i, s := range d.Scenarios {
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("number %d", i+1)
		}
		fmt.Fprintf(w, "scenario   %s: weight %v, %.3g %% of the users\n", name, s.Weight, s.Share*100)
	}
	if len(d.Variables) > 0 {
		fmt.Fprintf(w, "variables  %s\n", strings.Join(d.Variables, ", "))
	}
	writePlanned(w, "before all users", d.Before)
	writePlanned(w, "the first request of each step", d.Requests)
	writePlanned(w, "after all users", d.After)
}

func (d *dryRun) writePhase(w io.Writer, i int, p plannedPhase) {
	name := fmt.Sprintf("phase %d", i+1)
	if p.Name != "" {
		name += " (" + p.Name + ")"
	}
	fmt.Fprintf(w, "%s: from %s for %s: %s", name, p.From, p.Duration, p.Does)
	if p.MaxUsers > 0 {
		fmt.Fprintf(w, ", skipped while %d are at work", p.MaxUsers)
	}
	fmt.Fprintln(w)
}

func writePlanned(w io.Writer, title string, requests []plannedRequest) {
	if len(requests) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, r := range requests {
		fmt.Fprintf(w, "\n%s", r.Line)
		if label := strings.Trim(r.Scenario+" / "+r.Name, " /"); label != "" {
			fmt.Fprintf(w, "    (%s)", label)
		}
		fmt.Fprintln(w)
		if r.Error != "" {
			fmt.Fprintf(w, "  %s\n", r.Error)
		}
		for _, line := range r.Headers {
			fmt.Fprintf(w, "  %s\n", line)
		}
		if r.Bytes > 0 {
			fmt.Fprintf(w, "\n  %s\n", strings.ReplaceAll(r.Body, "\n", "\n  "))
		}
		if r.Bytes > shownBody {
			fmt.Fprintf(w, "  … of %d bytes\n", r.Bytes)
		}
	}
}
