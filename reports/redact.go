package reports

import "strings"

// redact hides the user and password of every URL in text.
func redact(text string) string {
	var clean strings.Builder
	for {
		before, after, found := strings.Cut(text, "://")
		clean.WriteString(before)
		if !found {
			return clean.String()
		}
		clean.WriteString("://")
		authority := after
		if end := strings.IndexAny(after, "/?#\" \t\r\n"); end >= 0 {
			authority = after[:end]
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			clean.WriteString("xxxxx")
			after = after[at:]
		}
		text = after
	}
}

// redactAll is redact for each of texts.
func redactAll(texts []string) []string {
	clean := make([]string, len(texts))
	for i, text := range texts {
		clean[i] = redact(text)
	}
	return clean
}
