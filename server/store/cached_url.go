package store

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// minCache is the smallest memory cache, in bytes: one that holds at least a few of the largest listings.
const minCache = 1 << 20

// ParseCaches reads cache URLs, nearest first, and returns how many bytes the cache in memory may take; 0 is no
// cache. None at all mean the same as "none".
func ParseCaches(urls []string) (int64, error) {
	switch len(urls) {
	case 0:
		return 0, nil
	case 1:
		return parseCache(urls[0])
	}
	return 0, fmt.Errorf("%d caches: only one, memory:SIZE or none, can be used", len(urls))
}

func parseCache(url string) (int64, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch {
	case url == "none":
		return 0, nil
	case scheme == "memory":
		size, err := ParseSize(rest)
		if err != nil {
			return 0, fmt.Errorf("cache memory:%s: %w", rest, err)
		}
		if size < minCache {
			return 0, fmt.Errorf("cache memory:%s: too small to be of use, give it 1MiB or more, or use none", rest)
		}
		return size, nil
	case scheme == "redis" || scheme == "rediss":
		return 0, fmt.Errorf("cache %s://…: not supported, use memory:SIZE or none", scheme) // no password in the error
	}
	return 0, errors.New("cache: want memory:SIZE, such as memory:256MiB, or none")
}

// ParseSize reads a number of bytes, such as 256MiB, 64KB or 1048576. Units of two letters are powers of ten, those
// of three letters powers of two.
func ParseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "KMGTiB")
	unit, known := sizeUnit(text[len(digits):])
	n, err := strconv.ParseUint(digits, 10, 63)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("size %s is too large", text)
	case err != nil || !known:
		return 0, fmt.Errorf("%q is not a size: want a whole number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB", text)
	}
	high, low := bits.Mul64(n, unit)
	if high != 0 || int64(low) < 0 {
		return 0, fmt.Errorf("size %s is too large", text)
	}
	return int64(low), nil
}

// sizeUnit returns how many bytes a unit stands for, and whether there is such a unit.
func sizeUnit(name string) (uint64, bool) {
	switch name {
	case "", "B":
		return 1, true
	case "KB":
		return 1e3, true
	case "MB":
		return 1e6, true
	case "GB":
		return 1e9, true
	case "TB":
		return 1e12, true
	case "KiB":
		return 1 << 10, true
	case "MiB":
		return 1 << 20, true
	case "GiB":
		return 1 << 30, true
	case "TiB":
		return 1 << 40, true
	}
	return 0, false
}
