package attack

import (
	"fmt"
	"slices"
)

// warnings says what a reader of the figures should know about how they came about.
func (r *run) warnings() []error {
	r.mu.Lock()
	all := slices.Clone(r.through)
	r.mu.Unlock()
	if n := r.cookiesLeft.Load(); n > 0 {
		all = append(all, fmt.Errorf("cookies left out, because a user keeps at most %d KiB of them: %d", maxCookies>>10, n))
	}
	if n := r.bodiesCut.Load(); n > 0 {
		all = append(all, fmt.Errorf("bodies of which only the beginning is in the results (%d bytes of one, "+
			"%d MiB of all at a time): %d", r.opts.MaxBody, maxKept>>20, n))
	}
	if n := r.bodiesRaw.Load(); n > 0 {
		all = append(all, fmt.Errorf("bodies that could not be decoded and are in the results as they came: %d", n))
	}
	return all
}
