package main

import (
	"fmt"
	"strings"

	"github.com/starkillersystems/imgsvc/reports"
	"github.com/starkillersystems/imgsvc/scenarios"
)

// exitCodes are those that say what the script itself made of its run.
type exitCodes struct {
	ensure int // something it wants ensured does not hold
	checks int // an answer was not as it expects
}

// findExitCodes returns the exit codes of --exit-codes.
func findExitCodes(name string) (exitCodes, error) {
	switch name {
	case "imgsvc":
		return exitCodes{exitThreshold, exitThreshold}, nil
	case "artillery":
		return exitCodes{exitFailed, exitExpect}, nil
	}
	return exitCodes{}, fmt.Errorf("--exit-codes wants imgsvc or artillery, not %q", name)
}

// judgeScript judges the report by what the script ensures and expects. The error carries the exit code; if both fail
// it is that of ensure, as in Artillery.
func (j *job) judgeScript(report *reports.Report) error {
	if ensure := ensureOf(j.options.Script); ensure != nil && j.options.Once == nil { // one user says nothing of a run
		holds, err := report.Ensure(ensure, scenarios.CompileCondition)
		if err != nil {
			return err
		}
		if !holds {
			return &exitError{code: j.codes.ensure}
		}
	}
	if report.ChecksFailed() {
		return &exitError{code: j.codes.checks}
	}
	return nil
}

// ensureOf returns what the script ensures, in the words of reports; nil: nothing.
func ensureOf(script *scenarios.Script) *reports.Ensure {
	if script.Ensure == nil {
		return nil
	}
	out := &reports.Ensure{MaxErrorRate: script.Ensure.MaxErrorRate}
	for _, t := range script.Ensure.Thresholds {
		out.Thresholds = append(out.Thresholds, reports.EnsureThreshold(t))
	}
	for _, t := range script.Ensure.Legacy {
		out.Legacy = append(out.Legacy, reports.EnsureThreshold(t))
	}
	for _, c := range script.Ensure.Conditions {
		out.Conditions = append(out.Conditions, reports.EnsureCondition{Expression: c.Expression, Strict: c.Strict})
	}
	return out
}

// byEndpointOf returns how the script names its endpoints, in the words of reports; nil: it is not for it to say.
func byEndpointOf(script *scenarios.Script) *reports.ByEndpoint {
	by := script.ByEndpoint
	if by == nil {
		return nil
	}
	return &reports.ByEndpoint{
		UseOnlyRequestNames: by.UseOnlyRequestNames, StripQueryString: by.StripQueryString,
		IgnoreUnnamed: by.IgnoreUnnamed, Namespace: by.Namespace,
	}
}

// scriptWarnings returns what of a script's wishes its report will not fulfil.
func scriptWarnings(script *scenarios.Script) (warnings []string) {
	if by := script.ByEndpoint; by != nil && !by.GroupDynamic {
		warnings = append(warnings, "metrics-by-endpoint: groupDynamicURLs: false has no effect: "+
			"figures are kept by URL as the script has it, since there is no bound on how many come of it")
	}
	if script.Ensure == nil {
		return warnings
	}
	for _, c := range script.Ensure.Conditions {
		if err := tryCondition(c.Expression); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s: the condition is judged when the run is over, and as it "+
				"stands would fail: %v", c.Pos, err))
		}
	}
	return warnings
}

// tryCondition looks for what is wrong with a condition before a run, and not only at its end. One about an endpoint
// is let be: the names of those are not known yet, and can be anything.
func tryCondition(expression string) error {
	if strings.Contains(expression, "/") {
		return nil
	}
	holds, err := scenarios.CompileCondition(expression)
	if err == nil {
		_, err = holds(nil)
	}
	return err
}
