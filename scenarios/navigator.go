package scenarios

import "github.com/antchfx/xpath"

// maxMoves is how many steps from node to node one XPath may take: some, such as //a//b[last()], take more than there
// are pairs of nodes.
const maxMoves = 4_000_000

// boundedNavigator gives up, by a panic with errTooFar that extract knows, after maxMoves.
type boundedNavigator struct {
	xpath.NodeNavigator
	left *int // shared with its copies
}

func bounded(n xpath.NodeNavigator) *boundedNavigator {
	left := maxMoves
	return &boundedNavigator{n, &left}
}

func (n *boundedNavigator) move() {
	if *n.left--; *n.left < 0 {
		panic(errTooFar)
	}
}

func (n *boundedNavigator) Copy() xpath.NodeNavigator {
	n.move()
	return &boundedNavigator{n.NodeNavigator.Copy(), n.left}
}

func (n *boundedNavigator) MoveToParent() bool {
	n.move()
	return n.NodeNavigator.MoveToParent()
}

func (n *boundedNavigator) MoveToNextAttribute() bool {
	n.move()
	return n.NodeNavigator.MoveToNextAttribute()
}

func (n *boundedNavigator) MoveToChild() bool {
	n.move()
	return n.NodeNavigator.MoveToChild()
}

func (n *boundedNavigator) MoveToFirst() bool {
	n.move()
	return n.NodeNavigator.MoveToFirst()
}

func (n *boundedNavigator) MoveToNext() bool {
	n.move()
	return n.NodeNavigator.MoveToNext()
}

func (n *boundedNavigator) MoveToPrevious() bool {
	n.move()
	return n.NodeNavigator.MoveToPrevious()
}

func (n *boundedNavigator) MoveTo(other xpath.NodeNavigator) bool {
	n.move()
	if o, ok := other.(*boundedNavigator); ok {
		other = o.NodeNavigator
	}
	return n.NodeNavigator.MoveTo(other)
}

// Value gathers all the text below a node: what that costs is reckoned by its length.
func (n *boundedNavigator) Value() string {
	text := n.NodeNavigator.Value()
	*n.left -= len(text) / 64
	n.move()
	return text
}

// NamespaceURL is what XPaths with prefixes look at.
func (n *boundedNavigator) NamespaceURL() string {
	if inner, ok := n.NodeNavigator.(interface{ NamespaceURL() string }); ok {
		return inner.NamespaceURL()
	}
	return ""
}
