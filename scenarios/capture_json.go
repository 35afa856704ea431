package scenarios

// jsonFinder finds values in a JSON body.
type jsonFinder struct {
	path *compiled[*jsonPath]
	all  bool // multiple: false
}

func (f *jsonFinder) needs() source { return fromBody }

// find returns one of the values a path leads to, at random; with all set, the only one, or the list of them. As in
// Artillery, a body that is neither list nor map has no values, and with all set neither has what JavaScript takes for
// false.
func (f *jsonFinder) find(in *reading, vars *Vars) (Value, error) {
	path, err := f.path.get(vars)
	if err != nil {
		return Any(""), err
	}
	if !f.all && in.json == nil && path.plain() && in.compoundJSON() {
		if v, ok := path.pluck(in.Body); ok {
			return v, nil
		}
	}
	doc, err := in.bodyJSON()
	if err != nil {
		return Value{}, err
	}
	if !doc.compound() {
		return Any(""), nil
	}
	hits, err := path.find(in.order())
	if err != nil {
		return Any(""), err
	}
	if f.all {
		return hits.unwrapped(), nil
	}
	switch len(hits) {
	case 0:
		return Value{}, nil
	case 1:
		return Any(hits[0].value), nil
	}
	return Any(hits[vars.Random.IntN(len(hits))].value), nil
}

// unwrapped returns the only hit of a path that can lead to no more, else the list of all.
func (h hits) unwrapped() Value {
	if len(h) == 0 {
		return Any("")
	}
	if len(h) == 1 && !h[0].many {
		if only := Any(h[0].value); only.truthy() {
			return only
		}
		return Any("")
	}
	list := make([]any, len(h))
	for i := range h {
		list[i] = h[i].value
	}
	return Any(list)
}
