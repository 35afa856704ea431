//go:build !linux

package attack

import "time"

// threadWaits is how long threads have waited for a core: here, nobody says.
type threadWaits struct{}

func readThreadWaits() threadWaits { return threadWaits{} }

func (threadWaits) since(threadWaits) *time.Duration { return nil }
