package main

import "github.com/spf13/cobra"

func newAttackCmd(out *output) *cobra.Command { return &cobra.Command{Use: "attack"} }
