package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// bindEnv gives each flag of cmd that the command line leaves alone the value of its environment variable, if that
// is set and not empty: IMGSVC_STORE for --store, IMGSVC_WRITE_TOKEN for --write-token. A flag that may be repeated
// takes several values with spaces between. IMGSVC_STORE_FILE names a file that holds the value of IMGSVC_STORE, as
// secrets do in containers. A value that does not fit is bad usage.
func bindEnv(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || flag.Name == "help" {
			return
		}
		name, value, err := lookupEnv(cmd.Flags(), flag.Name)
		if err == nil && value != "" {
			err = setFlag(cmd.Flags(), flag, value)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s: %w", name, err))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return usageError(err)
	}
	return nil
}

// maxEnvFile is the longest value of a flag that a file may hold, in bytes.
const maxEnvFile = 64 << 10

// lookupEnv returns what the environment says of a flag, and the variable that says so. A variable that is also that
// of another flag (--token-file beside --token) is left to that one.
func lookupEnv(flags *pflag.FlagSet, flag string) (name, value string, err error) {
	name = envName(flag)
	value = os.Getenv(name)
	path := os.Getenv(name + "_FILE")
	if path == "" || flags.Lookup(flag+"-file") != nil {
		return name, value, nil
	}
	if value != "" {
		return name, "", fmt.Errorf("%s_FILE is set, too: want one of them", name)
	}
	name += "_FILE"
	file, err := os.Open(path)
	if err != nil {
		return name, "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxEnvFile+1))
	if value = strings.TrimSpace(string(text)); err == nil && (value == "" || len(text) > maxEnvFile) {
		err = fmt.Errorf("%s has %d bytes: want a value of 1 to %d", path, len(text), maxEnvFile)
	}
	return name, value, err
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
