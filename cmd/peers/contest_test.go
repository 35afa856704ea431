//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A peer that fails is left out and the others are measured to the end; when imgsvc fails there is nothing to compare.
func TestRunRounds(t *testing.T) {
	tools := t.TempDir()
	for _, name := range []string{"sound", "broken"} {
		path := filepath.Join(tools, "bin", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	b := &box{options: options{tools: tools, rounds: 3}}
	contests := []contest{{generators: []generator{
		{name: "broken", program: "broken", source: source{module: "m"}},
		{name: "imgsvc"},
		{name: "missing", program: "missing", source: source{module: "m"}},
		{name: "sound", program: "sound", source: source{module: "m"}},
	}}}
	failing := func(name string) measurer {
		return func(_ context.Context, _ contest, r *runner) (sample, error) {
			if r.name == name {
				return sample{}, errors.New("it does not run")
			}
			return sample{rate: 1}, nil
		}
	}
	runners, err := b.runRounds(context.Background(), failing("broken"), contests)
	if err != nil {
		t.Fatal(err)
	}
	if len(runners[0]) != 2 || runners[0][0].name != "imgsvc" || runners[0][1].name != "sound" {
		t.Errorf("left over: %v", runners[0])
	}
	for _, r := range runners[0] {
		if len(r.samples) != 3 {
			t.Errorf("%s: %d samples", r.name, len(r.samples))
		}
	}
	if _, err := b.runRounds(context.Background(), failing("imgsvc"), contests); err == nil {
		t.Error("no error though imgsvc failed")
	}
}
