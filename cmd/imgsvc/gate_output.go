package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/reports"
)

// show writes the gate wherever it is wanted. One output that fails does not keep the others from being written.
func (f *gateFlags) show(cmd *cobra.Command, out *output, g *reports.Gate) error {
	errs := []error{f.save(g)}
	for _, file := range []struct {
		path  string
		write func(string) error
	}{{f.html, g.WriteHTMLFile}, {f.markdown, g.WriteMarkdownFile}, {f.junit, g.WriteJUnitFile}} {
		if file.path != "" {
			errs = append(errs, file.write(file.path))
		}
	}
	if out.json {
		errs = append(errs, g.WriteJSON(cmd.OutOrStdout()))
	} else {
		errs = append(errs, g.WriteText(cmd.OutOrStdout()))
	}
	return errors.Join(errs...)
}

// checkFile finds out before a run what would keep a file from being written after it.
func checkFile(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s %s is a folder: name a file in it", flag, path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s %s: %w", flag, path, err)
	}
	return nil
}

// secretWord finds what follows a word that names a secret, in a command: --write-token T, API_KEY=K.
var secretWord = regexp.MustCompile(`(?i)([\w-]*(?:token|secret|password|passwd|api[-_]?key|authorization|cookie)[\w-]*)(\s*[=:]\s*|\s+)("[^"]*"|'[^']*'|\S+)`)

// shownCommand is a command without what lets people in.
func shownCommand(command string) string { return secretWord.ReplaceAllString(command, "$1$2…") }
