package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// bindEnv gives each flag of cmd that the command line leaves alone the value of its environment variable, if that
// is set and not empty: IMGSVC_STORE for --store, IMGSVC_WRITE_TOKEN for --write-token. A flag that may be repeated
// takes several values with spaces between. A value that does not fit is bad usage.
func bindEnv(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		name := envName(flag.Name)
		value := os.Getenv(name)
		if flag.Changed || value == "" || flag.Name == "help" {
			return
		}
		if err := setFlag(cmd.Flags(), flag, value); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s: %w", name, err))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usageError(err)
	}
	return nil
}

// setFlag gives a flag the value of its variable.
func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, value string) error {
	several, ok := flag.Value.(pflag.SliceValue)
	if !ok {
		return flags.Set(flag.Name, value)
	}
	if err := several.Replace(strings.Fields(value)); err != nil {
		return err
	}
	flag.Changed = true
	return nil
}

// envName returns the name of a flag's environment variable.
func envName(flag string) string {
	return "IMGSVC_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
