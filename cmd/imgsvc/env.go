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
// is set and not empty: IMGSVC_STORE for --store, IMGSVC_WRITE_TOKEN for --write-token. A value that does not fit
// is bad usage.
func bindEnv(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		name := envName(flag.Name)
		value := os.Getenv(name)
		if flag.Changed || value == "" || flag.Name == "help" {
			return
		}
		if err := cmd.Flags().Set(flag.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s: %w", name, err))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usageError(err)
	}
	return nil
}

func envName(flag string) string {
	return "IMGSVC_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
