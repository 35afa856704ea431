//go:build !linux

package attack

func peakRSS() uint64 { return 0 }
