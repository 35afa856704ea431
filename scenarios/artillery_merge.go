package scenarios

import (
	"bytes"
	"fmt"
	"slices"
)

// merged returns base with over laid on top, as lodash's merge does it: maps key by key, lists item by item, or as a
// whole if replaceLists; anything else is replaced. What stays keeps its place in its file. Neither node is changed.
func merged(base, over *node, replaceLists bool) *node {
	switch {
	case base == nil:
		return over
	case base.kind == mapping && over.kind == mapping:
		out := *base
		out.fields = slices.Clone(base.fields)
		for _, f := range over.fields {
			if old := out.get(f.key); old != nil {
				f.value = merged(old, f.value, replaceLists)
			}
			out.set(f)
		}
		return &out
	case base.kind == list && over.kind == list && !replaceLists:
		out := *base
		out.items = slices.Clone(base.items)
		for i, item := range over.items {
			if i < len(out.items) {
				item = merged(out.items[i], item, replaceLists)
				out.items[i] = item
			} else {
				out.items = append(out.items, item)
			}
		}
		return &out
	}
	return over
}

// set gives a map's key a value; one that is there is replaced.
func (n *node) set(f field) {
	for i := range n.fields {
		if n.fields[i].key == f.key {
			n.fields[i] = f
			return
		}
	}
	n.fields = append(n.fields, f)
}

// with returns a copy of the map n in which a key has another value.
func (n *node) with(f field) *node {
	out := *n
	out.kind, out.fields = mapping, slices.Clone(n.fields)
	out.set(f)
	return &out
}

// merge lays on a script what the options bring, in Artillery's order: files, the environment, the target, overrides,
// variables. It returns nil if something of that cannot be read.
func (a *artillery) merge(root *node) *node {
	for _, path := range a.opts.Config {
		over := a.configFile(path)
		if over == nil {
			return nil
		}
		root = merged(root, over, false)
	}
	config := root.get("config")
	if config == nil || config.kind == nothing {
		config = &node{pos: root.pos, kind: mapping}
	}
	if config.kind != mapping {
		a.errorf(config.pos, "config must be a map, not %s", config)
		return nil
	}
	config = a.environment(config)
	if a.opts.Target != "" {
		pos := Pos{File: "--target"}
		config = config.with(field{"target", pos, &node{pos: pos, kind: scalar, tag: "!!str", text: a.opts.Target}})
	}
	root = root.with(field{"config", keyPos(root, "config"), config})
	return a.mergeOptions(root)
}

// mergeOptions lays --overrides and --variables on a script.
func (a *artillery) mergeOptions(root *node) *node {
	if a.opts.Overrides != "" {
		over, err := parseJSON("--overrides", a.opts.Overrides)
		if err != nil {
			a.optionErr = err
			return nil
		}
		root = merged(root, over, true)
	}
	if a.opts.Variables == "" {
		return root
	}
	given, err := parseJSON("--variables", a.opts.Variables)
	if err != nil {
		a.optionErr = err
		return nil
	}
	a.given = given.fields
	config := root.get("config")
	if config.kind != mapping {
		return root // which is said where it is read
	}
	variables := config.get("variables")
	if variables == nil || variables.kind != mapping {
		variables = &node{pos: given.pos, kind: mapping}
	}
	for _, f := range given.fields {
		variables = variables.with(f)
	}
	config = config.with(field{"variables", keyPos(config, "variables"), variables})
	return root.with(field{"config", keyPos(root, "config"), config})
}

// configFile reads a file that is laid over the script.
func (a *artillery) configFile(path string) *node {
	text, err := readSmall(path, maxArtillery)
	if err != nil {
		a.optionErr = fmt.Errorf("--config: %w", err)
		return nil
	}
	outer := a.file
	a.file = path
	defer func() { a.file = outer }()
	clean, err := readText(path, bytes.NewReader(text))
	if err != nil {
		a.optionErr = err
		return nil
	}
	over := a.parseYAML(clean)
	if over != nil && over.kind != mapping {
		a.errorf(over.pos, "must be a map, with config in it, not %s", over)
		return nil
	}
	return over
}

// environment lays the chosen environment over config. One that is not there is no error: the target may come from
// elsewhere.
func (a *artillery) environment(config *node) *node {
	name, all := a.opts.Environment, config.get("environments")
	if name == "" {
		return config
	}
	if all != nil && all.get(name) != nil {
		switch over := all.get(name); over.kind {
		case mapping:
			return merged(config, over, false)
		case nothing:
		default:
			a.errorf(over.pos, "environment %s must be a map, not %s", name, over)
		}
		return config
	}
	var known []string
	if all != nil {
		for _, f := range all.fields {
			known = append(known, f.key)
		}
	}
	hint := didYouMean(name, known)
	if hint == "" && len(known) > 0 {
		hint = fmt.Sprintf(": there is %q", known)
	}
	a.warnf(keyPos(config, "environments"), "environment %q is not in config.environments%s", name, hint)
	return config
}

// keyPos returns where a key of a map stands, or the map's own place.
func keyPos(n *node, key string) Pos {
	for _, f := range n.fields {
		if f.key == key {
			return f.pos
		}
	}
	return n.pos
}
