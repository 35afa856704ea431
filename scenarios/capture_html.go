package scenarios

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// document is a body as HTML.
type document struct {
	root         *html.Node
	size         int // nodes
	depth, width int // at most
	err          error
}

// bodyHTML returns the body as HTML. Nearly everything is HTML; elements nested more than 512 deep are not.
func (r *reading) bodyHTML() (*html.Node, error) {
	if r.nodes == nil {
		r.nodes = new(document)
		if r.nodes.root, r.nodes.err = html.Parse(bytes.NewReader(r.Body)); r.nodes.err == nil {
			r.nodes.measure(r.nodes.root, 1)
		}
	}
	return r.nodes.root, r.nodes.err
}

func (d *document) measure(n *html.Node, depth int) {
	d.size, d.depth = d.size+1, max(d.depth, depth)
	width := 0
	for child := range n.ChildNodes() {
		width++
		d.measure(child, depth+1)
	}
	d.width = max(d.width, width)
}

// selectorFinder finds an attribute of an element that a CSS selector matches.
type selectorFinder struct {
	selector *compiled[*selector]
	attr     string // empty: all attributes, as a map
	index    int
	random   bool // instead of index
	last     bool // instead of index
}

func (f *selectorFinder) needs() source { return fromBody }

func (f *selectorFinder) find(in *reading, vars *Vars) (Value, error) {
	selector, err := f.selector.get(vars)
	if err != nil {
		return Value{}, err
	}
	if _, err := in.bodyHTML(); err != nil {
		return Value{}, fmt.Errorf("not HTML: %w", err)
	}
	elements, err := selector.all(in.nodes)
	if err != nil {
		return Value{}, err
	}
	at := f.index
	switch {
	case len(elements) == 0:
		return Value{}, in.whole()
	case f.random:
		at = vars.Random.IntN(len(elements))
	case f.last:
		at = len(elements) - 1
	case at < -1: // what JavaScript's slice(-2, -1) takes; it takes nothing for slice(-1, 0)
		at += len(elements)
	}
	if at < 0 || at >= len(elements) {
		return Value{}, nil
	}
	return attribute(elements[at], f.attr), nil
}

// booleans are attributes whose value is their name to cheerio.
var booleans = regexp.MustCompile(
	`(?i)^(autofocus|autoplay|async|checked|controls|defer|disabled|hidden|loop|multiple|open|readonly|required|scoped|` +
		`selected)$`)

// attribute returns an attribute of an element as cheerio's attr does.
func attribute(n *html.Node, name string) Value {
	if name == "" {
		all := map[string]any{}
		for _, a := range n.Attr {
			all[a.Key] = a.Val // without the prefix that SVG has, as in cheerio
		}
		return Any(all)
	}
	for _, a := range n.Attr {
		if a.Key == name {
			if booleans.MatchString(name) {
				return Any(name)
			}
			return Any(a.Val)
		}
	}
	if name == "value" {
		return defaultValue(n)
	}
	return Value{}
}

// defaultValue returns the value of elements that have one without an attribute.
func defaultValue(n *html.Node) Value {
	kind := attribute(n, "type").text()
	switch {
	case n.Data == "option":
		var text strings.Builder
		for child := range n.Descendants() {
			if child.Type == html.TextNode {
				text.WriteString(child.Data)
			}
		}
		return Any(text.String())
	case n.Data == "input" && (kind == "radio" || kind == "checkbox"):
		return Any("on")
	}
	return Value{}
}
