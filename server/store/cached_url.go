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

// Caches are the cache tiers in front of a store, nearest first: memory, then Redis. The zero Caches are none.
type Caches struct {
	Memory int64  // bytes the cache in memory may take; 0: there is none
	Redis  string // URL of the cache in Redis; empty: there is none
}

// ParseCaches reads cache URLs, nearest first: at most one memory:SIZE, then at most one redis:// or rediss:// URL.
// No URL at all and "none" alone mean no cache. No error holds a password.
func ParseCaches(urls []string) (Caches, error) {
	var c Caches
	for _, text := range urls {
		if text == "none" && len(urls) > 1 {
			return Caches{}, errors.New("cache none: want it alone\nleave out none, or the others")
		}
		if err := c.add(text); err != nil {
			return Caches{}, err
		}
	}
	return c, nil
}

// add puts one more tier behind the others.
func (c *Caches) add(text string) (err error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "none":
		return nil
	case scheme == "memory" && c.Redis != "":
		return errors.New("cache memory after cache redis: want the nearest first\n" +
			"use --cache memory:SIZE --cache redis://…, or leave out one")
	case scheme == "memory" && c.Memory > 0, isRedis(scheme) && c.Redis != "":
		return fmt.Errorf("a second cache %s: want at most one of each kind\nleave out one of them", scheme)
	case scheme == "memory":
		c.Memory, err = parseMemory(rest)
		return err
	case isRedis(scheme):
		c.Redis = text
		_, err = parseRedisURL(text)
		return err
	}
	return errors.New("cache: want memory:SIZE, such as memory:256MiB, redis://HOST:PORT, or none")
}

func isRedis(scheme string) bool { return scheme == "redis" || scheme == "rediss" }

func parseMemory(text string) (int64, error) {
	size, err := ParseSize(text)
	if err != nil {
		return 0, fmt.Errorf("cache memory:%s: %w", text, err)
	}
	if size < minCache {
		return 0, fmt.Errorf("cache memory:%s: too small to be of use, give it 1MiB or more, or use none", text)
	}
	return size, nil
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
