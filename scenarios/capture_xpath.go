package scenarios

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"
	"golang.org/x/net/html/charset"
)

// xpathFinder finds the text of the first node that an XPath leads to, or the number, text or boolean that it yields.
type xpathFinder struct{ path *compiled[string] }

func (f *xpathFinder) needs() source { return fromHead | fromBody }

func (f *xpathFinder) find(in *reading, vars *Vars) (Value, error) {
	text, err := f.path.get(vars)
	if err != nil {
		return Value{}, err
	}
	path, err := xpath.Compile(text) // each time: an Expr remembers where it is
	if err != nil {
		return Value{}, err
	}
	if err := in.whole(); err != nil {
		return Value{}, err
	}
	doc, err := in.navigator()
	if err != nil {
		return Value{}, err
	}
	switch result := path.Evaluate(bounded(doc)).(type) {
	case *xpath.NodeIterator:
		if !result.MoveNext() {
			return Value{}, nil
		}
		return Any(result.Current().Value()), nil
	case string, float64, bool:
		return Any(result), nil
	}
	return Value{}, nil
}

var htmlType = regexp.MustCompile(`(?i)^\s*text/html\b`)

// maxElements bounds how deep XML may be nested: what walks through it recurses.
const maxElements = 1000

// navigator returns the body for XPath: as HTML if the server says so, else as XML.
func (r *reading) navigator() (xpath.NodeNavigator, error) {
	if htmlType.MatchString(r.Header("content-type").String()) {
		root, err := r.bodyHTML()
		if err != nil {
			return nil, fmt.Errorf("not HTML: %w", err)
		}
		return htmlquery.CreateXPathNavigator(root), nil
	}
	if err := checkXML(r.Body); err != nil {
		return nil, fmt.Errorf("not XML: %w", err)
	}
	root, err := xmlquery.Parse(bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("not XML: %w", err)
	}
	return xmlquery.CreateXPathNavigator(root), nil
}

const maxXPath = 1000 // bytes

// parseXPath returns text if it is an XPath.
func parseXPath(text string) (path string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("not an XPath: %v", problem)
		}
	}()
	if len(text) > maxXPath {
		return "", fmt.Errorf("an XPath of more than %d bytes", maxXPath)
	}
	if _, err = xpath.Compile(text); err != nil {
		return "", fmt.Errorf("not an XPath: %w", err)
	}
	return text, nil
}

// checkXML is an error for what is not well-formed, as libxml would say, and for what is nested too deep.
func checkXML(body []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = charset.NewReaderLabel
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && roots != 1 {
			return errors.New("it has no root element, or several")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
		case xml.EndElement:
			depth--
		}
		if depth > maxElements {
			return fmt.Errorf("elements nested more than %d deep", maxElements)
		}
	}
}
