package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/starkillersystems/imgsvc/attack"
	"github.com/starkillersystems/imgsvc/reports"
)

// protocol settles which HTTP is spoken, over how many connections.
func (f *attackFlags) protocol(cmd *cobra.Command, o *attack.Options) error {
	switch {
	case f.http2 && f.h2c:
		return errors.New("--http2 and --h2c exclude each other: the first is with TLS, the second without")
	case f.connections < 1 && cmd.Flags().Changed("connections"):
		return errors.New("--connections wants a number from 1")
	case f.http2:
		o.Protocol = attack.HTTP2
	case f.h2c:
		o.Protocol = attack.H2C
	}
	o.Connections = f.connections
	return nil
}

// noHTTP2 says that a service was asked in a protocol it does not speak; nil if it answered anything.
func noHTTP2(report *reports.Report) error {
	if report.Responses > 0 || report.Errors["ERR_HTTP2_NOT_NEGOTIATED"] == 0 {
		return nil
	}
	return &exitError{exitFailed, errors.New("the service does not speak HTTP/2 here\n" +
		"leave out --http2 or --h2c to ask it over HTTP/1.1")}
}
