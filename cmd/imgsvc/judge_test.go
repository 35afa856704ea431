package main

import (
	"errors"
	"testing"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// What the script itself thinks of its run decides the exit code, in our terms or in Artillery's.
func TestExitCodesOfScripts(t *testing.T) {
	fails := &scenarios.Ensure{Conditions: []scenarios.EnsureCondition{{Expression: "1 < 0", Strict: true}}}
	told := &scenarios.Ensure{Conditions: []scenarios.EnsureCondition{{Expression: "1 < 0"}}}
	tests := []struct {
		name            string
		ensure          *scenarios.Ensure
		failed          int64 // checks
		threshold       string
		ours, artillery int
	}{
		{name: "nothing is wrong"},
		{name: "ensure", ensure: fails, ours: 3, artillery: 1},
		{name: "ensure that is not strict", ensure: told},
		{name: "a check", failed: 1, ours: 3, artillery: 21},
		{name: "a check, and ensure that is not strict", ensure: told, failed: 1, ours: 3, artillery: 21},
		{name: "ensure and a check", ensure: fails, failed: 1, ours: 3, artillery: 1},
		{name: "a threshold", threshold: "requests>0", ours: 3, artillery: 3},
		{name: "a threshold and a check", failed: 1, threshold: "requests>0", ours: 3, artillery: 21},
		{name: "a threshold and ensure", ensure: fails, threshold: "requests>0", ours: 3, artillery: 1},
	}
	for _, tt := range tests {
		for style, want := range map[string]int{"imgsvc": tt.ours, "artillery": tt.artillery} {
			t.Run(tt.name+", "+style, func(t *testing.T) {
				j := newJob(attack.Options{Script: &scenarios.Script{Ensure: tt.ensure}}, "test")
				var err error
				if j.codes, err = findExitCodes(style); err != nil {
					t.Fatal(err)
				}
				if tt.threshold != "" {
					if j.thresholds, err = reports.ParseThresholds(tt.threshold); err != nil {
						t.Fatal(err)
					}
				}
				report := &reports.Report{
					Intervals: []reports.Interval{}, Checks: []reports.Check{{Name: "statusCode", Failed: tt.failed}},
				}
				err = j.verdict(t.Context(), report, attack.Summary{}, nil)
				if code, messages := exit(err); code != want || len(messages) > 0 {
					t.Errorf("exit code %d and %q, want %d and nothing more to say", code, messages, want)
				}
			})
		}
	}
}

// What was stopped is 1 even if it also fails: its figures are of a part.
func TestStoppedIsGraverThanFailed(t *testing.T) {
	err := errors.Join(&exitError{exitFailed, errors.New("stopped")}, &exitError{code: exitExpect})
	if code, messages := exit(err); code != exitFailed || len(messages) != 1 {
		t.Errorf("exit code %d and %q", code, messages)
	}
}

func TestGroupDynamicURLsIsWarnedAbout(t *testing.T) {
	script := &scenarios.Script{ByEndpoint: &scenarios.ByEndpoint{}}
	if got := newJob(attack.Options{Script: script}, "test").meta.Warnings; len(got) != 1 {
		t.Errorf("warnings %q, want one about groupDynamicURLs", got)
	}
	script.ByEndpoint.GroupDynamic = true
	if got := newJob(attack.Options{Script: script}, "test").meta.Warnings; len(got) != 0 {
		t.Errorf("warnings %q, want none", got)
	}
}
