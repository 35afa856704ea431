//go:build !linux

package attack

import "context"

// mayShare reports whether the process that listens on a port may use this one's cores: here, any may.
func mayShare(context.Context, string) bool { return true }
