package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a YAML text may unfold to. Aliases let a few lines stand for any number of nodes, and for endless nesting.
const (
	maxNodes = 100_000
	maxDepth = 100
)

// node is a value in a YAML or JSON text, with its place. Aliases and merge keys are already followed.
type node struct {
	pos      Pos
	kind     kind
	tag      string  // of a scalar: !!str, !!int, !!float, !!bool or !!timestamp
	text     string  // of a scalar
	items    []*node // of a list
	fields   []field // of a map, in the order of the text
	anchored bool    // something else may refer to it
	origin   string  // the text it was made of, if placeholders in it were filled in: what they brought may be a secret
	missing  bool    // a placeholder that nothing sets: undefined, where nothing alone would be null
}

type kind int

const (
	nothing kind = iota // null, or an empty place
	scalar
	list
	mapping
)

// field is one entry of a map.
type field struct {
	key   string
	pos   Pos // of the key
	value *node
}

// String says what kind of value it is, for people.
func (n *node) String() string {
	switch {
	case n.kind == nothing && n.missing:
		return "nothing: " + n.origin + " is not set"
	case n.kind == nothing:
		return "nothing"
	case n.origin != "":
		return "what " + n.origin + " stands for"
	case n.kind == list:
		return "a list"
	case n.kind == mapping:
		return "a map"
	case n.tag == "!!str":
		return "text"
	}
	return n.text
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, f := range n.fields {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// parseYAML parses a text of one YAML document; JSON is YAML, too. Its errors go to r; the node is nil then.
func (r *reader) parseYAML(text string) *node {
	doc, err := decodeYAML(text)
	if err != nil {
		doc, err = decodeQuestions(text, err)
	}
	if err != nil {
		r.errorf(r.yamlPos(err), "%s", yamlMessage(err))
		return nil
	}
	x := expander{reader: r, left: maxNodes}
	root := x.node(doc.Content[0], 0)
	if x.failed {
		return nil
	}
	return root
}

// decodeYAML parses a text into the tree of the YAML module.
func decodeYAML(text string) (doc *yaml.Node, err error) {
	defer func() {
		// The module panics where its scanner contradicts its parser, which broken texts can bring about.
		if problem := recover(); problem != nil {
			err = fmt.Errorf("not YAML that can be understood: %v", problem)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	doc = new(yaml.Node)
	if err := decoder.Decode(doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, errors.New("nothing but comments")
	} else if err != nil {
		return nil, err
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document: a script has only one", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// yamlPos returns the line that an error of the YAML module is about.
func (r *reader) yamlPos(err error) Pos {
	found := yamlLine.FindStringSubmatch(err.Error())
	if found == nil {
		return Pos{File: r.file}
	}
	line, _ := strconv.Atoi(found[1])
	if strings.Contains(err.Error(), ": did not find expected ") {
		line++ // the parser, unlike the scanner, counts from 0
	}
	return r.at(line, 0)
}

func yamlMessage(err error) string {
	return strings.TrimPrefix(yamlLine.ReplaceAllString(err.Error(), ""), "yaml: ")
}

// expander turns the YAML module's tree into ours. It stops at the first error: the rest would be noise.
type expander struct {
	*reader
	left   int // nodes that may still be made
	failed bool
}

func (x *expander) fail(n *yaml.Node, format string, args ...any) {
	if !x.failed {
		x.errorf(x.at(n.Line, n.Column), format, args...)
	}
	x.failed = true
}

func (x *expander) node(n *yaml.Node, depth int) *node {
	if x.left--; x.left < 0 {
		x.fail(n, "too much: with its aliases the script has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		x.fail(n, "nested more than %d levels deep, or an alias within itself", maxDepth)
	}
	out := &node{pos: x.at(n.Line, n.Column), anchored: n.Anchor != ""}
	if x.failed {
		return out
	}
	switch n.Kind {
	case yaml.AliasNode:
		out = x.node(n.Alias, depth+1)
	case yaml.SequenceNode:
		out.kind = list
		for _, item := range n.Content {
			out.items = append(out.items, x.node(item, depth+1))
		}
	case yaml.MappingNode:
		out.kind = mapping
		x.mapping(out, n, depth)
	case yaml.ScalarNode:
		x.scalar(out, n)
	}
	return out
}

func (x *expander) scalar(out *node, n *yaml.Node) {
	out.tag, out.text = n.ShortTag(), n.Value
	switch out.tag {
	case "!!null":
		return
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
		out.kind = scalar
	default:
		x.fail(n, "the YAML tag %s means nothing here", out.tag)
	}
}

// mapping reads the entries of a map. What it says itself goes before what it merges in with <<, and what is
// merged first before the rest.
func (x *expander) mapping(out *node, n *yaml.Node, depth int) {
	lines := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content) && !x.failed; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			x.fail(key, "a key must be text")
		case key.ShortTag() == "!!merge":
			merged = append(merged, value)
		case lines[key.Value] > 0:
			x.fail(key, "%q is given twice, first on line %d", key.Value, lines[key.Value])
		default:
			lines[key.Value] = key.Line
			out.fields = append(out.fields, field{key.Value, x.at(key.Line, key.Column), x.node(value, depth+1)})
		}
	}
	for _, value := range merged {
		x.merge(out, value, lines, depth)
	}
}

func (x *expander) merge(out *node, value *yaml.Node, taken map[string]int, depth int) {
	from := x.node(value, depth+1)
	sources := []*node{from}
	if from.kind == list {
		sources = from.items
	}
	for _, source := range sources {
		if source.kind != mapping && !x.failed {
			x.fail(value, "<< merges maps, not %s", source)
		}
		for _, f := range source.fields {
			if taken[f.key] == 0 {
				taken[f.key] = f.pos.Line
				out.fields = append(out.fields, f)
			}
		}
	}
}
