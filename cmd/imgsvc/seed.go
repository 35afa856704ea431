package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/seed"
	"github.com/starkillersystems/imgsvc/server/store"
)

func newSeedCmd(out *output) *cobra.Command {
	var opts seed.Options
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill a store with listings",
		Long: `Seed fills a store with listings, the same ones for the same --seed. If it is stopped or killed, the same
command goes on with what is missing; on a store that is complete it does nothing.

Every flag can also be set as an environment variable: IMGSVC_RECORDS, IMGSVC_STORE, ...`,
		Example: `  imgsvc seed --records 10000000 --store pebble:./imgsvc-data
  imgsvc seed --records 100000 --store pebble:/tmp/small --seed 7 --verify
  IMGSVC_STORE=mongodb://user:password@127.0.0.1:27017/imgsvc imgsvc seed`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bindEnv(cmd); err != nil {
				return err
			}
			return runSeed(cmd, out, opts)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&opts.Records, "records", seed.DefaultRecords, "how many; their ids run from 0")
	flags.StringVar(&opts.Store, "store", store.DefaultURL, "where to: pebble:DIR or mongodb://HOST/DATABASE")
	flags.Uint64Var(&opts.Seed, "seed", 1, "which records: each number makes others; at least 1")
	flags.IntVar(&opts.Workers, "workers", 0, "ranges of records written at once (0: as the processors allow)")
	flags.IntVar(&opts.Batch, "batch", 0, "records in a range, which is resumed as a whole (0: up to 131072, MongoDB 16384)")
	flags.BoolVar(&opts.Drop, "drop", false, "start over: remove what the store holds")
	flags.Var((*verifyFlag)(&opts.Verify), "verify", "read everything back and compare; 'sample': 10,000 records only")
	flags.Lookup("verify").NoOptDefVal = string(seed.VerifyAll)
	return cmd
}

func runSeed(cmd *cobra.Command, out *output, opts seed.Options) error {
	if err := checkSeed(opts); err != nil {
		return usageError(err)
	}
	progress := newProgress(cmd.ErrOrStderr(), out.quiet)
	opts.Progress = func(p seed.Progress) { progress.Show(p.String) }
	summary, err := seed.Run(cmd.Context(), opts)
	progress.Close()
	if errors.Is(err, seed.ErrDiffers) {
		err = &exitError{exitThreshold, err} // the check was made, and says no
	}
	if summary.Records == 0 {
		return err // there is no store to speak of
	}
	if out.json {
		return errors.Join(err, writeJSON(cmd.OutOrStdout(), summary))
	}
	_, printErr := fmt.Fprintln(cmd.OutOrStdout(), summary)
	return errors.Join(err, printErr)
}

// checkSeed says what is wrong with options whose zeros mean zero, not a default.
func checkSeed(opts seed.Options) error {
	switch {
	case opts.Records == 0:
		return errors.New("--records must be at least 1")
	case opts.Seed == 0:
		return errors.New("--seed must be at least 1")
	}
	if _, err := store.ParseURL(opts.Store); err != nil {
		return err
	}
	return opts.Validate()
}

// verifyFlag is --verify, with or without a value.
type verifyFlag seed.Verify

func (f *verifyFlag) String() string { return string(*f) }
func (f *verifyFlag) Type() string   { return "all|sample" }

// Set takes the values of contract and, for the environment, those of a switch.
func (f *verifyFlag) Set(value string) error {
	switch value {
	case "all", "true", "1":
		*f = verifyFlag(seed.VerifyAll)
	case "sample":
		*f = verifyFlag(seed.VerifySample)
	case "false", "0":
		*f = verifyFlag(seed.VerifyNone)
	default:
		return errors.New("must be all or sample")
	}
	return nil
}
