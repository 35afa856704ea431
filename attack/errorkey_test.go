package attack

import (
	"context"
	"net"
	"syscall"
	"testing"
)

// TestLookupWithoutFiles keeps a resolver that had no file descriptor left from reading as a fault of the name.
func TestLookupWithoutFiles(t *testing.T) {
	tests := map[string]*net.DNSError{
		"EMFILE":    {Err: "dial udp 10.0.0.2:53: socket: " + syscall.EMFILE.Error(), Name: "a.test", IsTemporary: true},
		"EAI_AGAIN": {Err: "server misbehaving", Name: "a.test", IsTemporary: true},
		"ENOTFOUND": {Err: "no such host", Name: "a.test", IsNotFound: true},
		"ETIMEDOUT": {Err: "i/o timeout", Name: "a.test", IsTimeout: true},
	}
	for want, err := range tests {
		if got := errorKey(context.Background(), &net.OpError{Op: "dial", Net: "tcp", Err: err}); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
