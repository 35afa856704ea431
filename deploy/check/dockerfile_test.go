package check

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages reads the Dockerfile as BuildKit does, with its linter.
func stages(warn linter.LintWarnFunc) ([]instructions.Stage, error) {
	file, err := os.Open(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	result, err := parser.Parse(file)
	if err != nil {
		return nil, err
	}
	for _, w := range result.Warnings {
		warn("parser", w.Short, w.URL, w.Short, nil)
	}
	found, _, err := instructions.Parse(result.AST, linter.New(&linter.Config{Warn: warn}))
	return found, err
}

// buildCommand returns the Dockerfile's one go build, as a line for a shell.
func buildCommand() (string, error) {
	found, err := stages(func(string, string, string, string, []parser.Range) {})
	if err != nil {
		return "", err
	}
	for _, command := range found[0].Commands {
		if run, ok := command.(*instructions.RunCommand); ok && strings.Contains(run.CmdLine[0], "go build") {
			return run.CmdLine[0], nil
		}
	}
	return "", errors.New("the Dockerfile's first stage has no go build")
}

// TestDockerfile checks that BuildKit reads the Dockerfile without a warning, and what its image must be.
func TestDockerfile(t *testing.T) {
	found, err := stages(func(rule, description, _, message string, at []parser.Range) {
		t.Errorf("Dockerfile:%v: %s: %s (%s)", at, rule, message, description)
	})
	if err != nil {
		t.Fatal(err)
	}
	last := found[len(found)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is made from %s, want scratch", last.BaseName)
	}
	var user, entrypoint string
	for _, stage := range found {
		for _, command := range stage.Commands {
			text := fmt.Sprint(command)
			if regexp.MustCompile(`(?i)password|secret|token`).MatchString(text) {
				t.Errorf("%s: secrets stay out of layers", text)
			}
			switch c := command.(type) {
			case *instructions.AddCommand:
				t.Errorf("%s: want COPY", text)
			case *instructions.UserCommand:
				user = c.User
			case *instructions.EntrypointCommand:
				entrypoint = fmt.Sprint(c.CmdLine, c.PrependShell)
			case *instructions.HealthCheckCommand:
				t.Errorf("%s: the image is for seeding, too; the composition knows what is healthy", text)
			}
		}
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %s, want numbers other than root's", user)
	}
	if entrypoint != "[/imgsvc] false" {
		t.Errorf("ENTRYPOINT is %s, want the program itself: scratch has no shell, and signals must reach it", entrypoint)
	}
	command, err := buildCommand()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CGO_ENABLED=0 ", " -trimpath ", "main.release=$VERSION"} {
		if !strings.Contains(command, want) {
			t.Errorf("%s: want %s", command, want)
		}
	}
}
