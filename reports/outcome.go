package reports

import (
	"slices"
	"strconv"
	"strings"

	"github.com/starkillersystems/imgsvc/attack"
)

// tally counts by key. It is a list because there are one to three keys nearly always.
type tally[K comparable] []count[K]

type count[K comparable] struct {
	key K
	n   int64
}

func (t *tally[K]) add(key K, n int64) {
	for i := range *t {
		if (*t)[i].key == key {
			(*t)[i].n += n
			return
		}
	}
	*t = append(*t, count[K]{key, n})
}

func (t *tally[K]) merge(from tally[K]) {
	for _, c := range from {
		t.add(c.key, c.n)
	}
}

func (t tally[K]) sum() (sum int64) {
	for _, c := range t {
		sum += c.n
	}
	return sum
}

// addError counts an error, with a bound on how many kinds there can be.
func addError(t *tally[string], key string) {
	known := slices.ContainsFunc(*t, func(c count[string]) bool { return c.key == key })
	switch {
	case known:
	case len(*t) < maxErrorKinds:
		key = strings.Clone(key) // it may be part of something larger
	default:
		key = otherErrors
	}
	t.add(key, 1)
}

// outcome counts how requests ended.
type outcome struct {
	requests, successes int64
	codes               tally[uint16] // of responses
	errors              tally[string]
}

func (o *outcome) add(r *attack.Result) {
	o.requests++
	if r.Error != "" {
		addError(&o.errors, r.Error)
		return
	}
	if r.Success() {
		o.successes++
	}
	o.codes.add(r.Code, 1)
}

func (o *outcome) responses() int64 { return o.requests - o.errors.sum() }

func (o *outcome) merge(from *outcome) {
	o.requests += from.requests
	o.successes += from.successes
	o.codes.merge(from.codes)
	o.errors.merge(from.errors)
}

func (o *outcome) reset() { *o = outcome{codes: o.codes[:0], errors: o.errors[:0]} }

func codeCounts(t tally[uint16]) map[string]int64 {
	counts := map[string]int64{}
	for _, c := range t {
		counts[strconv.Itoa(int(c.key))] += c.n
	}
	return counts
}

func errorCounts(t tally[string]) map[string]int64 {
	counts := map[string]int64{}
	for _, c := range t {
		counts[c.key] += c.n
	}
	return counts
}
