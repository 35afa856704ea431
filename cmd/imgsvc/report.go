package main

import "github.com/spf13/cobra"

func newReportCmd(out *output) *cobra.Command { return &cobra.Command{Use: "report"} }
