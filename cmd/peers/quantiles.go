//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// teller is a generator that tells quantiles, and how to read them.
type teller struct {
	generator
	label string
	read  func(output string) (figures, error)
}

// A run that is to have one stall in it lasts as long as a stall is apart, and asks at this rate where it has one.
const (
	stallRun  = 10 * time.Second
	stallRate = 400
)

var wrkTeller = teller{generator{"wrk", "wrk", source{debian: "wrk"}, `exec "$0" -t1 -c{C} -d{N}s --latency "$1"`},
	"wrk -c{C} --latency", readWrk}

// tellers lists those that are asked about a service with such delays.
func tellers(s shape) []teller {
	loop := teller{generator{"imgsvc", "", source{}, `exec "$0" attack --vus {C} --duration {N}s --quiet --json "$1"`},
		"imgsvc --vus {C}", readReport}
	if !s.stalls {
		return []teller{loop, wrkTeller}
	}
	rate := teller{generator{"imgsvc", "", source{}, `exec "$0" attack --rate {R} --duration {N}s --quiet --json "$1"`},
		"imgsvc --rate {R}", readReport}
	return []teller{rate, loop, wrkTeller}
}

// quantilesTable has services with known delays asked by imgsvc and wrk, and prints what each says of them below what the
// service says itself.
func (b *box) quantilesTable(ctx context.Context) error {
	fmt.Printf("\nquantiles of services with known delays, %d connections: service on core %s, generators on core %s\n",
		b.connections, serverCore, loadCore)
	for _, s := range shapes() {
		text, err := b.quantilesOf(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Print(text)
	}
	fmt.Print(omissionNote)
	return nil
}

const omissionNote = `
"the service" is what it measured in the same run, from when it had a request to when it gave the answer. --vus and wrk send
a connection's next request when its last one is answered: in the stalled second they ask nothing, and each connection meets
the stall once (coordinated omission). At a --rate a request counts from when it was due. What wrk prints it has "corrected":
for each answer that took longer than twice the mean it adds answers that it supposes were left out (stats_correct in its
source), so that where some answers are slow and others are not its quantiles are of answers that never came.
`

// quantilesOf starts a service and runs everybody on it, one after the other.
func (b *box) quantilesOf(ctx context.Context, s shape) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	server, err := startContender(ctx, "delayed service", "/begin", func(port int) []string {
		return []string{self, "delayed", fmt.Sprintf("127.0.0.1:%d", port), s.name}
	})
	if err != nil {
		return "", err
	}
	defer server.stop(syscall.SIGTERM)
	o := b.options
	if s.stalls {
		o.duration, o.rate = stallRun, stallRate
	}
	var rows []told
	for _, t := range tellers(s) {
		fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, o.words(t.label))
		program, err := b.find(ctx, t.program, t.source)
		if err != nil {
			leftOut(t.name, err)
			continue
		}
		row, err := o.ask(ctx, server, t, program)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.name, err)
		}
		rows = append(rows, row)
	}
	return fmt.Sprintf("\n%s, %s:\n\n%s", s.text, o.duration, renderTold(rows)), nil
}

// told is what a generator and the service say of the same run.
type told struct {
	label          string
	says, measured figures
}

// ask runs a generator on a service that has been told to begin anew.
func (o options) ask(ctx context.Context, server *contender, t teller, program string) (told, error) {
	if _, err := server.fetch(ctx, "/begin"); err != nil {
		return told{}, err
	}
	limited, cancel := context.WithTimeout(ctx, o.duration+patience)
	defer cancel()
	cmd := exec.CommandContext(limited, "taskset", "-c", loadCore, "sh", "-c", o.script(t.generator), program,
		"http://"+server.addr+"/")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return told{}, fmt.Errorf("%w\n%s", err, tail(out.String()+stderr.String()))
	}
	row := told{label: o.words(t.label)}
	var err error
	if row.says, err = t.read(out.String()); err != nil {
		return told{}, fmt.Errorf("%w in\n%s", err, tail(out.String()))
	}
	made, err := server.fetch(ctx, "/made")
	if err != nil {
		return told{}, err
	}
	return row, json.Unmarshal([]byte(made), &row.measured)
}

// words puts the options into a label, as into a line.
func (o options) words(label string) string { return o.script(generator{line: label}) }

// readReport reads a report of imgsvc's.
func readReport(text string) (figures, error) {
	var report struct {
		Response struct{ Count, P50, P75, P90, P99, Max time.Duration } `json:"response_ns"`
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		return figures{}, err
	}
	r := report.Response
	if r.Count == 0 {
		return figures{}, errors.New("no request was answered")
	}
	return figures{int64(r.Count), r.P50, r.P75, r.P90, r.P99, r.Max}, nil
}

var (
	wrkQuantile = regexp.MustCompile(`(?m)^\s+(50|75|90|99)%\s+([\d.]+[a-z]+)$`)
	wrkMax      = regexp.MustCompile(`(?m)^\s+Latency\s+\S+\s+\S+\s+(\S+)`)
	wrkCount    = regexp.MustCompile(`(?m)^\s+(\d+) requests in`)
)

// readWrk reads what wrk --latency prints.
func readWrk(text string) (f figures, err error) {
	found := wrkQuantile.FindAllStringSubmatch(text, -1)
	highest, count := wrkMax.FindStringSubmatch(text), wrkCount.FindStringSubmatch(text)
	if len(found) != 4 || highest == nil || count == nil {
		return f, errors.New("no quantiles")
	}
	for i, into := range []*time.Duration{&f.P50, &f.P75, &f.P90, &f.P99} {
		if *into, err = time.ParseDuration(found[i][2]); err != nil {
			return f, err
		}
	}
	if f.Max, err = time.ParseDuration(highest[1]); err != nil {
		return f, err
	}
	_, err = fmt.Sscan(count[1], &f.Count)
	return f, err
}

// renderTold prints what each says, and below it what the service says of the same run.
func renderTold(rows []told) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\tanswers\tp50\tp75\tp90\tp99\tmax\t\n")
	for _, r := range rows {
		for _, line := range []struct {
			label string
			figures
		}{{r.label, r.says}, {"the service", r.measured}} {
			fmt.Fprintf(w, "%s\t%d\t", line.label, line.Count)
			for _, d := range []time.Duration{line.P50, line.P75, line.P90, line.P99, line.Max} {
				fmt.Fprintf(w, "%.2fms\t", float64(d)/float64(time.Millisecond))
			}
			fmt.Fprintln(w)
		}
	}
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}
