package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// output is what every verb does with its results: --json and --quiet.
type output struct {
	json  bool
	quiet bool
}

func newRootCmd() *cobra.Command {
	out := &output{}
	root := &cobra.Command{
		Use:           "imgsvc",
		Short:         "Seed a service, load it, and know how many requests per second it really holds",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&out.json, "json", false, "print one JSON document on stdout and nothing else there")
	root.PersistentFlags().BoolVarP(&out.quiet, "quiet", "q", false, "no progress on stderr")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(fmt.Errorf("%w\nsee '%s --help'", err, cmd.CommandPath()))
	})
	root.AddCommand(newSeedCmd(out), newServeCmd(out), newAttackCmd(out), newReportCmd(out), newBenchCmd(out))
	root.AddCommand(newGateCmd(out), newNullCmd())
	return root
}

// usageArgs turns what cobra says of wrong arguments into exit code 2.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(fmt.Errorf("%w\nsee '%s --help'", err, cmd.CommandPath()))
		}
		return nil
	}
}

// writeJSON prints v as one indented JSON document.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// release is the version of a build that cannot see its repository: go build -ldflags "-X main.release=v1.2.3". Nothing
// else sets it.
var release string

// version is what the build knows of itself: what it was told, a module version, or the commit it was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "devel+" + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "devel"
}
