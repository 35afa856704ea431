package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxOption is the most bytes of JSON an option may bring: as many as Linux lets an argument have.
const maxOption = 128 << 10

// parseJSON reads a JSON object that an option brings, keeping the order of its keys. where names the option in errors
// and warnings.
func parseJSON(where, text string) (*node, error) {
	if len(text) > maxOption {
		return nil, fmt.Errorf("%s: %d bytes are too long: at most %d", where, len(text), maxOption)
	}
	p := jsonParser{file: where, text: text, decoder: json.NewDecoder(strings.NewReader(text))}
	p.decoder.UseNumber()
	root, err := p.value(0)
	if err == nil {
		if _, more := p.decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: not JSON: %w\nwrite it as '{\"name\": \"value\"}'", where, err)
	case root.kind != mapping:
		return nil, fmt.Errorf("%s must be a JSON object, not %s\nwrite it as '{\"name\": \"value\"}'", where, root)
	}
	return root, nil
}

type jsonParser struct {
	file, text string
	decoder    *json.Decoder
}

// pos returns where the next token stands; without a text nobody asks.
func (p *jsonParser) pos() Pos {
	if p.text == "" {
		return Pos{}
	}
	rest := strings.TrimLeft(p.text[p.decoder.InputOffset():], " \t\r\n,:")
	before := p.text[:len(p.text)-len(rest)]
	return Pos{p.file, 1 + strings.Count(before, "\n"), len(before) - strings.LastIndex(before, "\n")}
}

func (p *jsonParser) value(depth int) (*node, error) {
	n := &node{pos: p.pos(), kind: scalar}
	token, err := p.decoder.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", maxDepth)
	}
	switch t := token.(type) {
	case nil:
		n.kind = nothing
	case json.Delim:
		return n, p.inside(n, t, depth)
	case bool:
		n.tag, n.text = "!!bool", fmt.Sprint(t)
	case json.Number:
		n.tag, n.text = "!!float", t.String()
		if !strings.ContainsAny(n.text, ".eE") {
			n.tag = "!!int"
		}
	case string:
		n.tag, n.text = "!!str", t
	}
	return n, nil
}

// inside reads what stands between two brackets. Of a key that is given twice the last one counts.
func (p *jsonParser) inside(n *node, open json.Delim, depth int) error {
	n.kind = list
	if open == '{' {
		n.kind = mapping
	}
	for p.decoder.More() {
		var f field
		if n.kind == mapping {
			f.pos = p.pos()
			key, err := p.decoder.Token()
			if err != nil {
				return err
			}
			f.key = key.(string)
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if f.value = value; n.kind == mapping {
			n.set(f)
		} else {
			n.items = append(n.items, value)
		}
	}
	_, err := p.decoder.Token()
	return err
}

// nodeOf returns the node of a value that stands in place of another node.
func nodeOf(v Value, instead *node) *node {
	n := &node{pos: instead.pos, kind: nothing, missing: !v.set, anchored: instead.anchored}
	switch x := v.Plain().(type) {
	case string:
		n.kind, n.tag, n.text = scalar, "!!str", x
	case bool:
		n.kind, n.tag, n.text = scalar, "!!bool", fmt.Sprint(x)
	case float64:
		n.kind, n.tag, n.text = scalar, "!!float", string(appendNumber(nil, x))
	case []any, map[string]any:
		p := jsonParser{decoder: json.NewDecoder(bytes.NewReader(encodeJSON(x)))}
		p.decoder.UseNumber()
		if made, err := p.value(0); err == nil {
			n = made
			n.move(instead.pos)
		}
	}
	return n
}

// move gives n and all in it one place.
func (n *node) move(pos Pos) {
	n.pos = pos
	for _, item := range n.items {
		item.move(pos)
	}
	for i := range n.fields {
		n.fields[i].pos = pos
		n.fields[i].value.move(pos)
	}
}
