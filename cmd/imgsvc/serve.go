package main

import "github.com/spf13/cobra"

func newServeCmd(out *output) *cobra.Command { return &cobra.Command{Use: "serve"} }
