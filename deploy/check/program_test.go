// Package check holds what can be checked of the deployment files without an engine that runs containers: that tools
// read them as they are meant, that they agree with each other, and that imgsvc takes the flags they give it. It is a
// module of its own, so that the product's go.mod lists none of what reads Dockerfiles, compositions and Kubernetes
// objects.
package check

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const root = "../.."

// program is the path of the imgsvc that the Dockerfile's own command built from what .dockerignore lets through.
var program string

func TestMain(m *testing.M) {
	os.Exit(builtAndRun(m))
}

func builtAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "imgsvc-deploy")
	if err == nil {
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "out", "imgsvc")
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build imgsvc as the Dockerfile does:", err)
		return 1
	}
	return m.Run()
}

// build does in dir what the Dockerfile does in its first stage.
func build(dir string) error {
	command, err := buildCommand()
	if err != nil {
		return err
	}
	src := filepath.Join(dir, "src")
	if err := copyContext(src); err != nil {
		return err
	}
	command = strings.ReplaceAll(command, " /out/", " "+filepath.Join(dir, "out")+"/")
	cmd := exec.Command("sh", "-euc", command)
	cmd.Dir = src
	cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH=amd64", "VERSION=v0.0.0-check")
	if text, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(errors.New(command+"\n"+string(text)), err)
	}
	return nil
}

// copyContext copies what a builder is sent: the files that .dockerignore does not name.
func copyContext(to string) error {
	rules, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	defer rules.Close()
	patterns, err := ignorefile.ReadAll(rules)
	if err != nil {
		return err
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		}
		rel, err := filepath.Rel(root, path)
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if skip, err := ignored.MatchesOrParentMatches(rel); skip || err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	})
}

// TestProgram checks that what the Dockerfile builds needs no library and no loader, and knows its version.
func TestProgram(t *testing.T) {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a %s: it is not static", part.Type)
		}
	}
	if text, err := exec.Command(program, "--version").Output(); err != nil || !strings.Contains(string(text), "v0.0.0-check") {
		t.Errorf("--version prints %q, %v", text, err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(program); err != nil || bytes.Contains(text, []byte(here)) {
		t.Errorf("the program names the folder it was built in (%v)", err)
	}
}

// variables returns the environment variables that a verb reads, as its help has the flags.
func variables(t *testing.T, verb string) []string {
	t.Helper()
	text, err := exec.Command(program, verb, "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, flag := range regexp.MustCompile(`(?m)^ +(?:-\w, |    )?--([a-z-]+)`).FindAllSubmatch(text, -1) {
		name := "IMGSVC_" + strings.ToUpper(strings.ReplaceAll(string(flag[1]), "-", "_"))
		names = append(names, name, name+"_FILE")
	}
	return names
}

// runs checks that a container's arguments and environment are what imgsvc takes: it gets as far as a database or
// a service that is not there, and fails with that, not with bad usage. Secrets are files, by the path the container
// knows them by.
func runs(t *testing.T, args []string, env, secrets map[string]string, want int) {
	t.Helper()
	known := variables(t, args[0])
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"HOME=/nonexistent"}
	for name, value := range env {
		if strings.HasPrefix(name, "IMGSVC_") && !slices.Contains(known, name) {
			t.Errorf("imgsvc %s does not know %s", args[0], name)
		}
		if strings.HasSuffix(name, "_FILE") {
			file, ok := secrets[value]
			if !ok {
				t.Errorf("%s is %s, which no secret is mounted as", name, value)
			}
			value = file
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Errorf("imgsvc %s: exit code %d, want %d (%v)\n%s", strings.Join(args, " "), code, want, err, text)
	}
	for _, path := range secrets {
		secret, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if word := regexp.MustCompile(`:([^:@/]+)@`).FindSubmatch(secret); word != nil && bytes.Contains(text, word[1]) {
			t.Errorf("imgsvc %s prints a password", args[0])
		}
	}
}
