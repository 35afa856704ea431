package scenarios

import "strconv"

// headerFinder finds a header.
type headerFinder struct{ name Template }

func (f *headerFinder) needs() source { return fromHead }

func (f *headerFinder) find(in *reading, vars *Vars) (Value, error) {
	value := in.Header(string(f.name.Append(nil, vars)))
	if !value.Defined() {
		return Any(""), nil
	}
	return value, nil
}

// regexpFinder finds what a regular expression matches in the body, or a group of it.
type regexpFinder struct {
	pattern *compiled[*pattern]
	group   string // number or name; empty: the whole match
}

func (f *regexpFinder) needs() source { return fromBody }

func (f *regexpFinder) find(in *reading, vars *Vars) (Value, error) {
	pattern, err := f.pattern.get(vars)
	if err != nil {
		return Any(""), err
	}
	groups, err := pattern.find(in)
	switch {
	case err != nil:
		return Any(""), err
	case groups == nil:
		return Any(""), in.whole()
	}
	return f.pick(pattern, groups), nil
}

// pick returns the group that is wanted. As in Artillery, a pattern with names has no numbers, and where it has none a
// group that is not there, or empty, stands for the whole match.
func (f *regexpFinder) pick(p *pattern, groups []Value) Value {
	if f.group == "" {
		return groups[0]
	}
	if p.named() {
		return p.group(groups, f.group)
	}
	if n, err := strconv.Atoi(f.group); err == nil && n > 0 && n < len(groups) && groups[n].truthy() {
		return groups[n]
	}
	return groups[0]
}
