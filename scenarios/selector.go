package scenarios

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// selector is a CSS selector, and what it takes of the elements in their order, as jQuery's :first and :eq(2) do.
type selector struct {
	css   cascadia.SelectorGroup
	picks []pick

	// What makes it dear: each is a search through all ancestors, all siblings before, all nodes below.
	descents, siblings, searches int
}

// pick takes some of the elements.
type pick struct {
	name string // first, last, even, odd, eq, nth, lt, gt
	n    int
}

const maxSelector = 10_000 // bytes

var lastPick = regexp.MustCompile(`^(.*?)\s*:(first|last|even|odd|(?:eq|nth|lt|gt)\(\s*(-?[0-9]+)\s*\))$`)

// inputKind is jQuery's short form for kinds of inputs.
var inputKind = regexp.MustCompile(`:(checkbox|file|image|password|radio|reset|submit)($|[^-\w("'])`)

// parseSelector reads a selector. cheerio takes jQuery's positions anywhere; here they stand at the end.
func parseSelector(text string) (*selector, error) {
	if len(text) > maxSelector {
		return nil, fmt.Errorf("a selector of more than %d bytes", maxSelector)
	}
	s := &selector{}
	rest := strings.TrimSpace(text)
	for found := lastPick.FindStringSubmatch(rest); found != nil; found = lastPick.FindStringSubmatch(rest) {
		name, _, _ := strings.Cut(found[2], "(")
		n, err := strconv.Atoi("0" + found[3])
		if strings.HasPrefix(found[3], "-") {
			n, err = strconv.Atoi(found[3])
		}
		if err != nil {
			return nil, fmt.Errorf("selector %s: %w", text, err)
		}
		s.picks, rest = append(s.picks, pick{name, n}), found[1]
	}
	if rest == "" {
		rest = "*"
	}
	slices.Reverse(s.picks)
	var err error
	if s.css, err = cascadia.ParseGroup(inputKind.ReplaceAllString(rest, `[type="$1"]$2`)); err != nil {
		return nil, fmt.Errorf("not a selector: %w", err)
	}
	if len(s.css) > 1 && s.picks != nil {
		return nil, errors.New("a position such as :first is not understood beside a comma: write a capture for each")
	}
	s.weigh(rest)
	return s, nil
}

var (
	quotedPart  = regexp.MustCompile(`"[^"]*"|'[^']*'|\[[^\]]*\]`)
	combinators = regexp.MustCompile(`\s*[>+,()]\s*`)
	precedes    = regexp.MustCompile(`\s*~\s*`)
)

// weigh counts what makes a selector dear.
func (s *selector) weigh(text string) {
	text = combinators.ReplaceAllString(quotedPart.ReplaceAllString(text, "x"), ">")
	text = precedes.ReplaceAllString(text, "~")
	s.siblings = strings.Count(text, "~")
	s.descents = len(strings.Fields(text)) - 1
	s.searches = strings.Count(text, ":has")
}

const (
	maxSelectorSteps = 1e8 // for one element, at worst
	selectorLimit    = 2 * time.Second
)

// steps returns how many comparisons one element may take, at worst: each way to choose ancestors and siblings.
func (s *selector) steps(doc *document) float64 {
	steps := choose(doc.depth, s.descents) * choose(doc.width, s.siblings)
	return steps * math.Pow(float64(doc.size), float64(s.searches))
}

// choose returns in how many ways k of n can be taken.
func choose(n, k int) float64 {
	ways := 1.0
	for i := range min(k, n) {
		ways *= float64(n-i) / float64(i+1)
	}
	return ways
}

// all returns the elements the selector stands for, in the order of the document. A document in which that takes too
// long is an error: there are few, and nobody serves them by accident.
func (s *selector) all(doc *document) (elements []*html.Node, err error) {
	if s.steps(doc) > maxSelectorSteps {
		return nil, fmt.Errorf("%w for this selector: %d nodes, %d deep, %d side by side",
			errTooFar, doc.size, doc.depth, doc.width)
	}
	until := time.Now().Add(selectorLimit)
	for n := range doc.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if s.css.Match(n) {
			elements = append(elements, n)
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("%w: not found within %v", errTooFar, selectorLimit)
		}
	}
	for _, p := range s.picks {
		elements = p.of(elements)
	}
	return elements, nil
}

func (p pick) of(elements []*html.Node) []*html.Node {
	n, from, to, step := p.n, 0, len(elements), 1
	if n < 0 {
		n += len(elements)
	}
	switch p.name {
	case "first":
		to = 1
	case "last":
		from = len(elements) - 1
	case "eq", "nth":
		from, to = n, n+1
	case "lt":
		to = n
	case "gt":
		from = n + 1
	case "even":
		step = 2
	case "odd":
		from, step = 1, 2
	}
	var picked []*html.Node
	for i := from; i < min(to, len(elements)) && i >= 0 && i < math.MaxInt32; i += step {
		picked = append(picked, elements[i])
	}
	return picked
}
