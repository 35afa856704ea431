package main

import "github.com/spf13/cobra"

func newBenchCmd(out *output) *cobra.Command { return &cobra.Command{Use: "bench"} }
