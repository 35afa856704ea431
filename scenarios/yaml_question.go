package scenarios

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodeQuestions decodes a text that the YAML module has refused with err, in case the reason is that it takes each
// question mark within braces for an indicator, as YAML 1.0 did: {url: /search?q=x} is what people write, and what
// Artillery's module reads. Question marks within a word are kept out of its sight.
func decodeQuestions(text string, err error) (*yaml.Node, error) {
	const mark = "\uF8FF" // one character, too, so that columns stay
	if !strings.Contains(text, "?") || strings.Contains(text, mark) {
		return nil, err
	}
	doc, again := decodeYAML(withinWords(text, '?', mark))
	if again != nil {
		return nil, err
	}
	var restore func(*yaml.Node)
	restore = func(n *yaml.Node) {
		n.Value = strings.ReplaceAll(n.Value, mark, "?")
		for _, inner := range n.Content {
			restore(inner)
		}
	}
	restore(doc)
	return doc, nil
}

// withinWords replaces a character wherever it does not begin a word.
func withinWords(text string, old byte, by string) string {
	var out strings.Builder
	for i := range len(text) {
		if text[i] == old && i > 0 && strings.IndexByte(" \t\n[{,", text[i-1]) < 0 {
			out.WriteString(by)
		} else {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}
