//go:build unix

package scenarios

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestPayloadPipe keeps that reading a script does not wait for whoever may write into a pipe.
func TestPayloadPipe(t *testing.T) {
	path := folder(t, "s.yml", payloadScript("{path: pipe, fields: [a]}", "1"))
	pipe := filepath.Join(filepath.Dir(path), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadFile(path, LoadOptions{})
	equal(t, "error", lines(err), []string{path + ":3:19: payload " + pipe + ": not a regular file"})
}
