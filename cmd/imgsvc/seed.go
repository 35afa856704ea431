package main

import "github.com/spf13/cobra"

func newSeedCmd(out *output) *cobra.Command { return &cobra.Command{Use: "seed"} }
